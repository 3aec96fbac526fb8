//! The history as a file for people or for programs.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde::Serialize;
use time::{OffsetDateTime, macros::format_description};

use crate::{
    error::ShellError,
    folders,
    types::{ExportFormat, HistoryEntry, HistoryKind},
};

/// The JSON file's layout, raised when it changes.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Contents<'a> {
    version: u32,
    entries: &'a [HistoryEntry],
}

/// Writes `entries` to a new file in `folder`, named after the time; an existing file is never touched.
pub fn export(folder: &Path, entries: &[HistoryEntry], format: ExportFormat) -> Result<PathBuf, ShellError> {
    folders::make(folder)?;
    let (extension, text) = match format {
        ExportFormat::Markdown => ("md", markdown(entries)),
        ExportFormat::Json => ("json", json(entries)?),
    };
    let (path, mut file) = create(folder, &stamp(OffsetDateTime::now_utc()), extension)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|source| ShellError::Unwritable { path: path.clone(), source })?;
    Ok(path)
}

/// The first free name of `captions-STAMP.ext`, `captions-STAMP-2.ext`, ...
fn create(folder: &Path, stamp: &str, extension: &str) -> Result<(PathBuf, File), ShellError> {
    for n in 1_u32.. {
        let suffix = if n == 1 { String::new() } else { format!("-{n}") };
        let path = folder.join(format!("captions-{stamp}{suffix}.{extension}"));
        match File::create_new(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(ShellError::Unwritable { path, source }),
        }
    }
    Err(ShellError::Failed { detail: "no file name is free".to_owned() })
}

/// In universal time, so that names sort by age wherever the computer travels.
fn stamp(time: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]-[hour][minute][second]Z");
    time.format(&format).unwrap_or_else(|_| time.unix_timestamp().to_string())
}

fn json(entries: &[HistoryEntry]) -> Result<String, ShellError> {
    serde_json::to_string_pretty(&Contents { version: VERSION, entries })
        .map(|text| text + "\n")
        .map_err(|error| ShellError::Failed { detail: error.to_string() })
}

fn markdown(entries: &[HistoryEntry]) -> String {
    let mut text = String::from("# What the camera saw\n");
    for entry in entries {
        let time = plain(&entry.time);
        // Writing to a string cannot fail.
        let _ = match (entry.kind, &entry.question) {
            (HistoryKind::Answer, Some(question)) => {
                write!(text, "\n- **{time}** Question: {} Answer: {}", plain(question), plain(&entry.text))
            }
            (HistoryKind::Text, _) => write!(text, "\n- **{time}** Text: {}", plain(&entry.text)),
            _ => write!(text, "\n- **{time}** {}", plain(&entry.text)),
        };
        if let Some(confidence) = entry.confidence {
            let _ = write!(text, " ({:.0} %)", confidence * 100.0);
        }
    }
    text.push('\n');
    text
}

/// On one line, with what Markdown would take for its own marked as plain: text from a picture is not to be trusted.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        for c in word.chars() {
            if "\\`*_{}[]<>#|!&".contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

/// Whether `path` lies below one of `folders`, links resolved.
#[must_use]
pub fn is_below(path: &Path, folders: &[&Path]) -> bool {
    let Ok(path) = fs::canonicalize(path) else { return false };
    folders.iter().filter_map(|folder| fs::canonicalize(folder).ok()).any(|folder| path.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<HistoryEntry> {
        let entry = |kind, text: &str, question: Option<&str>| HistoryEntry {
            time: "2026-11-23T06:00:00.000Z".to_owned(),
            kind,
            text: text.to_owned(),
            question: question.map(str::to_owned),
            confidence: Some(0.625),
            thumbnail: None,
        };
        vec![
            entry(HistoryKind::Caption, "A dog runs", None),
            entry(HistoryKind::Answer, "brown", Some("what color\nis it?")),
            entry(HistoryKind::Text, "<b>*SALE*</b>", None),
        ]
    }

    #[test]
    fn both_formats_hold_every_entry() {
        let folder = tempfile::tempdir().unwrap();
        let path = export(folder.path(), &entries(), ExportFormat::Markdown).unwrap();
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains("- **2026-11-23T06:00:00.000Z** A dog runs (62 %)\n"), "{text}");
        assert!(text.contains("Question: what color is it? Answer: brown"), "{text}");
        assert!(text.contains(r"\<b\>\*SALE\*\</b\>"), "{text}");
        let path = export(folder.path(), &entries(), ExportFormat::Json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let read: Vec<HistoryEntry> = serde_json::from_value(json["entries"].clone()).unwrap();
        assert_eq!((read, json["version"].as_u64()), (entries(), Some(1)));
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let mut names: Vec<_> = (0..3).map(|_| create(folder.path(), "x", "md").unwrap().0).collect();
        names.dedup();
        assert_eq!(names.len(), 3);
        assert!(names[2].ends_with("captions-x-3.md"));
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = export(&file.join("below"), &entries(), ExportFormat::Json).unwrap_err();
        assert_eq!(error.code(), "file.unwritable");
    }

    #[test]
    fn a_stamp_sorts_by_time() {
        let time = OffsetDateTime::from_unix_timestamp(1_795_413_600).unwrap();
        assert_eq!(stamp(time), "2026-11-23-060000Z");
    }

    #[test]
    fn a_path_that_climbs_out_is_not_below() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("a"), folder.path().join("b"));
        fs::create_dir_all(&inside).unwrap();
        fs::write(&outside, "").unwrap();
        fs::write(inside.join("f"), "").unwrap();
        assert!(is_below(&inside.join("f"), &[&inside]));
        assert!(!is_below(&inside.join("../b"), &[&inside]) && !is_below(&inside.join("none"), &[&inside]));
    }
}
