//! `mm index` and `mm search` as a person uses them: the real program, the shipped bundle, real pictures.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise, as tests do")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/ocr")
}

fn mm() -> Command {
    let mut command = Command::cargo_bin("mm").unwrap();
    command.env_remove("MM_MODELS").env_remove("MM_LOG");
    command
}

fn json_lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn index(database: &Path, arguments: &[&str]) -> Output {
    mm().args(["index", "--full-speed", "--json", "--db"]).arg(database).args(arguments).output().unwrap()
}

fn finished(output: &Output) -> Value {
    json_lines(output).pop().unwrap()["finished"].clone()
}

#[test]
fn a_folder_is_indexed_searched_listed_forgotten_and_deleted() {
    let dir = TempDir::new().unwrap();
    let (photos, database) = (dir.path().join("photos"), dir.path().join("library.sqlite"));
    fs::create_dir(&photos).unwrap();
    for name in ["street-sign.jpg", "receipt.jpg", "rocket.jpg", "fire-engine.jpg"] {
        fs::copy(golden().join(name), photos.join(name)).unwrap();
    }
    let folder = photos.to_str().unwrap();
    let output = index(&database, &[folder]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let first = finished(&output);
    assert_eq!((&first["added"], &first["photos"]), (&Value::from(4), &Value::from(4)));
    assert!(
        first["photos_per_second"].as_f64().unwrap() > 0.0 && first["database_bytes"].as_u64().unwrap() > 0
    );

    let search = |arguments: &[&str]| {
        let output = mm().args(["search", "--json", "--db"]).arg(&database).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let first = json_lines(&output).into_iter().next().unwrap();
        Path::new(first["path"].as_str().unwrap()).file_name().unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(search(&["maple street"]), "street-sign.jpg");
    assert_eq!(search(&["--image", photos.join("rocket.jpg").to_str().unwrap()]), "rocket.jpg");

    // A bad file is listed and the exit status says so; the others are not read again.
    fs::write(photos.join("broken.jpg"), b"\xFF\xD8\xFF\xE0 cut").unwrap();
    let output = index(&database, &[]);
    assert_eq!(output.status.code(), Some(1));
    let lines = json_lines(&output);
    let failed = &lines[0]["failed"];
    assert!(failed["path"].as_str().unwrap().ends_with("broken.jpg"));
    assert_eq!(failed["error"]["code"], "image.corrupt");
    assert_eq!(
        (&finished(&output)["unchanged"], &finished(&output)["failed"]),
        (&Value::from(4), &Value::from(1))
    );

    let listed = mm().args(["index", "--list", "--db"]).arg(&database).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("photos: 4 photos, indexed "));
    assert!(
        mm().args(["index", "--forget", folder, "--db"]).arg(&database).output().unwrap().status.success()
    );
    let listed = mm().args(["index", "--list", "--db"]).arg(&database).output().unwrap();
    assert!(listed.stdout.is_empty());
    assert!(mm().args(["index", "--delete", "--db"]).arg(&database).output().unwrap().status.success());
    assert!(!database.exists());
    assert_eq!(fs::read_dir(&photos).unwrap().count(), 5, "photos are never touched");
}

#[test]
fn wrong_folders_and_databases_say_what_is_wrong() {
    let dir = TempDir::new().unwrap();
    let database = dir.path().join("library.sqlite");
    let output = index(&database, &[]);
    assert_eq!(output.status.code(), Some(2));
    let output = index(&database, &["no/such/folder"]);
    assert_eq!(json_lines(&output)[0]["error"]["code"], "folder.not_found");
    let notes = dir.path().join("notes.txt");
    fs::write(&notes, "Dear diary").unwrap();
    for action in [["index", "--delete"], ["index", "--list"]] {
        let output = mm().args(action).arg("--db").arg(&notes).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("[library.not_a_library]"));
    }
    assert_eq!(fs::read_to_string(&notes).unwrap(), "Dear diary");
}

#[test]
fn the_library_is_in_the_data_folder_unless_another_is_named() {
    let dir = TempDir::new().unwrap();
    let output = mm().env("MM_APP_DATA", dir.path()).args(["index", "--list"]).output().unwrap();
    assert!(output.status.success());
    assert!(dir.path().join("library.sqlite").is_file());
}
