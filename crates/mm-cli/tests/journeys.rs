//! `mm` as a person and as a script use it: the real program on real pictures with the shipped bundle.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise, as tests do")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn golden(name: &str) -> PathBuf {
    repository().join("tests/golden/ocr").join(name)
}

fn mm() -> Command {
    let mut command = Command::cargo_bin("mm").unwrap();
    command.env_remove("MM_MODELS").env_remove("MM_LOG");
    command
}

fn json_lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn code(value: &Value) -> &str {
    value["error"]["code"].as_str().unwrap_or("no error")
}

#[test]
fn ocr_prints_the_words_of_a_picture() {
    let output = mm().arg("ocr").arg(golden("street-sign.jpg")).output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "MAPLE STREET\nCity Museum 350 m\n");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn json_keeps_its_contract_and_the_order_of_the_inputs() {
    let names = ["vertical.jpg", "empty.jpg", "street-sign.jpg"];
    let output = mm().args(["ocr", "--json"]).args(names.map(golden)).output().unwrap();
    assert!(output.status.success());
    let pages = json_lines(&output);
    assert_eq!(pages.len(), 3);
    for (page, name) in pages.iter().zip(names) {
        assert!(page["image"].as_str().unwrap().ends_with(name));
        assert!(page["width"].is_u64() && page["height"].is_u64());
        for stage in ["decode", "detect", "recognize", "total"] {
            assert!(page["ms"][stage].as_f64().unwrap() >= 0.0, "{stage}");
        }
        for region in page["regions"].as_array().unwrap() {
            assert!((0.0..=1.0).contains(&region["confidence"].as_f64().unwrap()));
            assert_eq!(region["quad"].as_array().unwrap().len(), 4);
            assert_eq!(region["quad"][0].as_array().unwrap().len(), 2);
            let words = region["words"].as_array().unwrap();
            let joined: Vec<&str> = words.iter().map(|w| w["text"].as_str().unwrap()).collect();
            assert_eq!(joined.join(" "), region["text"].as_str().unwrap());
        }
    }
    assert_eq!(pages[1]["regions"].as_array().unwrap().len(), 0);
    assert_eq!(pages[0]["provider"], "cpu");
}

/// Each bad file has its code, in its place, and the good ones around it are still read.
#[test]
fn bad_files_are_reported_and_the_rest_goes_on() {
    let dir = TempDir::new().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let good = fs::read(golden("street-sign.jpg")).unwrap();
    let huge = fs::read(repository().join("crates/mm-core/tests/fixtures/images/claims_50000.png")).unwrap();
    let cases = [
        (put("cut.jpg", &good[..good.len() / 2]), "image.corrupt"),
        (golden("street-sign.jpg"), "no error"),
        (put("zero.png", b""), "image.empty"),
        (put("huge.png", &huge), "image.too_large"),
        (put("letter.jpg", b"Dear Sir or Madam,\nthis is not a picture.\n"), "image.unsupported_format"),
        (dir.path().join("gone.jpg"), "file.unreadable"),
        (golden("vertical.jpg"), "no error"),
    ];
    let output = mm().args(["ocr", "--json"]).args(cases.iter().map(|(path, _)| path)).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let results = json_lines(&output);
    let codes: Vec<&str> = results.iter().map(code).collect();
    assert_eq!(codes, cases.iter().map(|(_, code)| *code).collect::<Vec<_>>());
    assert!(
        results.iter().all(|r| r["error"].is_null() || !r["error"]["message"].as_str().unwrap().is_empty())
    );

    let plain = mm().arg("ocr").args(cases.iter().map(|(path, _)| path)).output().unwrap();
    assert_eq!(plain.status.code(), Some(1));
    let (stdout, stderr) = (String::from_utf8_lossy(&plain.stdout), String::from_utf8_lossy(&plain.stderr));
    assert!(stdout.contains("MAPLE STREET") && stdout.contains("GRAND HOTEL"));
    assert!(stderr.contains("[image.empty]") && !stdout.contains("image.empty"));
}

#[test]
fn standard_input_folders_crops_and_overlays() {
    let sign = fs::read(golden("street-sign.jpg")).unwrap();
    let output = mm().args(["ocr", "-"]).write_stdin(sign).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("MAPLE STREET"));

    let dir = TempDir::new().unwrap();
    fs::copy(golden("empty.jpg"), dir.path().join("b.jpg")).unwrap();
    fs::copy(golden("vertical.jpg"), dir.path().join("a.JPG")).unwrap();
    fs::write(dir.path().join("notes.txt"), "not looked at").unwrap();
    let output = mm().args(["ocr", "--json"]).arg(dir.path()).output().unwrap();
    let pages = json_lines(&output);
    assert!(output.status.success() && pages.len() == 2);
    assert!(pages[0]["image"].as_str().unwrap().ends_with("a.JPG"));

    let crop = repository().join("crates/mm-core/tests/reference/ocr/sign-line0-crop.png");
    let output = mm().args(["ocr", "--crop"]).arg(crop).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Books & Maps\n");

    let drawn = dir.path().join("drawn.png");
    let output =
        mm().arg("ocr").arg(golden("street-sign.jpg")).arg("--overlay").arg(&drawn).output().unwrap();
    assert!(output.status.success());
    assert_eq!(image::image_dimensions(&drawn).unwrap(), (640, 480));
}

#[test]
fn wrong_usage_ends_with_status_2() {
    let wrong: [&[&str]; 5] = [
        &["ocr"],
        &["ocr", "x.jpg", "--provider", "gpu"],
        &["ocr", "x.jpg", "--min-confidence", "7"],
        &["ocr", "a.jpg", "b.jpg", "--overlay", "o.png"],
        &["paint"],
    ];
    for arguments in wrong {
        let output = mm().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

fn copy_of_bundle(into: &Path) -> PathBuf {
    let folder = into.join("mobile-mm-llm-int2");
    fs::create_dir_all(&folder).unwrap();
    for file in fs::read_dir(repository().join("models/mobile-mm-llm-int2")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    folder
}

#[test]
fn a_damaged_bundle_is_refused_by_name_of_the_file() {
    let dir = TempDir::new().unwrap();
    let folder = copy_of_bundle(dir.path());
    let graph = folder.join("ocr-recognizer.onnx");
    let mut bytes = fs::read(&graph).unwrap();
    bytes[1000] ^= 1;
    fs::write(&graph, bytes).unwrap();

    let output =
        mm().args(["ocr", "--json", "--model"]).arg(&folder).arg(golden("empty.jpg")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(code(&json_lines(&output)[0]), "bundle.checksum_mismatch");
    let verify = mm().args(["model", "verify"]).arg(&folder).output().unwrap();
    assert_eq!(verify.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&verify.stderr).contains("ocr-recognizer.onnx"));
}

#[test]
fn bundles_are_listed_described_and_verified() {
    let dir = TempDir::new().unwrap();
    copy_of_bundle(dir.path());
    let list = mm().env("MM_MODELS", dir.path()).args(["model", "list", "--json"]).output().unwrap();
    assert_eq!(json_lines(&list)[0]["name"], "mobile-mm-llm-int2");
    assert!(json_lines(&list)[0]["path"].as_str().unwrap().starts_with(dir.path().to_str().unwrap()));

    let info = mm().args(["model", "info", "--json"]).output().unwrap();
    let info = &json_lines(&info)[0];
    assert!(info["license"].as_str().unwrap().contains("Apache-2.0"));
    assert!(info["bytes"].as_u64().unwrap() < 35_000_000);

    let verify = mm().args(["model", "verify", "--json"]).output().unwrap();
    assert_eq!(json_lines(&verify)[0]["sound"], true);

    let missing = mm().args(["model", "info", "no-such-bundle"]).output().unwrap();
    assert!(String::from_utf8_lossy(&missing.stderr).contains("[bundle.not_found]"));
}

#[test]
fn a_missing_runtime_and_a_missing_provider_say_so() {
    let output = mm()
        .env("ORT_DYLIB_PATH", "/no/such/library.so")
        .args(["ocr", "--json"])
        .arg(golden("empty.jpg"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(code(&json_lines(&output)[0]), "runtime.library_missing");

    let empty = TempDir::new().unwrap();
    let output = mm()
        .env("MM_QNN_DIR", empty.path())
        .args(["ocr", "--json", "--provider", "qnn"])
        .arg(golden("street-sign.jpg"))
        .output()
        .unwrap();
    assert!(output.status.success(), "a provider that cannot start must not stop the work");
    assert_eq!(json_lines(&output)[0]["provider"], "cpu");
    assert!(String::from_utf8_lossy(&output.stderr).contains("notice [runtime.provider_unavailable]"));
}

#[test]
fn bench_reports_every_stage() {
    let output = mm().args(["bench", "--json", "--iterations", "1", "--threads", "1"]).output().unwrap();
    let report = &json_lines(&output)[0];
    assert_eq!(report["threads"], 1);
    assert_eq!(report["provider"], "cpu");
    assert!(report["cold_start_ms"]["total"].as_f64().unwrap() > 0.0);
    for image in report["images"].as_array().unwrap() {
        assert!(image["text_lines"].as_u64().unwrap() > 0);
        for stage in ["decode", "detect", "recognize", "total"] {
            assert!(image[stage]["p50"].as_f64().unwrap() <= image[stage]["p95"].as_f64().unwrap());
        }
    }
}

#[test]
fn completions_and_manual_are_generated() {
    let dir = TempDir::new().unwrap();
    assert!(mm().arg("generate").arg("--dir").arg(dir.path()).output().unwrap().status.success());
    let manual = fs::read_to_string(dir.path().join("mm-ocr.1")).unwrap();
    assert!(manual.contains("overlay"));
    assert!(dir.path().join("mm.bash").is_file() && dir.path().join("_mm").is_file());
}

/// The promise is that nothing leaves the device: reading works where there is no network interface to leave by.
#[cfg(target_os = "linux")]
#[test]
fn reading_needs_no_network() {
    let isolated = |program: &Path| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "--"]).arg(program);
        command
    };
    let allowed = isolated(Path::new("true")).output().is_ok_and(|o| o.status.success());
    if !allowed {
        // Some containers forbid namespaces; the CI machine does not.
        assert!(std::env::var_os("CI").is_none(), "CI must be able to prove the privacy promise");
        return;
    }
    let program = PathBuf::from(mm().get_program());
    let output = isolated(&program).arg("ocr").arg(golden("street-sign.jpg")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "MAPLE STREET\nCity Museum 350 m\n");
}

/// Official builds of ONNX Runtime collect telemetry unless told not to: they begin with an identifier of the device and
/// a store of events in the home folder.
#[test]
fn nothing_is_collected_and_nothing_is_left_behind() {
    let home = TempDir::new().unwrap();
    let mut reading = mm();
    reading.env("HOME", home.path()).env("LOCALAPPDATA", home.path()).env_remove("XDG_CACHE_HOME");
    // Even where somebody's environment allows it.
    reading.env("ORT_DISABLE_TELEMETRY", "0");
    assert!(reading.arg("ocr").arg(golden("street-sign.jpg")).output().unwrap().status.success());
    let left: Vec<PathBuf> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}
