//! What a command tells the page when it fails.

use mm_camera::CameraError;
use mm_library::LibraryError;
use serde::Serialize;
use specta::Type;

/// A failure: a stable code to act on, a sentence for people, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct AppError {
    /// Stable, `area.reason`: those of the core, the camera and the library, and those of [`ShellError::code`].
    pub code: String,
    /// What happened.
    pub message: String,
    /// What the person can do about it, if anything.
    pub next: Option<String>,
}

impl AppError {
    /// `text` is "what happened; what to do next", as errors of this product are written.
    pub(crate) fn new(code: &str, text: &str) -> Self {
        let (message, next) = match text.rsplit_once("; ") {
            Some((message, next)) => (message, Some(sentence(next))),
            None => (text, None),
        };
        Self { code: code.to_owned(), message: sentence(message), next }
    }
}

/// A capital first letter and a full stop, which the one-line messages of errors do not have.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '?', '!', ':', '"']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}

impl From<mm_core::Error> for AppError {
    fn from(error: mm_core::Error) -> Self {
        Self::new(error.code(), &error.to_string())
    }
}

impl From<&mm_core::Error> for AppError {
    fn from(error: &mm_core::Error) -> Self {
        Self::new(error.code(), &error.to_string())
    }
}

impl From<CameraError> for AppError {
    fn from(error: CameraError) -> Self {
        Self::new(error.code(), &error.to_string())
    }
}

impl From<LibraryError> for AppError {
    fn from(error: LibraryError) -> Self {
        Self::new(error.code(), &error.to_string())
    }
}

impl From<ShellError> for AppError {
    fn from(error: ShellError) -> Self {
        Self::new(error.code(), &error.to_string())
    }
}

/// What goes wrong in the shell itself.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// `live.not_running`: a live command while no source is open.
    #[error("no camera is running; start the live view first")]
    LiveNotRunning,
    /// `live.no_frame`: asked to freeze before the first frame came.
    #[error("there is no picture to freeze yet; wait until the preview shows one")]
    NoFrame,
    /// `photo.not_open`: a photo that was closed.
    #[error("this photo is no longer open; open it again")]
    PhotoNotOpen,
    /// `speech.unavailable`: no voice can be heard.
    #[error("no voice is available here ({detail}); {next}")]
    SpeechUnavailable {
        /// The system's own words.
        detail: String,
        /// What to install.
        next: &'static str,
    },
    /// `file.unwritable`: a folder or file that the system does not let be written.
    #[error("cannot write {}: {source}; check that the folder is there and has room", path.display())]
    Unwritable {
        /// The file or folder.
        path: std::path::PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// `file.not_ours`: a path that this app did not write.
    #[error("only files that this app wrote can be shown; export or copy it first, then show that file")]
    NotOurs,
    /// `settings.invalid`: a value that no control offers.
    #[error("the settings cannot be saved: {detail}; choose another value")]
    SettingsInvalid {
        /// Which value.
        detail: String,
    },
    /// `viewer.failed`: the system has no program for it, or it did not start.
    #[error(
        "the system cannot show this photo: {detail}; install a program for pictures, or copy the path and open it there"
    )]
    ViewerFailed {
        /// The system's own words.
        detail: String,
    },
    /// `shell.failed`: the window system or a worker thread failed.
    #[error("the app itself failed: {detail}; start it again, and report it if it happens again")]
    Failed {
        /// What failed.
        detail: String,
    },
}

impl ShellError {
    /// The stable code; see each variant.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LiveNotRunning => "live.not_running",
            Self::NoFrame => "live.no_frame",
            Self::PhotoNotOpen => "photo.not_open",
            Self::SpeechUnavailable { .. } => "speech.unavailable",
            Self::Unwritable { .. } => "file.unwritable",
            Self::NotOurs => "file.not_ours",
            Self::SettingsInvalid { .. } => "settings.invalid",
            Self::ViewerFailed { .. } => "viewer.failed",
            Self::Failed { .. } => "shell.failed",
        }
    }
}

/// Result of every command.
pub type Reply<T> = Result<T, AppError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_next_is_taken_from_the_message() {
        let error = AppError::from(mm_core::Error::ImageEmpty);
        assert_eq!(error.code, "image.empty");
        assert_eq!(error.message, "The image is empty (0 bytes).");
        assert_eq!(error.next.as_deref(), Some("Choose another file."));
        let plain = AppError::new("area.reason", "it went wrong");
        assert_eq!((plain.message.as_str(), plain.next), ("It went wrong.", None));
        let lost = AppError::from(CameraError::Lost { detail: "gone; really".into() });
        assert_eq!(lost.message, "The camera stopped sending pictures (gone; really).");
        assert!(lost.next.unwrap().starts_with("Check its cable"));
    }
}
