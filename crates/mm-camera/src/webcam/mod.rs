//! Webcams: choosing one, reading it on a thread of its own, and getting it back.
//!
//! A driver's read call waits without limit and cannot be woken, so it runs on a thread that nobody waits for for long;
//! between that thread and the source lies a slot in which the newest frame wins. What a driver does is behind the
//! [`Device`] trait; everything else here is the same on every system.

#[cfg(all(feature = "webcam", any(target_os = "linux", target_os = "macos", windows)))]
mod device;
mod errors;
mod format;
#[cfg(test)]
mod tests;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

pub(crate) use format::Wanted;
use format::{Mode, RawFrame, to_rgb};

use crate::{
    CameraError, CapturedFrame, FrameSource, Interrupt, SourceInfo,
    slot::{Slot, Taken},
};

/// A camera that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraInfo {
    /// For [`crate::SourceSpec::Camera`].
    pub id: String,
    /// For people.
    pub name: String,
    /// Where it is connected, as the system says it; may be empty.
    pub detail: String,
}

/// Every camera of the machine, in the system's order; empty if there is none, and on phones, whose cameras push.
///
/// # Errors
///
/// `camera.denied` and whatever else keeps the system from telling.
pub fn list_cameras() -> Result<Vec<CameraInfo>, CameraError> {
    #[cfg(all(feature = "webcam", any(target_os = "linux", target_os = "macos", windows)))]
    return guarded(device::list);
    #[cfg(not(all(feature = "webcam", any(target_os = "linux", target_os = "macos", windows))))]
    return Ok(Vec::new());
}

/// The camera `id`, running.
pub(crate) fn open(id: &str, wanted: Wanted) -> Result<Box<dyn FrameSource>, CameraError> {
    #[cfg(all(feature = "webcam", any(target_os = "linux", target_os = "macos", windows)))]
    {
        device::ask_permission()?;
        let id = id.to_owned();
        let opener = move |before: Option<&str>| {
            let camera = find(&list_cameras()?, &id, before)?;
            device::open(&camera, wanted)
        };
        Ok(Box::new(Webcam::open(Arc::new(opener), Patience::default())?))
    }
    #[cfg(not(all(feature = "webcam", any(target_os = "linux", target_os = "macos", windows))))]
    {
        let _ = (id, wanted);
        Err(CameraError::None { detail: "this build reads no webcams".to_owned() })
    }
}

/// The camera that `id` names among `cameras`. `before` is the name of the camera that was open under this `id`: after
/// it was plugged in again the system may give it another number, and its old number to another camera.
#[cfg_attr(not(feature = "webcam"), allow(dead_code, reason = "only webcams are looked for"))]
fn find(cameras: &[CameraInfo], id: &str, before: Option<&str>) -> Result<CameraInfo, CameraError> {
    let by_id = || cameras.iter().find(|camera| camera.id == id);
    let by_name = |name: &str| cameras.iter().find(|camera| camera.name.eq_ignore_ascii_case(name));
    let found = match before {
        Some(name) => by_id().filter(|camera| camera.name == name).or_else(|| by_name(name)),
        None => by_id().or_else(|| by_name(id)),
    };
    found.cloned().ok_or_else(|| {
        if cameras.is_empty() {
            return CameraError::None { detail: String::new() };
        }
        let available = cameras.iter().map(|camera| format!("{} ({})", camera.id, camera.name)).collect();
        CameraError::NotFound { id: before.unwrap_or(id).to_owned(), available }
    })
}

/// A camera that is running. Made and used on one thread: drivers' handles may not change theirs.
trait Device {
    /// Its name and the mode it was set to.
    fn describe(&self) -> (String, Mode);

    /// Waits for the next frame, as long as the driver likes.
    fn frame(&mut self) -> Result<RawFrame, CameraError>;
}

/// Opens the device; told the name of the camera that was open before, if one was.
type Opener = dyn Fn(Option<&str>) -> Result<Box<dyn Device>, CameraError> + Send + Sync;

/// How long to wait for a driver.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// For opening: a webcam that was asleep takes a second or two.
    open: Duration,
    /// For a frame: in the dark, cameras go down to a few frames per second, not below one.
    frame: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { open: Duration::from_secs(15), frame: Duration::from_secs(5) }
    }
}

/// Frames in a row that do not decode before the camera counts as unusable: a second's worth. The first frames after
/// opening are often cut off.
const MAX_BAD_IN_A_ROW: u32 = 30;

/// A webcam as a source.
struct Webcam {
    opener: Arc<Opener>,
    patience: Patience,
    slot: Arc<Slot<Delivery>>,
    reader: Option<ReaderThread>,
    info: SourceInfo,
    sequence: u64,
}

/// What the reading thread leaves in the slot.
struct Delivery {
    /// Which reading thread: what one leaves after it was given up on is not the camera's news.
    reader: Arc<AtomicBool>,
    content: Result<(RawFrame, Instant), CameraError>,
}

/// Stops when dropped, after the frame that its driver is waiting for.
struct ReaderThread {
    stop: Arc<AtomicBool>,
}

impl Drop for ReaderThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Webcam {
    fn open(opener: Arc<Opener>, patience: Patience) -> Result<Self, CameraError> {
        let info = SourceInfo { name: String::new(), width: 0, height: 0, fps: None, skipped: 0 };
        let slot = Arc::new(Slot::new());
        let mut webcam = Self { opener, patience, slot, reader: None, info, sequence: 0 };
        webcam.start()?;
        Ok(webcam)
    }

    /// Opens the device on a new thread and waits until it runs or has failed.
    fn start(&mut self) -> Result<(), CameraError> {
        let (opened, answer) = mpsc::sync_channel(1);
        let stop = Arc::new(AtomicBool::new(false));
        let reader = ReaderThread { stop: stop.clone() };
        let before = Some(self.info.name.clone()).filter(|name| !name.is_empty());
        let (open, slot) = (self.opener.clone(), self.slot.clone());
        thread::spawn(move || {
            let device = match guarded(|| open(before.as_deref())) {
                Ok(device) => device,
                Err(error) => {
                    // Nobody waits for the answer any more only if it took too long, and then that was told.
                    let _ = opened.send(Err(error));
                    return;
                }
            };
            if opened.send(Ok(device.describe())).is_ok() {
                read(device, &slot, &stop);
            }
        });
        let (name, mode) = answer
            .recv_timeout(self.patience.open)
            .unwrap_or_else(|_| Err(CameraError::Busy { detail: "it does not answer".to_owned() }))?;
        tracing::info!(
            camera = name,
            width = mode.width,
            height = mode.height,
            fps = mode.fps,
            "camera opened"
        );
        self.info = SourceInfo {
            name,
            width: mode.width,
            height: mode.height,
            fps: (mode.fps > 0).then_some(mode.fps.into()),
            skipped: self.info.skipped,
        };
        self.reader = Some(reader);
        Ok(())
    }

    fn stop(&mut self) {
        self.reader = None;
    }
}

/// Reads until told to stop or until the device fails, which is the last thing left in the slot.
fn read(mut device: Box<dyn Device>, slot: &Slot<Delivery>, stop: &Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let content = guarded(|| device.frame()).map(|frame| (frame, Instant::now()));
        let failed = content.is_err();
        if !stop.load(Ordering::Relaxed) {
            slot.put(Delivery { reader: stop.clone(), content });
        }
        if failed {
            break;
        }
    }
    // Closing a device that was unplugged panics in some drivers' bindings.
    let _ = guarded(|| {
        drop(device);
        Ok(())
    });
}

/// `work`, with a panic of the bindings as an error: a pulled plug must not end the program.
fn guarded<T>(work: impl FnOnce() -> Result<T, CameraError>) -> Result<T, CameraError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(CameraError::Lost { detail: "its driver's interface broke down".to_owned() }))
}

impl FrameSource for Webcam {
    fn next_frame(&mut self) -> Result<Option<CapturedFrame>, CameraError> {
        let mut bad = 0;
        while !self.slot.is_closed() {
            let Some(reader) = &self.reader else {
                self.start()?;
                continue;
            };
            let delivery = match self.slot.take(Some(self.patience.frame)) {
                Taken::Value(delivery) if Arc::ptr_eq(&delivery.reader, &reader.stop) => delivery.content,
                Taken::Value(_) => continue,
                Taken::Closed => break,
                Taken::TimedOut => {
                    let seconds = self.patience.frame.as_secs();
                    Err(CameraError::Lost { detail: format!("no picture for {seconds} seconds") })
                }
            };
            let (raw, captured) = delivery.inspect_err(|_| self.stop())?;
            self.sequence += 1;
            match to_rgb(raw) {
                Ok((image, jpeg)) => {
                    (self.info.width, self.info.height) = image.dimensions();
                    return Ok(Some(CapturedFrame {
                        sequence: self.sequence - 1,
                        captured,
                        image: Arc::new(image),
                        jpeg: jpeg.map(Arc::from),
                    }));
                }
                Err(error) => {
                    bad += 1;
                    self.info.skipped += 1;
                    tracing::debug!(code = error.code(), %error, "a frame is left out");
                    if bad == MAX_BAD_IN_A_ROW {
                        self.stop();
                        return Err(CameraError::UnsupportedFormat { detail: error.to_string() });
                    }
                }
            }
        }
        Ok(None)
    }

    fn describe(&self) -> SourceInfo {
        self.info.clone()
    }

    fn interrupt(&self) -> Interrupt {
        let slot = self.slot.clone();
        Interrupt::new(move || slot.close())
    }
}
