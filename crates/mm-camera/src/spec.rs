//! Naming a source, and opening what was named.

use std::{path::PathBuf, str::FromStr};

use crate::{CameraError, FrameSource, replay::Replay, webcam};

/// A source, as users name it.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceSpec {
    /// A webcam.
    Camera {
        /// [`crate::CameraInfo::id`], or the camera's whole name.
        id: String,
        /// Wanted width in pixels; the nearest the camera offers is used. 1280 if none is given.
        width: Option<u32>,
        /// Wanted height in pixels, likewise; 720 if none is given.
        height: Option<u32>,
        /// Wanted frames per second, likewise; 30 if none is given.
        fps: Option<u32>,
    },
    /// A folder of pictures (in the order of their names, numbers by value), a `.y4m` file or a Motion-JPEG stream.
    Replay {
        /// The file or folder.
        path: PathBuf,
        /// How fast.
        pace: Pace,
        /// Starts again at the end.
        repeat: bool,
    },
}

/// How fast a replay gives its frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As a camera would; frames whose time has passed are left out.
    RealTime {
        /// Frames per second, over 0 and at most 1000. If none is given: what a Y4M file says, 30 for Motion-JPEG, and
        /// for a folder 10, each picture being shown for three seconds, as if it were held before a camera. With a rate
        /// a folder is a film: one frame per picture.
        fps: Option<f64>,
    },
    /// Every frame, as fast as it decodes.
    Fast,
}

impl Default for Pace {
    fn default() -> Self {
        Self::RealTime { fps: None }
    }
}

impl SourceSpec {
    /// The camera `id` at its usual size and rate.
    pub fn camera(id: impl Into<String>) -> Self {
        Self::Camera { id: id.into(), width: None, height: None, fps: None }
    }

    /// `path` in real time, once.
    pub fn replay(path: impl Into<PathBuf>) -> Self {
        Self::Replay { path: path.into(), pace: Pace::default(), repeat: false }
    }
}

impl FromStr for SourceSpec {
    type Err = CameraError;

    /// `camera:ID` or `replay:PATH`.
    fn from_str(text: &str) -> Result<Self, CameraError> {
        match text.split_once(':') {
            Some(("camera", id)) if !id.trim().is_empty() => Ok(Self::camera(id.trim())),
            Some(("replay", path)) if !path.is_empty() => Ok(Self::replay(path)),
            _ => Err(CameraError::SourceInvalid { detail: format!("\"{text}\" names no source") }),
        }
    }
}

/// Opens a source and makes sure that it works: a webcam is running, and a replay has decoded its first frame.
///
/// # Errors
///
/// `camera.*`, `replay.*` or `source.invalid`.
pub fn open(spec: &SourceSpec) -> Result<Box<dyn FrameSource>, CameraError> {
    match spec {
        SourceSpec::Camera { id, width, height, fps } => {
            let wanted = webcam::Wanted::new(*width, *height, *fps);
            webcam::open(id, wanted)
        }
        SourceSpec::Replay { path, pace, repeat } => Ok(Box::new(Replay::open(path, *pace, *repeat)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_named_by_kind_and_place() {
        assert_eq!("camera:0".parse(), Ok(SourceSpec::camera("0")));
        assert_eq!("camera: HD Webcam ".parse(), Ok(SourceSpec::camera("HD Webcam")));
        assert_eq!(r"replay:C:\clips\a b.y4m".parse(), Ok(SourceSpec::replay(r"C:\clips\a b.y4m")));
        for wrong in ["", "camera", "camera:", "camera: ", "replay:", "file:a", "clip.y4m"] {
            assert_eq!(wrong.parse::<SourceSpec>().unwrap_err().code(), "source.invalid", "{wrong}");
        }
    }
}
