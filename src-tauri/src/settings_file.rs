//! The settings on disk: one versioned JSON file, replaced as a whole.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    error::ShellError,
    folders,
    types::{Notice, Settings},
};

const FILE: &str = "settings.json";
/// Raised when an older program would misread the file.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Contents<T> {
    version: u32,
    settings: T,
}

/// Reads the settings below `data`. A file that cannot be used is kept aside, and a notice says so.
#[must_use]
pub fn load(data: &Path) -> (Settings, Option<Notice>) {
    let path = data.join(FILE);
    let problem = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (Settings::default(), None),
        Err(error) => error.to_string(),
        Ok(text) => match parse(&text) {
            Ok(settings) => return (settings, None),
            Err(problem) => problem,
        },
    };
    tracing::warn!(problem, "settings not used");
    let kept = set_aside(&path);
    let message = match &kept {
        Some(kept) => {
            format!("The settings could not be read ({problem}). They are kept as {}.", kept.display())
        }
        None => format!("The settings could not be read ({problem})."),
    };
    let notice = Notice {
        code: "settings.unreadable".to_owned(),
        message,
        next: Some("The usual settings are used: look through them.".to_owned()),
    };
    (Settings::default(), Some(notice))
}

/// Writes the settings below `data`: beside the old file, then in its place, so that a crash leaves one or the other.
pub fn save(data: &Path, settings: &Settings) -> Result<(), ShellError> {
    settings.check()?;
    folders::make(data)?;
    let path = data.join(FILE);
    let failed = |source| ShellError::Unwritable { path: path.clone(), source };
    let contents = Contents { version: VERSION, settings: settings.clone() };
    let mut file = tempfile::NamedTempFile::new_in(data).map_err(failed)?;
    serde_json::to_writer_pretty(&mut file, &contents).map_err(|error| failed(error.into()))?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn parse(text: &str) -> Result<Settings, String> {
    let contents: Contents<Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if contents.version > VERSION {
        return Err(format!("version {} is of a newer app", contents.version));
    }
    let mut all = serde_json::to_value(Settings::default()).map_err(|error| error.to_string())?;
    overlay(&mut all, contents.settings);
    let settings: Settings = serde_json::from_value(all).map_err(|error| error.to_string())?;
    settings.check().map_err(|error| error.to_string())?;
    Ok(settings)
}

/// Puts what `with` has in the place of what `base` has: a file of an older app lacks what came since.
fn overlay(base: &mut Value, with: Value) {
    match (base, with) {
        (Value::Object(base), Value::Object(with)) => {
            for (key, value) in with {
                overlay(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, with) => *base = with,
    }
}

/// Renames a file that cannot be used to the first free name.
fn set_aside(path: &Path) -> Option<PathBuf> {
    let free = (1..1000)
        .map(|n| path.with_file_name(format!("settings.unreadable-{n}.json")))
        .find(|candidate| !candidate.exists())?;
    match fs::rename(path, &free) {
        Ok(()) => Some(free),
        Err(error) => {
            tracing::warn!(%error, "unreadable settings stay where they are");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("new");
        let settings = Settings { text_scale: 1.5, threads: Some(3), ..Settings::default() };
        save(&data, &settings).unwrap();
        save(&data, &settings).unwrap();
        assert_eq!(load(&data), (settings, None));
        let files: Vec<_> = fs::read_dir(&data).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert_eq!(files, [FILE], "nothing half-written is left");
    }

    #[test]
    fn what_an_older_file_lacks_takes_its_default() {
        let old = r#"{"version": 1, "settings": {"mirror": true, "speech": {"rate": 1.5}, "gone": 1}}"#;
        let settings = parse(old).unwrap();
        assert!(settings.mirror && settings.captions && (settings.speech.rate - 1.5).abs() < 1e-6);
    }

    #[test]
    fn nothing_saved_is_no_reason_for_a_notice() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path()), (Settings::default(), None));
    }

    #[test]
    fn unusable_files_are_kept_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let newer = r#"{"version": 99, "settings": {}}"#;
        let wrong = r#"{"version": 1, "settings": {"textScale": 40}}"#;
        for (n, text) in ["{\"version\": 1, \"sett", newer, wrong, ""].into_iter().enumerate() {
            fs::write(folder.path().join(FILE), text).unwrap();
            let (settings, notice) = load(folder.path());
            assert_eq!(settings, Settings::default());
            assert_eq!(notice.unwrap().code, "settings.unreadable");
            let kept = folder.path().join(format!("settings.unreadable-{}.json", n + 1));
            assert_eq!(fs::read_to_string(kept).unwrap(), text);
            assert!(!folder.path().join(FILE).exists());
        }
    }

    #[test]
    fn invalid_settings_do_not_replace_the_file() {
        let folder = tempfile::tempdir().unwrap();
        save(folder.path(), &Settings::default()).unwrap();
        let wrong = Settings { text_scale: f32::INFINITY, ..Settings::default() };
        assert_eq!(save(folder.path(), &wrong).unwrap_err().code(), "settings.invalid");
        assert_eq!(load(folder.path()), (Settings::default(), None));
    }
}
