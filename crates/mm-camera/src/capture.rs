//! The thread that reads a source and brings a lost camera back.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    CameraError, CapturedFrame, FrameSource, Interrupt,
    slot::{Slot, Taken},
};

/// What happens at a source.
#[derive(Debug, Clone)]
pub enum CaptureEvent {
    /// A frame.
    Frame(CapturedFrame),
    /// No frame can be had, for this reason. If it [is transient](CameraError::is_transient) the camera is looked for
    /// until it is back or the thread is dropped; else [`Self::Ended`] follows.
    Lost(CameraError),
    /// The camera is back; its first frame follows.
    Reconnected,
    /// Nothing follows.
    Ended,
}

/// Waiting times between two tries to get a camera back: doubled from the first to the longest. A camera that was
/// plugged in again takes about a second to appear; a failed try costs a few milliseconds.
#[derive(Debug, Clone, Copy)]
struct BackOff {
    first: Duration,
    longest: Duration,
}

const BACK_OFF: BackOff = BackOff { first: Duration::from_millis(250), longest: Duration::from_secs(4) };

/// Reads a source on a thread of its own. Dropping it interrupts the source and waits for the thread to end.
pub struct CaptureThread {
    stop: Arc<Slot<()>>,
    interrupt: Interrupt,
    thread: Option<JoinHandle<()>>,
}

impl CaptureThread {
    /// Starts to read. `sink` runs on the capture thread and must be quick: what it waits for, the camera waits for.
    pub fn spawn(
        source: impl FrameSource + 'static,
        sink: impl FnMut(CaptureEvent) + Send + 'static,
    ) -> Self {
        Self::spawn_with(source, sink, BACK_OFF)
    }

    fn spawn_with(
        source: impl FrameSource + 'static,
        sink: impl FnMut(CaptureEvent) + Send + 'static,
        back_off: BackOff,
    ) -> Self {
        let stop = Arc::new(Slot::new());
        let interrupt = source.interrupt();
        let thread = thread::spawn({
            let stop = stop.clone();
            move || read(source, sink, &stop, back_off)
        });
        Self { stop, interrupt, thread: Some(thread) }
    }
}

impl Drop for CaptureThread {
    fn drop(&mut self) {
        self.stop.close();
        self.interrupt.fire();
        let Some(thread) = self.thread.take() else { return };
        // A sink may own what owns this thread; it cannot wait for itself.
        if thread.thread().id() != thread::current().id() && thread.join().is_err() {
            tracing::error!("the capture thread panicked");
        }
    }
}

fn read(
    mut source: impl FrameSource,
    mut sink: impl FnMut(CaptureEvent),
    stop: &Slot<()>,
    back_off: BackOff,
) {
    let mut lost: Option<&'static str> = None;
    let mut delay = back_off.first;
    while !stop.is_closed() {
        match source.next_frame() {
            Ok(Some(frame)) => {
                if lost.take().is_some() {
                    sink(CaptureEvent::Reconnected);
                    delay = back_off.first;
                }
                sink(CaptureEvent::Frame(frame));
            }
            Ok(None) => break,
            Err(error) => {
                let again = error.is_transient();
                if is_news(&error, lost) {
                    tracing::warn!(code = error.code(), %error, "no frames");
                    lost = Some(error.code());
                    sink(CaptureEvent::Lost(error));
                }
                if !again {
                    break;
                }
                if stop.take(Some(delay)) == Taken::Closed {
                    break;
                }
                delay = (delay * 2).min(back_off.longest);
            }
        }
    }
    sink(CaptureEvent::Ended);
}

/// While a camera is away, every try fails: with the reason already told, or with "not there". Only another reason,
/// such as a missing permission, is worth telling.
fn is_news(error: &CameraError, told: Option<&'static str>) -> bool {
    let absent =
        matches!(error, CameraError::Lost { .. } | CameraError::None { .. } | CameraError::NotFound { .. });
    told.is_none_or(|told| !absent && told != error.code())
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Instant};

    use mm_core::RgbImage;

    use super::*;
    use crate::{SourceInfo, push_source};

    const QUICK: BackOff = BackOff { first: Duration::from_millis(1), longest: Duration::from_millis(4) };

    /// Answers from a list, then ends.
    struct Script(std::vec::IntoIter<Result<(), CameraError>>);

    impl FrameSource for Script {
        fn next_frame(&mut self) -> Result<Option<CapturedFrame>, CameraError> {
            let frame = || CapturedFrame {
                sequence: 0,
                captured: Instant::now(),
                image: Arc::new(RgbImage::new(1, 1)),
                jpeg: None,
            };
            self.0.next().transpose().map(|answer| answer.map(|()| frame()))
        }

        fn describe(&self) -> SourceInfo {
            SourceInfo { name: "script".into(), width: 1, height: 1, fps: None, skipped: 0 }
        }
    }

    fn told(answers: Vec<Result<(), CameraError>>) -> Vec<String> {
        let (sender, events) = mpsc::channel();
        let thread = CaptureThread::spawn_with(
            Script(answers.into_iter()),
            move |event| {
                let text = match event {
                    CaptureEvent::Frame(_) => "frame".to_owned(),
                    CaptureEvent::Lost(error) => error.code().to_owned(),
                    CaptureEvent::Reconnected => "reconnected".to_owned(),
                    CaptureEvent::Ended => "ended".to_owned(),
                };
                // The receiver outlives the thread.
                sender.send(text).unwrap();
            },
            QUICK,
        );
        let all = events.iter().collect();
        drop(thread);
        all
    }

    fn lost() -> CameraError {
        CameraError::Lost { detail: String::new() }
    }

    fn gone() -> CameraError {
        CameraError::None { detail: String::new() }
    }

    #[test]
    fn an_unplugged_camera_is_told_once_and_comes_back() {
        let events = told(vec![Ok(()), Err(lost()), Err(gone()), Err(gone()), Ok(()), Ok(())]);
        assert_eq!(events, ["frame", "camera.lost", "reconnected", "frame", "frame", "ended"]);
        let denied = || CameraError::Denied { detail: String::new() };
        let events = told(vec![Ok(()), Err(lost()), Err(denied()), Err(denied()), Ok(())]);
        assert_eq!(events, ["frame", "camera.lost", "camera.denied", "reconnected", "frame", "ended"]);
        let events = told(vec![Err(lost()), Ok(()), Err(lost()), Ok(())]);
        assert_eq!(
            events,
            ["camera.lost", "reconnected", "frame", "camera.lost", "reconnected", "frame", "ended"]
        );
    }

    #[test]
    fn what_cannot_get_better_ends_the_thread() {
        let broken = CameraError::ReplayCorrupt { path: "a".into(), detail: "b".into() };
        assert_eq!(told(vec![Ok(()), Err(broken), Ok(())]), ["frame", "replay.corrupt", "ended"]);
    }

    #[test]
    fn tries_wait_longer_each_time_up_to_a_limit() {
        let start = Instant::now();
        told((0..6).map(|_| Err(gone())).collect());
        // 1 + 2 + 4 + 4 + 4 + 4 milliseconds.
        assert!(start.elapsed() >= Duration::from_millis(19), "{:?}", start.elapsed());
    }

    #[test]
    fn dropping_ends_a_thread_that_waits_for_a_frame_or_a_camera() {
        let (handle, source) = push_source("phone");
        let start = Instant::now();
        drop(CaptureThread::spawn(source, |_| {}));
        drop(handle);
        let (sender, events) = mpsc::channel();
        let script = Script(vec![Err(gone()); 1000].into_iter());
        let long = BackOff { first: Duration::from_mins(10), longest: Duration::from_mins(10) };
        let thread = CaptureThread::spawn_with(script, move |event| sender.send(event).unwrap(), long);
        assert!(matches!(events.recv().unwrap(), CaptureEvent::Lost(_)));
        drop(thread);
        assert!(matches!(events.recv().unwrap(), CaptureEvent::Ended));
        assert!(start.elapsed() < Duration::from_mins(1));
    }
}
