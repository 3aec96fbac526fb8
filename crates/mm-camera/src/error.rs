//! What can go wrong with a source, with stable codes and what to do next.

use std::path::PathBuf;

/// Why a source gives no frames. Callers match on [`Self::code`]; the message is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CameraError {
    /// `camera.none`: there is no camera at all.
    #[error(
        "no camera was found{}; connect one and try again, or replay a folder of pictures or a video",
        note(detail)
    )]
    None {
        /// Why none can be found, where that is known; else empty.
        detail: String,
    },
    /// `camera.not_found`: there are cameras, but not this one.
    #[error("there is no camera \"{id}\"; connect it again or choose one of: {}", available.join(", "))]
    NotFound {
        /// What was asked for.
        id: String,
        /// Every camera there is, as `id (name)`.
        available: Vec<String>,
    },
    /// `camera.denied`: the system does not let this program use the camera.
    #[error("this program may not use the camera{}; {}", note(detail), DENIED_NEXT)]
    Denied {
        /// The system's own words; may be empty.
        detail: String,
    },
    /// `camera.busy`: another program uses it.
    #[error("another program uses the camera{}; close that program and try again", note(detail))]
    Busy {
        /// The system's own words; may be empty.
        detail: String,
    },
    /// `camera.lost`: it worked, and then no frame came any more.
    #[error(
        "the camera stopped sending pictures{}; check its cable: it is used again as soon as it is back",
        note(detail)
    )]
    Lost {
        /// What the driver said; may be empty.
        detail: String,
    },
    /// `camera.unsupported_format`: it offers nothing this program can turn into pictures, or cannot be set up.
    #[error("the camera's pictures cannot be used: {detail}; choose another resolution or another camera")]
    UnsupportedFormat {
        /// What it offers, or what the driver refused.
        detail: String,
    },
    /// `replay.not_found`: no such file or folder, or it may not be read.
    #[error("cannot open {}: {detail}; check that it is there and may be read", path.display())]
    ReplayNotFound {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        detail: String,
    },
    /// `replay.empty`: a folder without pictures, or a file without bytes.
    #[error("there is nothing to replay in {}; choose a folder of pictures, a .y4m or a .mjpeg file", path.display())]
    ReplayEmpty {
        /// The file or folder.
        path: PathBuf,
    },
    /// `replay.unsupported`: a video of a kind that is not decoded here.
    #[error("{} cannot be replayed: {detail}; convert it with: ffmpeg -i INPUT -c:v mjpeg -q:v 3 OUTPUT.mjpeg", path.display())]
    ReplayUnsupported {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        detail: String,
    },
    /// `replay.corrupt`: not one frame of it could be decoded, or reading failed on the way.
    #[error("{} is damaged: {detail}; copy it again from its source", path.display())]
    ReplayCorrupt {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// `source.invalid`: a source that cannot be, such as 0 frames per second.
    #[error("{detail}; write camera:NUMBER, camera:NAME or replay:PATH")]
    SourceInvalid {
        /// What is wrong with it.
        detail: String,
    },
}

/// Where the permission is given, by system.
const DENIED_NEXT: &str = if cfg!(target_os = "macos") {
    "allow it in System Settings > Privacy & Security > Camera, then try again"
} else if cfg!(windows) {
    "allow it in Settings > Privacy & security > Camera, then try again"
} else {
    "add yourself to the group that owns the device (usually: sudo usermod -aG video $USER), log in again and retry"
};

/// `detail` in brackets, or nothing.
fn note(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" ({detail})") }
}

impl CameraError {
    /// The stable code, `area.reason`; see each variant.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::None { .. } => "camera.none",
            Self::NotFound { .. } => "camera.not_found",
            Self::Denied { .. } => "camera.denied",
            Self::Busy { .. } => "camera.busy",
            Self::Lost { .. } => "camera.lost",
            Self::UnsupportedFormat { .. } => "camera.unsupported_format",
            Self::ReplayNotFound { .. } => "replay.not_found",
            Self::ReplayEmpty { .. } => "replay.empty",
            Self::ReplayUnsupported { .. } => "replay.unsupported",
            Self::ReplayCorrupt { .. } => "replay.corrupt",
            Self::SourceInvalid { .. } => "source.invalid",
        }
    }

    /// Whether trying again may help without anyone changing the source: a camera can be plugged in again, freed by
    /// another program or allowed by the user; a damaged file stays damaged.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::None { .. }
                | Self::NotFound { .. }
                | Self::Denied { .. }
                | Self::Busy { .. }
                | Self::Lost { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_happened_and_what_to_do() {
        let lost = CameraError::Lost { detail: String::new() };
        assert_eq!(
            lost.to_string(),
            "the camera stopped sending pictures; check its cable: it is used again as soon as it is back"
        );
        let missing = CameraError::NotFound { id: "7".into(), available: vec!["0 (Webcam)".into()] };
        assert!(missing.to_string().ends_with("choose one of: 0 (Webcam)"), "{missing}");
        assert_eq!((lost.code(), missing.code()), ("camera.lost", "camera.not_found"));
    }

    #[test]
    fn a_damaged_file_is_not_tried_again() {
        let path = PathBuf::from("a.y4m");
        assert!(!CameraError::ReplayCorrupt { path, detail: "x".into() }.is_transient());
        assert!(CameraError::Busy { detail: String::new() }.is_transient());
    }
}
