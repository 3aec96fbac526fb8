//! Reading the golden pictures with the shipped bundle: the text of each, line by line, is what it was.
//!
//! `MM_UPDATE_GOLDEN=1 cargo test -p mm-core --test golden_ocr` writes the expected files anew; look at the diff.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise, as tests do")]

use std::{collections::HashMap, env, fs, path::PathBuf};

use mm_core::{
    bundle::Bundle,
    decode::{self, Limits},
    geometry::Quad,
    model::Model,
    runtime::SessionOptions,
    tasks::ocr::{ReadOptions, TextPage},
};
use serde::Deserialize;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn model() -> Model {
    let bundle = Bundle::open(&repository().join("models/mobile-mm-llm-int2")).unwrap();
    Model::new(bundle, SessionOptions::default())
}

fn golden() -> PathBuf {
    repository().join("tests/golden/ocr")
}

fn read(model: &Model, picture: &str) -> TextPage {
    let image = decode::read_file(golden().join(picture), &Limits::default()).unwrap();
    model.read_text(&image, &ReadOptions::default()).unwrap()
}

fn pictures() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(golden())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| matches!(name.rsplit('.').next(), Some("jpg" | "png")))
        .collect();
    names.sort();
    names
}

#[test]
fn every_golden_picture_reads_as_recorded() {
    let model = model();
    let update = env::var_os("MM_UPDATE_GOLDEN").is_some();
    let names = pictures();
    assert!(names.len() >= 8, "the golden pictures are gone");
    let mut differences = Vec::new();
    for name in names {
        let text = read(&model, &name).text() + "\n";
        let expected = golden().join(format!("{name}.txt"));
        if update {
            fs::write(&expected, &text).unwrap();
        }
        let recorded = fs::read_to_string(&expected).unwrap_or_default();
        if recorded != text {
            differences.push(format!("--- {name}: recorded\n{recorded}+++ read now\n{text}"));
        }
    }
    assert!(differences.is_empty(), "{}\nMM_UPDATE_GOLDEN=1 records the new text", differences.join("\n"));
}

#[derive(Deserialize)]
struct Truth {
    image: String,
    regions: Vec<TrueRegion>,
}

#[derive(Deserialize)]
struct TrueRegion {
    text: String,
    quad: Quad,
}

/// The recorded text could be wrong from the start; the truth the pictures were drawn from is not.
#[test]
fn drawn_text_is_read_where_it_was_drawn() {
    let model = model();
    let truth = fs::read_to_string(golden().join("gt.jsonl")).unwrap();
    let (mut lines, mut found) = (0, 0);
    for line in truth.lines() {
        let truth: Truth = serde_json::from_str(line).unwrap();
        let page = read(&model, &truth.image);
        let mut words: HashMap<String, Vec<Quad>> = HashMap::new();
        for word in page.regions.iter().flat_map(|r| &r.words) {
            words.entry(word.text.clone()).or_default().push(word.quad);
        }
        for region in truth.regions.iter().filter(|r| r.text != "###") {
            lines += 1;
            let (left, top, right, bottom) = region.quad.bounds();
            let inside = |quad: &Quad| {
                let (l, t, r, b) = quad.bounds();
                let (x, y) = (f32::midpoint(l, r), f32::midpoint(t, b));
                x >= left && x <= right && y >= top && y <= bottom
            };
            let all = region
                .text
                .split_whitespace()
                .all(|word| words.get(word).is_some_and(|quads| quads.iter().any(inside)));
            found += usize::from(all);
        }
    }
    let share = f64::from(found as u32) / f64::from(lines as u32);
    assert!(share >= 0.9, "only {found} of {lines} lines were read word for word in their place");
}

#[test]
fn nothing_is_read_where_there_is_nothing() {
    let model = model();
    for name in ["empty.jpg", "rocket.jpg"] {
        assert_eq!(read(&model, name).text(), "", "{name}");
    }
}

#[test]
fn results_do_not_depend_on_threads_or_on_what_was_read_before() {
    let bundle = Bundle::open(&repository().join("models/mobile-mm-llm-int2")).unwrap();
    let one = SessionOptions { threads: std::num::NonZeroUsize::new(1), ..SessionOptions::default() };
    let (one, many) = (Model::new(bundle, one), model());
    let _ = read(&many, "two-columns.png");
    let (a, b) = (read(&one, "street-sign.jpg"), read(&many, "street-sign.jpg"));
    assert_eq!(a.text(), b.text());
    assert!(a.regions.iter().zip(&b.regions).all(|(x, y)| (x.confidence - y.confidence).abs() < 1e-3));
}
