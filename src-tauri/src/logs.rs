//! The log: one file a day in the platform's folder, a week of them. It holds what happened and how long it took, never
//! what a picture shows, a caption says or a person asks.

use std::{fs, path::Path};

use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::{EnvFilter, fmt::writer::BoxMakeWriter};

use crate::error::ShellError;

/// Environment variable that says how much is logged, as `tracing` filters are written.
const FILTER_VARIABLE: &str = "MM_LOG";
/// ONNX Runtime tells of every graph it simplifies.
const USUAL_FILTER: &str = "info,ort=warn";
const DAYS: usize = 7;
const PREFIX: &str = "mobile-multimodal";
const SUFFIX: &str = "log";

/// Starts logging into `folder`. Without a folder to write to, the app works without a log.
pub fn start(folder: &Path) {
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix(PREFIX)
        .filename_suffix(SUFFIX)
        .max_log_files(DAYS)
        .build(folder);
    let (writer, problem) = match appender {
        Ok(appender) => (BoxMakeWriter::new(std::sync::Mutex::new(appender)), None),
        Err(error) => (BoxMakeWriter::new(std::io::sink), Some(error)),
    };
    let filter = EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new(USUAL_FILTER));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(writer)
        .try_init()
        .is_ok();
    if started && problem.is_none() {
        tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");
    }
}

/// The last `lines` lines of the newest log in `folder`.
pub fn tail(folder: &Path, lines: usize) -> Result<String, ShellError> {
    let unreadable =
        |source| ShellError::Failed { detail: format!("{} cannot be read: {source}", folder.display()) };
    let mut logs: Vec<_> = fs::read_dir(folder)
        .map_err(unreadable)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == SUFFIX))
        .collect();
    logs.sort();
    let Some(newest) = logs.pop() else { return Ok(String::new()) };
    let text = String::from_utf8_lossy(&fs::read(newest).map_err(unreadable)?).into_owned();
    let all: Vec<&str> = text.lines().collect();
    Ok(all[all.len().saturating_sub(lines)..].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_newest_log_is_given() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(tail(folder.path(), 2).unwrap(), "");
        fs::write(folder.path().join("mobile-multimodal.2026-01-01.log"), "old\n").unwrap();
        fs::write(folder.path().join("mobile-multimodal.2026-01-02.log"), "a\nb\nc\n").unwrap();
        fs::write(folder.path().join("z.txt"), "other\n").unwrap();
        assert_eq!(tail(folder.path(), 2).unwrap(), "b\nc");
        assert_eq!(tail(folder.path(), 9).unwrap(), "a\nb\nc");
        assert_eq!(tail(&folder.path().join("none"), 9).unwrap_err().code(), "shell.failed");
    }
}
