//! Where frames come from: webcams, replayed pictures and videos, and frames pushed by a phone's camera.
//!
//! Every source is a [`FrameSource`]; [`open`] makes one from a [`SourceSpec`], and a [`CaptureThread`] reads it, finds
//! its camera again after it was unplugged, and hands every frame to a sink that must not block. Whoever is slower than
//! the camera keeps the newest frame and forgets the others: nothing here queues.
//!
//! Dependencies point down: `capture` → [`open`] → {`webcam`, `replay`, `push`} → `mm_core::{decode, frame}`. This crate
//! knows neither models nor screens.

mod capture;
mod error;
pub mod mjpeg;
mod push;
mod replay;
mod slot;
mod spec;
// Without webcams only the list of cameras is left of it; what is the same on every system still compiles and is tested.
#[cfg_attr(
    not(all(feature = "webcam", any(target_os = "linux", target_os = "macos", windows))),
    allow(dead_code, reason = "the parts that a camera's driver would call")
)]
mod webcam;
pub mod y4m;

use std::{sync::Arc, time::Instant};

use mm_core::RgbImage;

pub use capture::{CaptureEvent, CaptureThread};
pub use error::CameraError;
pub use push::{PushHandle, PushSource, push_source};
pub use spec::{Pace, SourceSpec, open};
pub use webcam::{CameraInfo, list_cameras};

/// One delivered frame. Cheap to clone: the pixels are shared.
#[derive(Debug, Clone)]
pub struct CapturedFrame {
    /// Counts the frames of its source from 0. A gap means frames that the source left out: damaged ones, and in a
    /// replay those whose time had passed.
    pub sequence: u64,
    /// When the driver handed the frame over, or when a replayed frame was due.
    pub captured: Instant,
    /// 8-bit RGB, upright, not mirrored.
    pub image: Arc<RgbImage>,
    /// The JPEG the device delivered, where it delivered one that shows exactly `image`: a preview can pass it on
    /// without encoding anything.
    pub jpeg: Option<Arc<[u8]>>,
}

/// What a source says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceInfo {
    /// For people: the camera's name or the file's.
    pub name: String,
    /// Width in pixels of the frames, of the first where they differ; 0 while that is not known.
    pub width: u32,
    /// Height in pixels, as `width`.
    pub height: u32,
    /// Frames per second the source means to deliver, where it has such a thing.
    pub fps: Option<f64>,
    /// Damaged frames left out so far.
    pub skipped: u64,
}

/// Gives frames one after the other, each when its time has come.
pub trait FrameSource: Send {
    /// Waits for the next frame. `None` is the end: of a replay, of the pushing side, or after an [`Interrupt`].
    ///
    /// # Errors
    ///
    /// `camera.*` or `replay.*`. After an error that [is transient](CameraError::is_transient) the next call tries to
    /// get the camera back, once.
    fn next_frame(&mut self) -> Result<Option<CapturedFrame>, CameraError>;

    /// Name, size and rate, as far as they are known now.
    fn describe(&self) -> SourceInfo;

    /// What ends a waiting [`Self::next_frame`] from another thread. A source that never waits long needs none.
    fn interrupt(&self) -> Interrupt {
        Interrupt::default()
    }
}

impl<T: FrameSource + ?Sized> FrameSource for Box<T> {
    fn next_frame(&mut self) -> Result<Option<CapturedFrame>, CameraError> {
        (**self).next_frame()
    }

    fn describe(&self) -> SourceInfo {
        (**self).describe()
    }

    fn interrupt(&self) -> Interrupt {
        (**self).interrupt()
    }
}

/// Ends a waiting [`FrameSource::next_frame`] for good: from then on the source answers `None`.
#[derive(Clone, Default)]
pub struct Interrupt(Option<Arc<dyn Fn() + Send + Sync>>);

impl Interrupt {
    /// Calls `wake` when fired; it must not block.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(wake)))
    }

    /// Ends the source.
    pub fn fire(&self) {
        if let Some(wake) = &self.0 {
            wake();
        }
    }
}

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Interrupt").field(&self.0.is_some()).finish()
    }
}
