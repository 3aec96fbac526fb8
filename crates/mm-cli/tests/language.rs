//! `mm caption`, `mm ask` and `mm embed` as a person and as a script use them: the real program on a tiny bundle that
//! knows two drawings by heart, and on the shipped one where it can caption.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise, as tests do")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn tiny() -> PathBuf {
    repository().join("crates/mm-core/tests/fixtures/tiny")
}

fn drawing(name: &str) -> PathBuf {
    tiny().join(format!("reference-{name}.png"))
}

fn mm_with(bundle: &Path) -> Command {
    let mut command = Command::cargo_bin("mm").unwrap();
    command.env_remove("MM_MODELS").env_remove("MM_LOG").arg("--model").arg(bundle);
    command
}

fn mm() -> Command {
    mm_with(&tiny().join("bundle"))
}

fn json_lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn code(value: &Value) -> &str {
    value["error"]["code"].as_str().unwrap_or("no error")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn assert_ms(value: &Value) {
    let ms = |stage: &str| value["ms"][stage].as_f64().unwrap();
    let parts: f64 = ["decode_image", "preprocess", "vision", "decode"].map(ms).iter().sum();
    assert!(ms("total") > 0.0 && (ms("total") - parts).abs() < 0.1, "{value}");
}

#[test]
fn captions_are_sentences_for_people_and_objects_for_scripts() {
    let output = mm().arg("caption").arg(drawing("house")).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    assert!(stdout(&output).ends_with("A white house and green grass\n"), "{}", stdout(&output));

    let names = ["shore", "house", "shore"];
    let output = mm().args(["caption", "--json", "--beams", "1"]).args(names.map(drawing)).output().unwrap();
    let captions = json_lines(&output);
    assert!(output.status.success() && captions.len() == 3);
    for (caption, name) in captions.iter().zip(names) {
        assert!(caption["image"].as_str().unwrap().ends_with(&format!("{name}.png")));
        assert!((0.0..=1.0).contains(&caption["confidence"].as_f64().unwrap()));
        assert_eq!((&caption["calibrated"], &caption["provider"]), (&json!(true), &json!("cpu")));
        assert_ms(caption);
    }
    assert_eq!(captions[0]["caption"], "two people on the beach");
    assert_eq!(captions[1]["caption"], "a white house and green grass");
    assert_eq!(captions[0]["caption"], captions[2]["caption"]);
}

#[test]
fn one_bad_picture_does_not_stop_the_others() {
    let dir = TempDir::new().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let whole = fs::read(drawing("shore")).unwrap();
    let inputs = [
        put("empty.png", b""),
        drawing("shore"),
        put("cut.png", &whole[..100]),
        put("letter.txt", b"Dear Sir or Madam"),
        dir.path().join("gone.png"),
        drawing("house"),
    ];
    let expected = [
        "image.empty",
        "no error",
        "image.corrupt",
        "image.unsupported_format",
        "file.unreadable",
        "no error",
    ];
    for verb in ["caption", "embed"] {
        let output = mm().args([verb, "--json"]).args(&inputs).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{verb}");
        assert_eq!(json_lines(&output).iter().map(code).collect::<Vec<_>>(), expected, "{verb}");
    }
    let plain = mm().arg("caption").args(&inputs).output().unwrap();
    assert!(stdout(&plain).contains("shore.png: ") && stdout(&plain).contains("Two people on the beach"));
    assert!(String::from_utf8_lossy(&plain.stderr).contains("[image.corrupt]"));
}

#[test]
fn questions_are_answered_one_at_a_time() {
    let output = mm().arg("ask").arg(drawing("shore")).arg("What colour is the sky?").output().unwrap();
    assert!(output.status.success() && stdout(&output).ends_with("blue\n"), "{}", stdout(&output));

    let output = mm().args(["ask", "--json"]).arg(drawing("house")).arg("Is there a dog?").output().unwrap();
    let answer = &json_lines(&output)[0];
    assert_eq!((&answer["answer"], &answer["sure"]), (&json!("yes"), &json!(true)));
    assert_eq!((&answer["kind"], &answer["question"]), (&json!("yes/no"), &json!("Is there a dog?")));
    assert!(answer.get("guess").is_none());
    assert_eq!(answer["alternatives"].as_array().unwrap().len(), 2);
    assert_ms(answer);

    let unsure = |arguments: &[&str]| {
        let mut command = mm();
        command.arg("ask").args(arguments).args(["--unsure-below", "1"]).arg(drawing("house"));
        command.arg("Is there a dog?").output().unwrap()
    };
    let object = &json_lines(&unsure(&["--json"]))[0];
    assert_eq!((&object["answer"], &object["guess"]), (&json!("not sure"), &json!("yes")));
    assert_eq!(stdout(&unsure(&[])), "not sure (a guess: yes)\n");
}

#[test]
fn a_batch_keeps_its_order_and_reports_bad_lines_in_their_place() {
    let dir = TempDir::new().unwrap();
    let long = "why ".repeat(2500);
    let lines = [
        (drawing("shore"), "how many people are there", "no error"),
        (drawing("shore"), "", "question.empty"),
        (dir.path().join("gone.png"), "is there a dog", "file.unreadable"),
        (drawing("house"), long.as_str(), "question.too_long"),
        // A bad question is refused before its picture is opened.
        (dir.path().join("gone.png"), "?", "question.empty"),
        (drawing("house"), "what is the man doing", "no error"),
    ];
    let object = |(image, question, _): &(PathBuf, &str, &str)| json!({"image": image, "question": question});
    // Empty lines are skipped.
    let text = lines.each_ref().map(|line| object(line).to_string()).join("\n\n");
    let file = dir.path().join("questions.jsonl");
    fs::write(&file, &text).unwrap();
    let output = mm().args(["ask", "--json", "--batch"]).arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let answers = json_lines(&output);
    assert_eq!(answers.iter().map(code).collect::<Vec<_>>(), lines.each_ref().map(|(_, _, code)| *code));
    assert!(answers.iter().zip(&lines).all(|(a, (image, question, _))| {
        a["image"] == image.to_str().unwrap() && a["question"] == *question
    }));
    assert_eq!((&answers[0]["answer"], &answers[5]["answer"]), (&json!("two"), &json!("holding hat")));

    let piped = mm().args(["ask", "--json", "--batch", "-"]).write_stdin(text).output().unwrap();
    assert_eq!(json_lines(&piped).len(), lines.len());
}

#[test]
fn texts_and_pictures_are_embedded_alike() {
    let output = mm().args(["embed", "--json", "--text", "a dog", " . ", "two people"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let texts = json_lines(&output);
    assert_eq!(texts.iter().map(code).collect::<Vec<_>>(), ["no error", "text.empty", "no error"]);
    let output = mm().args(["embed", "--json"]).arg(drawing("shore")).output().unwrap();
    let images = json_lines(&output);
    for value in [&texts[0], &texts[2], &images[0]] {
        let numbers = value["embedding"].as_array().unwrap();
        assert_eq!(numbers.len(), 24);
        let length: f64 = numbers.iter().map(|v| v.as_f64().unwrap().powi(2)).sum();
        assert!((length - 1.0).abs() < 1e-4);
    }
    let compared = mm().arg("embed").args(["shore", "house"].map(drawing)).output().unwrap();
    let line = stdout(&compared);
    assert!(
        (-1.0..=1.0).contains(&line.split_whitespace().next().unwrap().parse::<f64>().unwrap()),
        "{line}"
    );
}

#[test]
fn wrong_usage_ends_with_status_2() {
    let dir = TempDir::new().unwrap();
    let broken = dir.path().join("broken.jsonl");
    fs::write(&broken, "{\"image\": 3}\n").unwrap();
    let wrong: [&[&str]; 9] = [
        &["caption"],
        &["caption", "x.png", "--beams", "0"],
        &["caption", "x.png", "--beams", "17"],
        &["ask", "x.png"],
        &["ask", "x.png", "what is this", "--batch", "f.jsonl"],
        &["ask", "x.png", "what is this", "--unsure-below", "2"],
        &["ask", "--batch", broken.to_str().unwrap()],
        &["embed"],
        &["embed", "x.png", "--text", "a dog"],
    ];
    for arguments in wrong {
        let output = mm().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

#[test]
fn a_damaged_bundle_gives_one_coded_object_per_input() {
    let dir = TempDir::new().unwrap();
    for file in fs::read_dir(tiny().join("bundle")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
    }
    let graph = dir.path().join("vision.onnx");
    let mut bytes = fs::read(&graph).unwrap();
    bytes[200] ^= 1;
    fs::write(&graph, bytes).unwrap();
    let bad = |arguments: &[&str]| {
        let output =
            mm_with(dir.path()).args(arguments).args(["shore", "house"].map(drawing)).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        json_lines(&output).iter().map(|v| code(v).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(bad(&["caption", "--json"]), ["bundle.checksum_mismatch"; 2]);
    assert_eq!(bad(&["embed", "--json"]), ["bundle.checksum_mismatch"; 2]);
    let texts = mm_with(dir.path()).args(["embed", "--json", "--text", "a dog"]).output().unwrap();
    assert!(texts.status.success(), "the text encoder is whole");
}

#[test]
fn bench_measures_captions_alone() {
    let output = mm()
        .args(["bench", "--json", "--only", "language", "--iterations", "2"])
        .arg(drawing("shore"))
        .output();
    let report = &json_lines(&output.unwrap())[0];
    assert!(report.get("images").is_none() && report["peak_memory_bytes"].as_u64().is_some());
    let language = &report["language"];
    assert!(language["load_graphs_ms"].as_f64().unwrap() > 0.0);
    let image = &language["images"][0];
    assert_eq!(image["caption"], "two people on the beach");
    for stage in ["preprocess", "vision", "caption_greedy", "caption_beam", "answer_after_vision"] {
        assert!(image[stage]["p50"].as_f64().unwrap() <= image[stage]["p95"].as_f64().unwrap(), "{stage}");
    }
    assert!(language["embed_text"]["p50"].as_f64().unwrap() > 0.0);
}

/// What must be true of any sensible model; skipped while the shipped bundle only reads text.
#[test]
fn the_shipped_bundle_says_something_of_everything() {
    let bundle = repository().join("models/mobile-mm-llm-int2");
    let manifest: Value = serde_json::from_slice(&fs::read(bundle.join("manifest.json")).unwrap()).unwrap();
    if manifest["models"].get("decoder").is_none() {
        let output = mm_with(&bundle).args(["caption", "--json"]).arg(drawing("shore")).output().unwrap();
        assert_eq!(code(&json_lines(&output)[0]), "task.unsupported");
        return;
    }
    let dir = TempDir::new().unwrap();
    let black = dir.path().join("black.png");
    image::RgbImage::new(320, 240).save(&black).unwrap();
    let photo = repository().join("tests/golden/ocr/fire-engine.jpg");
    let output = mm_with(&bundle).args(["caption", "--json"]).args([&photo, &black]).output().unwrap();
    let captions = json_lines(&output);
    assert!(output.status.success());
    for caption in &captions {
        assert!(
            (1..=18).contains(&caption["caption"].as_str().unwrap().split_whitespace().count()),
            "{caption}"
        );
        assert!((0.0..=1.0).contains(&caption["confidence"].as_f64().unwrap()));
    }
    let asked = |question: &str| {
        let output = mm_with(&bundle).args(["ask", "--json"]).arg(&photo).arg(question).output().unwrap();
        let answer = json_lines(&output).remove(0);
        answer.get("guess").unwrap_or(&answer["answer"]).as_str().unwrap().to_owned()
    };
    assert!(["yes", "no"].contains(&asked("Is there a dog?").as_str()));
    let color = asked("What colour is the truck?");
    assert!(color.chars().all(|c| c.is_ascii_lowercase() || c == ' ') && !color.is_empty(), "{color}");
    let count = asked("How many people are in this picture?");
    assert!(count.parse::<u32>().is_err() && !count.is_empty(), "{count}: numbers are words");
}
