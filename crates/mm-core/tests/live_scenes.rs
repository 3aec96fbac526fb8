//! How far the retrieval embedding moves when the camera shakes, and how far when the scene changes: what the defaults
//! of [`LiveSettings`] rest on. Prints its table:
//!
//! `cargo test -p mm-core --test live_scenes -- --nocapture`
//!
//! `MM_SCENES=FOLDER` takes the pictures of a folder instead of the golden ones, and only prints.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise, as tests do")]

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
};

use image::imageops;
use mm_core::{
    RgbImage,
    bundle::Bundle,
    decode::{self, Limits},
    live::LiveSettings,
    model::Model,
    runtime::SessionOptions,
    tasks::embed::Embedding,
};

/// A camera's picture.
const SIZE: (u32, u32) = (640, 480);

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn pictures(folder: &Path) -> Vec<RgbImage> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "jpg" || e == "png"));
    paths.sort();
    paths.iter().map(|path| decode::read_file(path, &Limits::default()).unwrap()).collect()
}

/// The picture as a camera sees it that is moved by `(x, y)` and brought nearer by `zoom`, as shares of the view.
fn view(picture: &RgbImage, x: f32, y: f32, zoom: f32) -> RgbImage {
    // A margin of a tenth all round to move in.
    let (w, h) = (picture.width() as f32, picture.height() as f32);
    let share = 0.8 / zoom;
    let (width, height) = (w * share, h * share);
    let left = (w - width) / 2.0 + x * 0.8 * w;
    let top = (h - height) / 2.0 + y * 0.8 * h;
    let crop =
        imageops::crop_imm(picture, left.max(0.0) as u32, top.max(0.0) as u32, width as u32, height as u32);
    imageops::resize(&crop.to_image(), SIZE.0, SIZE.1, imageops::FilterType::Triangle)
}

/// Grey noise of about the given amplitude; the same for the same seed.
fn noisy(picture: &RgbImage, amplitude: i32, seed: u32) -> RgbImage {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    let mut out = picture.clone();
    for pixel in out.pixels_mut() {
        // xorshift32 (Marsaglia 2003)
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let by = (state >> 8).cast_signed() % (2 * amplitude + 1) - amplitude;
        pixel.0 = pixel.0.map(|v| (i32::from(v) + by).clamp(0, 255) as u8);
    }
    out
}

fn lit(picture: &RgbImage, factor: f32) -> RgbImage {
    let mut out = picture.clone();
    for pixel in out.pixels_mut() {
        pixel.0 = pixel.0.map(|v| (f32::from(v) * factor).clamp(0.0, 255.0) as u8);
    }
    out
}

type Change = (&'static str, bool, Box<dyn Fn(&RgbImage) -> RgbImage>);

/// What happens to a view, and whether it stays the same scene to a person who holds the camera still.
fn changes() -> Vec<Change> {
    vec![
        ("sensor noise, 12 of 255", true, Box::new(|p| noisy(&view(p, 0.0, 0.0, 1.0), 12, 7))),
        ("brightness -20 %", true, Box::new(|p| lit(&view(p, 0.0, 0.0, 1.0), 0.8))),
        ("brightness +20 %", true, Box::new(|p| lit(&view(p, 0.0, 0.0, 1.0), 1.2))),
        ("moved by 1 %", true, Box::new(|p| view(p, 0.01, 0.01, 1.0))),
        ("moved by 3 %", true, Box::new(|p| view(p, 0.03, -0.03, 1.0))),
        ("moved by 5 %", true, Box::new(|p| view(p, -0.05, 0.05, 1.0))),
        ("5 % nearer", true, Box::new(|p| view(p, 0.0, 0.0, 1.05))),
        (
            "moved by 3 %, noise, -20 %",
            true,
            Box::new(|p| noisy(&lit(&view(p, 0.03, 0.03, 1.0), 0.8), 12, 9)),
        ),
        ("moved by 10 %", false, Box::new(|p| view(p, 0.1, 0.1, 1.0))),
        ("50 % nearer", false, Box::new(|p| view(p, 0.0, 0.0, 1.5))),
    ]
}

struct Spread(Vec<f32>);

impl Spread {
    fn new(mut values: Vec<f32>) -> Self {
        values.sort_by(f32::total_cmp);
        Self(values)
    }

    fn at(&self, share: f32) -> f32 {
        self.0[((self.0.len() - 1) as f32 * share).round() as usize]
    }

    fn below(&self, limit: f32) -> f32 {
        self.0.iter().filter(|v| **v < limit).count() as f32 / self.0.len() as f32
    }
}

fn row(name: &str, spread: &Spread, settings: &LiveSettings) {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| {name} | {} | {:.3} | {:.3} | {:.3} | {:.1} % | {:.1} % |",
        spread.0.len(),
        spread.at(0.5),
        spread.at(0.95),
        spread.at(1.0),
        spread.below(settings.scene_return) * 100.0,
        (1.0 - spread.below(settings.scene_change)) * 100.0,
    )
    .unwrap();
}

#[test]
fn shaking_stays_below_the_thresholds_and_other_pictures_above() {
    let other = env::var_os("MM_SCENES").map(PathBuf::from);
    let folder = other.clone().unwrap_or_else(|| repository().join("tests/golden/ocr"));
    let pictures = pictures(&folder);
    assert!(pictures.len() >= 8);
    let bundle = Bundle::open(&repository().join("models/mobile-mm-llm-int2")).unwrap();
    let model = Model::new(bundle, SessionOptions::default());
    let embed = |image: &RgbImage| model.embed_image(image).unwrap();
    let distance = |a: &Embedding, b: &Embedding| 1.0 - a.similarity(b);
    let settings = LiveSettings::default();

    let stills: Vec<Embedding> = pictures.iter().map(|p| embed(&view(p, 0.0, 0.0, 1.0))).collect();
    let mut shaken = Vec::new();
    let (back, change) = (settings.scene_return, settings.scene_change);
    let header =
        format!("| change | pairs | median | 95 % | largest | below {back:.2} | {change:.2} and above |");
    writeln!(std::io::stdout(), "{header}\n|---|--:|--:|--:|--:|--:|--:|").unwrap();
    for (name, same, change) in changes() {
        let distances: Vec<f32> =
            pictures.iter().zip(&stills).map(|(p, still)| distance(still, &embed(&change(p)))).collect();
        if same {
            shaken.extend(&distances);
        }
        row(name, &Spread::new(distances), &settings);
    }
    let shaken = Spread::new(shaken);
    row("all of the first eight", &shaken, &settings);
    let mut different = Vec::new();
    for (i, a) in stills.iter().enumerate() {
        different.extend(stills[..i].iter().map(|b| distance(a, b)));
    }
    let different = Spread::new(different);
    row("another picture", &different, &settings);
    if other.is_none() {
        assert!(shaken.at(0.95) < settings.scene_return, "a shaking camera is still the same scene");
        assert!(shaken.below(settings.scene_change) > 0.97, "and hardly ever another");
        assert!(different.below(settings.scene_change) < 0.1, "another picture is another scene");
    }
}
