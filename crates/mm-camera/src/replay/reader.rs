//! What every kind of recording can do.

use std::sync::Arc;

use mm_core::RgbImage;

use crate::{CameraError, mjpeg};

/// A decoded frame.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) image: Arc<RgbImage>,
    pub(super) jpeg: Option<Arc<[u8]>>,
}

/// A recording. Going on and decoding are apart, so that a frame that is late costs no decoding.
pub(super) trait Reader: Send {
    /// Goes to the next frame; false at the end.
    fn advance(&mut self) -> Result<bool, CameraError>;

    /// Decodes the frame gone to. An error means that this frame is damaged; the next may be sound.
    fn decode(&mut self) -> mm_core::Result<Picture>;

    /// Back before the first frame.
    fn rewind(&mut self) -> Result<(), CameraError>;

    /// The rate in real time when the user names none.
    fn fps(&self) -> f64;

    /// At that rate, how many frames in a row show the same picture.
    fn hold(&self) -> u32 {
        1
    }

    /// `replay.corrupt` for this recording.
    fn corrupt(&self, detail: String) -> CameraError;
}

/// The largest JPEG that a preview is given as it is. Scaling down a larger one first is cheaper for it.
const MAX_PREVIEW_BYTES: usize = 1 << 20;

/// `bytes` for the preview, if it is a JPEG that shows `image` as it stands: EXIF may turn it.
pub(super) fn preview(bytes: &[u8]) -> Option<Arc<[u8]>> {
    (bytes.starts_with(&[0xFF, 0xD8, 0xFF]) && bytes.len() <= MAX_PREVIEW_BYTES && !mjpeg::has_exif(bytes))
        .then(|| Arc::from(bytes))
}
