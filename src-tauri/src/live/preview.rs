//! Frames to the page: the newest one, at a pace the eye and the page can use.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use mm_camera::CapturedFrame;
use mm_core::RgbImage;

use crate::{error::ShellError, jpeg, start, types::PreviewFrame};

/// Most previews a second are 30: screens show them smoothly, and each costs the page a decode.
const LEAST_INTERVAL: Duration = Duration::from_millis(33);
/// Previews that the page may have received without saying so.
const MOST_IN_FLIGHT: u32 = 2;
/// A page that said nothing for so long has lost an acknowledgement, and gets the next preview regardless.
const PATIENCE: Duration = Duration::from_secs(1);
/// Longest side of a preview that is encoded here.
const LONGEST_SIDE: u32 = 1280;

/// What takes the previews; `Err` if nobody does any more.
pub type Sink = Box<dyn Fn(PreviewFrame) -> Result<(), ShellError> + Send>;

struct Waiting {
    sequence: u64,
    image: Arc<RgbImage>,
    jpeg: Option<Arc<[u8]>>,
}

#[derive(Default)]
struct State {
    next: Option<Waiting>,
    /// Frames of the source are left out while a still picture is shown.
    held: bool,
    in_flight: u32,
    sent: Option<Instant>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

/// Encodes and sends previews on a thread of its own. Offering a frame never waits; dropping it ends the thread.
pub struct Preview {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Preview {
    /// Starts to send to `sink`.
    pub fn start(sink: Sink) -> Self {
        let shared = Arc::new(Shared::default());
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.send_all(&sink)
        });
        Self { shared, thread: Some(thread) }
    }

    /// Takes the place of a frame that has not been sent yet.
    pub fn offer(&self, frame: &CapturedFrame) {
        let CapturedFrame { sequence, image, jpeg, .. } = frame;
        let mut state = self.shared.lock();
        if !state.held {
            state.next = Some(Waiting { sequence: *sequence, image: Arc::clone(image), jpeg: jpeg.clone() });
            self.shared.wake.notify_one();
        }
    }

    /// Shows this picture until [`Self::release`].
    pub fn hold(&self, sequence: u64, image: &Arc<RgbImage>) {
        let mut state = self.shared.lock();
        state.held = true;
        state.next = Some(Waiting { sequence, image: Arc::clone(image), jpeg: None });
        self.shared.wake.notify_one();
    }

    /// Keeps the picture that is shown until [`Self::release`].
    pub fn hold_last(&self) {
        let mut state = self.shared.lock();
        state.held = true;
        state.next = None;
    }

    /// Shows the source's frames again.
    pub fn release(&self) {
        self.shared.lock().held = false;
    }

    /// The page has received a preview.
    pub fn acknowledge(&self) {
        let mut state = self.shared.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
        self.shared.wake.notify_one();
    }
}

impl Drop for Preview {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_one();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the preview thread panicked");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send_all(&self, sink: &Sink) {
        while let Some(waiting) = self.next() {
            match encode(&waiting).and_then(sink) {
                Ok(()) => start::mark("first_preview"),
                Err(error) => {
                    tracing::info!(%error, "no more previews");
                    return;
                }
            }
        }
    }

    /// Waits until a frame may be sent and counts it as sent; `None` at the end.
    fn next(&self) -> Option<Waiting> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let now = Instant::now();
            let pause = state.pause(now);
            if state.next.is_some() && pause.is_zero() {
                if state.in_flight >= MOST_IN_FLIGHT {
                    state.in_flight = 0;
                }
                state.in_flight += 1;
                state.sent = Some(now);
                return state.next.take();
            }
            state = if state.next.is_none() {
                self.wake.wait(state).unwrap_or_else(PoisonError::into_inner)
            } else {
                self.wake.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0
            };
        }
    }
}

impl State {
    /// How long to wait before the next preview.
    fn pause(&self, now: Instant) -> Duration {
        let Some(sent) = self.sent else { return Duration::ZERO };
        let wanted = if self.in_flight < MOST_IN_FLIGHT { LEAST_INTERVAL } else { PATIENCE };
        (sent + wanted).saturating_duration_since(now)
    }
}

fn encode(waiting: &Waiting) -> Result<PreviewFrame, ShellError> {
    let Waiting { sequence, image, jpeg } = waiting;
    let size = image.dimensions();
    if let Some(jpeg) = jpeg {
        return PreviewFrame::build(*sequence, size, jpeg.len(), |bytes| {
            bytes.extend_from_slice(jpeg);
            Ok(())
        });
    }
    let small = jpeg::fit(image, LONGEST_SIDE)?;
    // An eighth of a byte per pixel is what photographs take at this quality; more only grows the buffer.
    let capacity = small.as_raw().len() / 24;
    PreviewFrame::build(*sequence, size, capacity, |bytes| jpeg::encode(&small, jpeg::MOVING, bytes))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn frame(sequence: u64) -> CapturedFrame {
        let image = Arc::new(RgbImage::new(32, 16));
        CapturedFrame { sequence, captured: Instant::now(), image, jpeg: None }
    }

    fn started() -> (Preview, mpsc::Receiver<u32>) {
        let (sender, sequences) = mpsc::channel();
        let preview = Preview::start(Box::new(move |frame| {
            let sequence = frame.bytes()[..4].try_into().map(u32::from_le_bytes).unwrap();
            sender.send(sequence).map_err(|_| ShellError::NoFrame)
        }));
        (preview, sequences)
    }

    #[test]
    fn a_page_that_acknowledges_gets_the_newest_at_most_30_a_second() {
        let (preview, sequences) = started();
        let begin = Instant::now();
        let mut seen = Vec::new();
        let mut offered = 0;
        while seen.len() < 10 {
            offered += 1;
            preview.offer(&frame(offered));
            if let Ok(sequence) = sequences.recv_timeout(Duration::from_millis(2)) {
                seen.push(u64::from(sequence));
                preview.acknowledge();
            }
        }
        assert!(begin.elapsed() >= LEAST_INTERVAL * 9, "{:?}", begin.elapsed());
        assert!(seen.is_sorted() && *seen.last().unwrap() > 10, "{seen:?} of {offered}");
    }

    #[test]
    fn a_page_that_does_not_keep_up_gets_two() {
        let (preview, sequences) = started();
        let begin = Instant::now();
        let mut seen = 0;
        while begin.elapsed() < PATIENCE * 6 / 10 {
            preview.offer(&frame(1));
            seen += u32::from(sequences.recv_timeout(Duration::from_millis(5)).is_ok());
        }
        assert_eq!(seen, MOST_IN_FLIGHT);
        // A lost acknowledgement does not end the preview.
        assert!(sequences.recv_timeout(PATIENCE * 3).is_ok());
    }

    #[test]
    fn a_still_picture_stays_and_the_devices_own_jpeg_is_passed_on() {
        let (preview, sequences) = started();
        preview.hold(7, &Arc::new(RgbImage::new(8, 8)));
        preview.offer(&frame(8));
        assert_eq!(sequences.recv().unwrap(), 7);
        preview.offer(&frame(9));
        assert!(sequences.recv_timeout(LEAST_INTERVAL * 4).is_err());
        preview.release();
        preview.offer(&frame(10));
        assert_eq!(sequences.recv().unwrap(), 10);
        let waiting = Waiting {
            sequence: 1,
            image: Arc::new(RgbImage::new(8, 8)),
            jpeg: Some(Arc::from([0xff, 0xd8, 1].as_slice())),
        };
        assert_eq!(encode(&waiting).unwrap().bytes()[PreviewFrame::HEADER_BYTES..], [0xff, 0xd8, 1]);
    }

    #[test]
    fn dropping_ends_it_whatever_it_waits_for() {
        drop(started());
        let (preview, sequences) = started();
        preview.offer(&frame(1));
        drop(sequences);
        preview.offer(&frame(2));
        drop(preview);
    }
}
