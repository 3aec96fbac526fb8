//! Frames that someone else captures: a phone's camera API calls back with planes, and the newest wins.

use std::{sync::Arc, time::Instant};

use mm_core::frame::{Conversion, Frame};

use crate::{
    CameraError, CapturedFrame, FrameSource, Interrupt, SourceInfo,
    slot::{Slot, Taken},
};

/// The pushing side, for the thread on which the camera calls back. Clones push to the same source; when the last one
/// is gone the source ends.
#[derive(Clone)]
pub struct PushHandle(Arc<Pusher>);

struct Pusher(Arc<Slot<CapturedFrame>>);

impl Drop for Pusher {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The receiving side, a [`FrameSource`].
pub struct PushSource {
    slot: Arc<Slot<CapturedFrame>>,
    info: SourceInfo,
    sequence: u64,
}

/// A source that is fed through a handle; `name` is for people.
pub fn push_source(name: impl Into<String>) -> (PushHandle, PushSource) {
    let slot = Arc::new(Slot::new());
    let info = SourceInfo { name: name.into(), width: 0, height: 0, fps: None, skipped: 0 };
    (PushHandle(Arc::new(Pusher(slot.clone()))), PushSource { slot, info, sequence: 0 })
}

impl PushHandle {
    /// Converts the camera's planes, which need to live no longer than this call, and puts the picture in the place of
    /// one that nobody has taken yet. Never waits for the receiver.
    ///
    /// # Errors
    ///
    /// `frame.invalid`, as [`Frame::to_rgb`].
    pub fn push(&self, frame: &Frame<'_>, conversion: &Conversion) -> mm_core::Result<()> {
        let captured = Instant::now();
        let image = Arc::new(frame.to_rgb(conversion)?);
        self.0.0.put(CapturedFrame { sequence: 0, captured, image, jpeg: None });
        Ok(())
    }
}

impl FrameSource for PushSource {
    fn next_frame(&mut self) -> Result<Option<CapturedFrame>, CameraError> {
        let Taken::Value(mut frame) = self.slot.take(None) else { return Ok(None) };
        frame.sequence = self.sequence;
        self.sequence += 1;
        (self.info.width, self.info.height) = frame.image.dimensions();
        Ok(Some(frame))
    }

    fn describe(&self) -> SourceInfo {
        self.info.clone()
    }

    fn interrupt(&self) -> Interrupt {
        let slot = self.slot.clone();
        Interrupt::new(move || slot.close())
    }
}

#[cfg(test)]
mod tests {
    use mm_core::frame::{PixelFormat, Plane, Rotation};

    use super::*;

    fn push(handle: &PushHandle, shade: u8) {
        let data = [shade; 4 * 2 * 3];
        let frame = Frame::new(PixelFormat::Rgb8, 4, 2, &[Plane { data: &data, stride: 12 }]).unwrap();
        let conversion = Conversion { rotation: Rotation::Cw90, ..Conversion::default() };
        handle.push(&frame, &conversion).unwrap();
    }

    #[test]
    fn the_newest_pushed_frame_is_next_and_upright() {
        let (handle, mut source) = push_source("phone");
        assert_eq!(source.describe().width, 0);
        push(&handle, 1);
        push(&handle, 2);
        let frame = source.next_frame().unwrap().unwrap();
        assert_eq!((frame.sequence, frame.image.dimensions()), (0, (2, 4)));
        assert!(frame.image.as_raw().iter().all(|&v| v == 2));
        let info = source.describe();
        assert_eq!((info.name.as_str(), info.width, info.height), ("phone", 2, 4));
    }

    #[test]
    fn the_source_ends_with_its_last_handle_after_the_last_frame() {
        let (handle, mut source) = push_source("phone");
        let other = handle.clone();
        drop(handle);
        push(&other, 7);
        drop(other);
        assert!(source.next_frame().unwrap().is_some());
        assert!(source.next_frame().unwrap().is_none());
    }

    #[test]
    fn frames_that_do_not_fit_are_refused_where_they_are_pushed() {
        let short = [0; 3];
        let refused = Frame::new(PixelFormat::Rgb8, 4, 2, &[Plane { data: &short, stride: 12 }]);
        assert_eq!(refused.unwrap_err().code(), "frame.invalid");
    }
}
