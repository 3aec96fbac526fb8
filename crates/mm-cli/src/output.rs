//! Writing results to standard output and everything else to standard error.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use mm_camera::CameraError;
use mm_core::{Error, runtime::Notice};
use mm_library::LibraryError;
use serde::Serialize;

/// Whether all of the work succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    AllGood,
    SomeFailed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::AllGood => Self::SUCCESS,
            Outcome::SomeFailed => Self::FAILURE,
        }
    }
}

/// What a command can fail with as a whole.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Core(#[from] Error),
    #[error(transparent)]
    Camera(#[from] CameraError),
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error("cannot write {path}: {reason}; choose another place")]
    Write { path: String, reason: String },
    #[error("{0}")]
    Usage(String),
}

impl CommandError {
    /// Stable code, as [`Error::code`].
    pub fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => error.code(),
            Self::Camera(error) => error.code(),
            Self::Library(error) => error.code(),
            Self::Write { .. } => "file.unwritable",
            Self::Usage(_) => "usage",
        }
    }

    /// 2 for wrong usage, as clap; 1 for everything else.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Core(_) | Self::Camera(_) | Self::Library(_) | Self::Write { .. } => ExitCode::FAILURE,
        }
    }

    pub fn write(path: &std::path::Path, reason: &impl ToString) -> Self {
        Self::Write { path: path.display().to_string(), reason: reason.to_string() }
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        // `mm ocr ... | head` closes the pipe: the reader has seen enough, which is not an error.
        if error.kind() == io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        Self::Write { path: "standard output".to_owned(), reason: error.to_string() }
    }
}

/// The `"error"` object of JSON results.
#[derive(Serialize)]
pub struct ErrorObject {
    pub code: &'static str,
    pub message: String,
}

impl From<&Error> for ErrorObject {
    fn from(error: &Error) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

impl From<&CameraError> for ErrorObject {
    fn from(error: &CameraError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

impl From<&CommandError> for ErrorObject {
    fn from(error: &CommandError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

/// One line of JSON on standard output.
pub fn json_line(value: &impl Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string(value).map_err(io::Error::other)?;
    line(&text)
}

/// One line of text on standard output.
pub fn line(text: &str) -> Result<(), CommandError> {
    writeln!(io::stdout().lock(), "{text}").map_err(CommandError::from)
}

/// A message for the person at the terminal. If standard error is closed there is no one to tell.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A failure of the whole command.
pub fn report(error: &CommandError) {
    say(&format!("error [{}]: {error}", error.code()));
}

/// Notices, each once.
pub fn show_notices(notices: &[Notice]) {
    for notice in notices {
        say(&format!("notice [{}]: {}", notice.code, notice.message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_code_a_script_can_match() {
        let error = CommandError::from(Error::ImageEmpty);
        assert_eq!(error.code(), "image.empty");
        assert_eq!(CommandError::Usage("x".to_owned()).code(), "usage");
    }
}
