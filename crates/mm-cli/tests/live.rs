//! `mm live` and `mm bench --live` as a person and as a script use them: the real program on real pictures with the
//! shipped bundle.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise, as tests do")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/ocr").join(name)
}

fn mm() -> Command {
    let mut command = Command::cargo_bin("mm").unwrap();
    command.env_remove("MM_MODELS").env_remove("MM_LOG");
    command
}

fn live(path: &Path, arguments: &[&str]) -> Output {
    mm().arg("live").arg(format!("--source=replay:{}", path.display())).args(arguments).output().unwrap()
}

fn objects(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == kind).collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with some of the golden pictures.
fn folder(names: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (index, name) in names.iter().enumerate() {
        fs::copy(golden(name), folder.path().join(format!("{index}-{name}"))).unwrap();
    }
    folder
}

#[test]
fn a_folder_is_captioned_read_and_counted() {
    let pictures = folder(&["street-sign.jpg", "receipt.jpg", "rocket.jpg"]);
    fs::write(pictures.path().join("9-cut.jpg"), b"\xFF\xD8\xFF not a picture").unwrap();
    let output = live(pictures.path(), &["--pace", "fast", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let events = objects(&output);
    assert_eq!((&events[0]["event"], &events[0]["width"]), (&"started".into(), &640.into()), "{}", events[0]);
    assert_eq!(events.last().unwrap()["event"], "ended");
    assert_eq!(events.iter().filter(|e| e["event"] == "ended").count(), 1);

    let captions = of(&events, "caption");
    assert!(!captions.is_empty());
    for caption in &captions {
        assert!(caption["caption"].as_str().unwrap().contains(' '), "{caption}");
        assert!((0.0..=1.0).contains(&caption["confidence"].as_f64().unwrap()));
        assert!(
            caption["ms"]["glass_to_caption"].as_f64().unwrap() >= caption["ms"]["decode"].as_f64().unwrap()
        );
    }
    // The last picture has no text that can be mistaken; the first is read because nothing else is in the way yet.
    let texts = of(&events, "text");
    assert_eq!(texts.last().unwrap()["sequence"], 2, "the last sound frame is read");
    for text in &texts {
        let quads = text["regions"].as_array().unwrap();
        assert!(quads.iter().all(|region| region["quad"].as_array().unwrap().len() == 4));
    }
    let stats = of(&events, "stats");
    let last = stats.last().unwrap();
    assert_eq!((&last["captured"], &last["analysed"], &last["dropped"]), (&3.into(), &3.into(), &0.into()));
    assert_eq!(last["vision"]["count"], 3);
}

#[test]
fn in_real_time_the_words_in_view_are_told_to_people() {
    let output = live(&golden("street-sign.jpg"), &["--fps", "30", "--repeat", "--frames", "45"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("text: MAPLE STREET"), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.contains("45 frames, ") && last.contains("p50/p95 ms: vision "), "{text}");
    // A sentence stands before the statistics, and it says nothing of text.
    assert!(text.lines().any(|line| !line.contains("text: ") && line != last), "{text}");
    assert!(stderr(&output).contains("watching street-sign.jpg"), "{}", stderr(&output));
}

#[test]
fn one_result_can_be_had_alone() {
    let pictures = folder(&["street-sign.jpg"]);
    let only = |which| objects(&live(pictures.path(), &["--pace", "fast", "--json", "--only", which]));
    let captions = only("captions");
    assert!(of(&captions, "text").is_empty() && of(&captions, "caption").len() == 1, "{captions:?}");
    let text = only("text");
    assert!(of(&text, "caption").is_empty(), "{text:?}");
    assert_eq!(of(&text, "text")[0]["lines"][0], "MAPLE STREET");
}

#[test]
fn a_bad_source_is_a_coded_error() {
    let files = TempDir::new().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(files.path().join(name), bytes).unwrap();
    put("a.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0isommp42");
    put("a.y4m", b"YUV4MPEG2 W99999 H99999\n");
    for (name, code) in [
        ("gone", "replay.not_found"),
        ("a.mp4", "replay.unsupported"),
        ("a.y4m", "replay.corrupt"),
        ("", "replay.empty"),
    ] {
        let output = live(&files.path().join(name), &["--json"]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert_eq!(objects(&output)[0]["error"]["code"], code, "{name}");
        assert!(stderr(&output).contains(&format!("[{code}]")), "{}", stderr(&output));
    }
    let camera = |id: &str| mm().args(["live", "--source", &format!("camera:{id}")]).output().unwrap();
    let output = camera("no camera has this name");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("error [camera."), "{}", stderr(&output));
    for wrong in
        [&["live"][..], &["live", "--source", "clip.y4m"], &["live", "--source", "camera:0", "--fps", "0"]]
    {
        assert_eq!(mm().args(wrong).output().unwrap().status.code(), Some(2), "{wrong:?}");
    }
    assert!(mm().args(["live", "--list-cameras", "--json"]).output().unwrap().status.success());
}

/// Ctrl-C is the usual end of `mm live`: it is no failure, and the statistics come.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_statistics() {
    use std::{
        io::{BufRead, BufReader},
        process::{Command, Stdio},
    };
    let source = format!("--source=replay:{}", golden("rocket.jpg").display());
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("mm"))
        .args(["live", &source, "--repeat", "--fps", "10", "--json"])
        .env_remove("MM_MODELS")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| line.unwrap());
    let caption = lines.by_ref().find(|line| line.contains("\"event\":\"caption\""));
    assert!(caption.is_some());
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let rest: Vec<String> = lines.collect();
    assert!(child.wait().unwrap().success());
    let [.., stats, ended] = &rest[..] else { panic!("{rest:?}") };
    assert!(stats.contains("\"event\":\"stats\"") && ended == "{\"event\":\"ended\"}", "{rest:?}");
}

#[test]
fn the_benchmark_measures_the_drawn_pages_and_a_named_recording() {
    let bench = |arguments: &[&str]| {
        let output =
            mm().args(["bench", "--live", "--seconds", "2", "--json"]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        objects(&output).remove(0)
    };
    let drawn = bench(&[]);
    assert_eq!((&drawn["width"], &drawn["height"]), (&640.into(), &480.into()));
    assert!(drawn["captured_fps"].as_f64().unwrap() > 1.0 && drawn["analysed_fps"].as_f64().unwrap() > 0.0);
    assert!((0.0..=1.0).contains(&drawn["drop_rate"].as_f64().unwrap()));
    assert!(drawn["deepest_queue"].as_u64().unwrap() <= 1, "{drawn}");
    assert!(drawn["first_caption_ms"].as_f64().unwrap() > 0.0);
    if cfg!(target_os = "linux") {
        assert!(drawn["memory_peak_bytes"].as_u64() >= drawn["memory_end_bytes"].as_u64(), "{drawn}");
    }
    let source = format!("replay:{}", golden("receipt.jpg").display());
    let named = bench(&["--source", &source, "--only", "language"]);
    assert_eq!((&named["source"], &named["text"]), (&"receipt.jpg".into(), &false.into()));
    assert_eq!(mm().args(["bench", "--source", &source]).output().unwrap().status.code(), Some(2));
}
