//! Everything behind the seam: what the source makes of a driver that works, stalls, breaks and comes back.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use super::{
    CameraInfo, Device, Opener, Patience, Webcam, find,
    format::{Layout, Mode, RawFrame},
};
use crate::{CameraError, CaptureEvent, CaptureThread, FrameSource, SourceSpec};

const QUICK: Patience = Patience { open: Duration::from_secs(5), frame: Duration::from_millis(600) };

/// What a driver does next.
#[derive(Clone)]
enum Step {
    Frame(u8),
    Cut,
    Stall,
    Fail(CameraError),
    Panic,
}

struct Scripted(std::vec::IntoIter<Step>);

impl Device for Scripted {
    fn describe(&self) -> (String, Mode) {
        ("Test camera".to_owned(), Mode { width: 2, height: 1, fps: 30, layout: Layout::Rgb })
    }

    fn frame(&mut self) -> Result<RawFrame, CameraError> {
        // A driver's pace, slow enough for a reader to take every frame.
        std::thread::sleep(Duration::from_millis(5));
        let bytes = match self.0.next() {
            Some(Step::Frame(shade)) => vec![shade; 6],
            Some(Step::Cut) => vec![0; 3],
            Some(Step::Fail(error)) => return Err(error),
            Some(Step::Panic) => panic!("as bindings do when a plug is pulled"),
            Some(Step::Stall) | None => {
                std::thread::sleep(Duration::from_secs(5));
                vec![0; 6]
            }
        };
        Ok(RawFrame { width: 2, height: 1, layout: Layout::Rgb, bytes })
    }
}

/// The names that the opener was told.
type Asked = Arc<Mutex<Vec<Option<String>>>>;

/// Each opening takes the next session; what it was told of the camera before is kept.
fn opener(sessions: Vec<Result<Vec<Step>, CameraError>>) -> (Arc<Opener>, Asked) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let sessions = Mutex::new(sessions.into_iter());
    let open = {
        let asked = asked.clone();
        move |before: Option<&str>| {
            asked.lock().unwrap().push(before.map(str::to_owned));
            let session = sessions.lock().unwrap().next();
            let steps = session.unwrap_or(Err(CameraError::None { detail: String::new() }))?;
            Ok(Box::new(Scripted(steps.into_iter())) as Box<dyn Device>)
        }
    };
    (Arc::new(open), asked)
}

fn webcam(sessions: Vec<Result<Vec<Step>, CameraError>>) -> Webcam {
    Webcam::open(opener(sessions).0, QUICK).unwrap()
}

fn shade(source: &mut impl FrameSource) -> u8 {
    source.next_frame().unwrap().unwrap().image.as_raw()[0]
}

fn lost() -> CameraError {
    CameraError::Lost { detail: "No such device (os error 19)".into() }
}

#[test]
fn frames_arrive_with_the_camera_s_name_and_mode() {
    let mut source = webcam(vec![Ok(vec![Step::Frame(7), Step::Cut, Step::Frame(9)])]);
    let info = source.describe();
    assert_eq!((info.name.as_str(), info.width, info.height, info.fps), ("Test camera", 2, 1, Some(30.0)));
    // On a machine that is busy the newest frame may have taken the place of the first.
    let mut seen = vec![shade(&mut source)];
    if seen == [7] {
        seen.push(shade(&mut source));
    }
    assert_eq!(seen.last(), Some(&9));
    assert!(source.describe().skipped <= 1);
}

#[test]
fn a_camera_that_cannot_be_opened_says_why_at_once() {
    for error in [
        CameraError::None { detail: String::new() },
        CameraError::Denied { detail: String::new() },
        CameraError::Busy { detail: String::new() },
    ] {
        assert_eq!(Webcam::open(opener(vec![Err(error.clone())]).0, QUICK).err(), Some(error));
    }
    let hangs: Arc<Opener> = Arc::new(|_| {
        std::thread::sleep(Duration::from_secs(2));
        Err(CameraError::None { detail: String::new() })
    });
    let short = Patience { open: Duration::from_millis(20), ..QUICK };
    assert_eq!(Webcam::open(hangs, short).err().map(|e| e.code()), Some("camera.busy"));
}

#[test]
fn unplugged_stalled_and_broken_cameras_are_lost_and_come_back() {
    for end in [Step::Fail(lost()), Step::Stall, Step::Panic] {
        let (open, asked) = opener(vec![
            Ok(vec![Step::Frame(1), end]),
            Err(CameraError::None { detail: String::new() }),
            Ok(vec![Step::Frame(2), Step::Frame(3), Step::Frame(4)]),
        ]);
        let (sender, events) = mpsc::channel();
        let source = Webcam::open(open, QUICK).unwrap();
        let thread = CaptureThread::spawn(source, move |event| {
            let _ = sender.send(match event {
                CaptureEvent::Frame(frame) if frame.image.as_raw()[0] == 1 => "before",
                CaptureEvent::Frame(_) => "after",
                CaptureEvent::Lost(error) => error.code(),
                CaptureEvent::Reconnected => "reconnected",
                CaptureEvent::Ended => "ended",
            });
        });
        let mut seen = Vec::new();
        while seen.last() != Some(&"after") {
            seen.push(events.recv().unwrap());
        }
        drop(thread);
        // The news of a loss may take the place of a frame that was not fetched in time.
        let told = seen.strip_prefix(&["before"]).unwrap_or(&seen);
        assert_eq!(told, ["camera.lost", "reconnected", "after"]);
        let name = Some("Test camera".to_owned());
        assert_eq!(*asked.lock().unwrap(), [None, name.clone(), name]);
    }
}

#[test]
fn a_camera_that_only_sends_rubbish_is_not_read_for_ever() {
    let mut source = webcam(vec![Ok(vec![Step::Cut; 10_000])]);
    assert_eq!(source.next_frame().err().map(|e| e.code()), Some("camera.unsupported_format"));
}

#[test]
fn a_slow_reader_gets_the_newest_frame() {
    let mut source = webcam(vec![Ok((0..200).map(Step::Frame).collect())]);
    let first = shade(&mut source);
    std::thread::sleep(Duration::from_millis(500));
    let second = shade(&mut source);
    assert!(second > first + 2, "{first} {second}");
}

#[test]
fn an_interrupt_does_not_wait_for_a_driver_that_hangs() {
    let source = webcam(vec![Ok(vec![Step::Stall; 100])]);
    let start = Instant::now();
    drop(CaptureThread::spawn(source, |_| {}));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

fn camera(id: &str, name: &str) -> CameraInfo {
    CameraInfo { id: id.into(), name: name.into(), detail: String::new() }
}

#[test]
fn cameras_are_found_by_number_or_name_and_again_by_name() {
    let cameras = [camera("0", "Built-in"), camera("2", "HD Webcam")];
    let id = |id: &str, before| find(&cameras, id, before).map(|camera| camera.id);
    assert_eq!(id("2", None), Ok("2".to_owned()));
    assert_eq!(id("hd webcam", None), Ok("2".to_owned()));
    // Number 0 was the HD webcam; now another camera has that number.
    assert_eq!(id("0", Some("HD Webcam")), Ok("2".to_owned()));
    let missing = find(&cameras, "7", None).unwrap_err();
    assert_eq!(missing.code(), "camera.not_found");
    assert!(missing.to_string().contains("2 (HD Webcam)"), "{missing}");
    assert_eq!(find(&[], "0", None).unwrap_err().code(), "camera.none");
}

/// On a machine without a camera, which CI's is, the real interface says so; where there is one, nobody has this name.
#[test]
fn opening_a_camera_that_does_not_exist_is_a_coded_error() {
    let error = crate::open(&SourceSpec::camera("no camera has this name")).err().unwrap();
    assert!(["camera.none", "camera.not_found"].contains(&error.code()), "{error}");
}
