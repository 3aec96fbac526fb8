use std::{fs, path::Path};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;

fn write_bundle(root: &Path, name: &str) -> PathBuf {
    let folder = root.join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("detector.onnx"), b"not really a graph").unwrap();
    let manifest = serde_json::json!({
        "schema": 1, "name": name, "version": "0.1.0", "license": "MIT",
        "files": [{
            "path": "detector.onnx", "role": "ocr-detector", "bytes": 18,
            "sha256": hex(&Sha256::digest(b"not really a graph")),
        }],
    });
    fs::write(folder.join(MANIFEST_FILE), manifest.to_string()).unwrap();
    folder
}

fn edit(folder: &Path, change: impl Fn(&mut serde_json::Value)) {
    let path = folder.join(MANIFEST_FILE);
    let mut value: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

fn code(result: Result<Bundle>) -> &'static str {
    result.map_or_else(|e| e.code(), |_| "ok")
}

#[test]
fn a_sound_bundle_opens_and_reads() {
    let dir = TempDir::new().unwrap();
    let bundle = Bundle::open(&write_bundle(dir.path(), "b")).unwrap();
    assert_eq!(bundle.read(Role::OcrDetector).unwrap(), b"not really a graph");
    assert_eq!(bundle.total_bytes(), 18);
    bundle.verify().unwrap();
    assert_eq!(bundle.read(Role::Vision).unwrap_err().code(), "bundle.role_missing");
}

#[test]
fn every_kind_of_damage_has_its_code_and_names_the_file() {
    type Damage = fn(&Path);
    let cases: [(&str, Damage, &str); 9] = [
        ("bundle.not_found", |f| fs::remove_file(f.join(MANIFEST_FILE)).unwrap(), "b"),
        ("bundle.file_missing", |f| fs::remove_file(f.join("detector.onnx")).unwrap(), "detector.onnx"),
        ("bundle.file_extra", |f| fs::write(f.join("stray.bin"), b"x").unwrap(), "stray.bin"),
        (
            "bundle.checksum_mismatch",
            |f| fs::write(f.join("detector.onnx"), b"cut").unwrap(),
            "detector.onnx",
        ),
        (
            "bundle.manifest_invalid",
            |f| fs::write(f.join(MANIFEST_FILE), b"{\"schema\":1").unwrap(),
            "manifest",
        ),
        ("bundle.schema_too_new", |f| edit(f, |m| m["schema"] = 99.into()), "99"),
        ("bundle.manifest_invalid", |f| edit(f, |m| m["files"][0]["path"] = "../up".into()), "../up"),
        ("bundle.manifest_invalid", |f| edit(f, |m| m["files"][0]["sha256"] = "ABC".into()), "sha256"),
        ("bundle.manifest_invalid", |f| edit(f, |m| m["name"] = "a/b".into()), "a/b"),
    ];
    for (expected, damage, named) in cases {
        let dir = TempDir::new().unwrap();
        let folder = write_bundle(dir.path(), "b");
        damage(&folder);
        let error = Bundle::open(&folder).unwrap_err();
        assert_eq!(error.code(), expected, "{error}");
        assert!(error.to_string().contains(named), "{error} does not name {named}");
    }
}

#[test]
fn a_changed_byte_of_the_same_length_is_caught_when_read() {
    let dir = TempDir::new().unwrap();
    let folder = write_bundle(dir.path(), "b");
    fs::write(folder.join("detector.onnx"), b"not really a grapH").unwrap();
    let bundle = Bundle::open(&folder).unwrap();
    assert_eq!(bundle.read(Role::OcrDetector).unwrap_err().code(), "bundle.checksum_mismatch");
    assert_eq!(bundle.verify().unwrap_err().code(), "bundle.checksum_mismatch");
}

#[test]
fn a_newer_schema_is_recognised_even_if_all_else_differs() {
    let error = Manifest::parse(br#"{"schema": 2, "files": "elsewhere"}"#, Path::new("m")).unwrap_err();
    assert_eq!(error.code(), "bundle.schema_too_new");
}

#[test]
fn unknown_roles_are_kept_and_hidden_files_ignored() {
    let dir = TempDir::new().unwrap();
    let folder = write_bundle(dir.path(), "b");
    edit(&folder, |m| m["files"][0]["role"] = "from-the-future".into());
    fs::write(folder.join(".DS_Store"), b"x").unwrap();
    let bundle = Bundle::open(&folder).unwrap();
    assert_eq!(bundle.manifest().files[0].role, Role::Other);
}

#[test]
fn lookup_prefers_a_path_then_the_search_order() {
    let (first, second) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    write_bundle(second.path(), "only-second");
    let both = write_bundle(first.path(), "both");
    write_bundle(second.path(), "both");
    let search = SearchPath::new([first.path().to_path_buf(), second.path().to_path_buf()]);

    assert_eq!(find("both", &search).unwrap().root(), both);
    assert_eq!(code(find("only-second", &search)), "ok");
    assert_eq!(code(find(both.to_str().unwrap(), &SearchPath::default())), "ok");
    assert_eq!(search.bundles().len(), 2);

    let missing = find("nowhere", &search).unwrap_err();
    assert_eq!(missing.code(), "bundle.not_found");
    assert!(missing.to_string().contains(second.path().to_str().unwrap()));
    assert_eq!(code(find("../b", &search)), "bundle.not_found");
}
