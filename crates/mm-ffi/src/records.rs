//! Results as plain records. Coordinates are pixels of the upright picture, x to the right, y down from the top left;
//! confidences lie in [0, 1]; times are milliseconds.

use mm_core::{geometry::Quad, tasks::ocr};

/// A corner of a box.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct Point {
    /// Pixels from the left edge.
    pub x: f32,
    /// Pixels from the top edge.
    pub y: f32,
}

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct WordBox {
    /// The word, without spaces.
    pub text: String,
    /// Four corners, clockwise from the top left of the text.
    pub quad: Vec<Point>,
    /// Mean character probability.
    pub confidence: f32,
}

/// A line of text and where it stands.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct TextRegion {
    /// The line, words separated by spaces.
    pub text: String,
    /// Four corners, clockwise from the top left of the text.
    pub quad: Vec<Point>,
    /// Mean character probability.
    pub confidence: f32,
    /// The line's words from start to end.
    pub words: Vec<WordBox>,
}

/// How long reading took.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct OcrTimings {
    /// Finding the lines.
    pub detect_ms: f64,
    /// Reading them.
    pub recognize_ms: f64,
    /// All of it.
    pub total_ms: f64,
}

/// All text of a picture in reading order.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct TextPage {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// The text as a person would type it: one row per line, columns one after the other.
    pub text: String,
    /// Lines in reading order; none if there is no text.
    pub regions: Vec<TextRegion>,
    /// How long it took.
    pub timings: OcrTimings,
}

/// Something the user should know though work goes on, such as a provider that fell back to another.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Notice {
    /// Stable code, as of errors.
    pub code: String,
    /// For people. Not `message`, to match the error.
    pub reason: String,
}

/// What a model is and what runs it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ModelInfo {
    /// Name of the bundle.
    pub name: String,
    /// Version of the bundle.
    pub version: String,
    /// SPDX expression over all files of the bundle.
    pub license: String,
    /// One line for people.
    pub description: String,
    /// The bundle's folder.
    pub path: String,
    /// Size of the bundle's files in bytes, without the manifest.
    pub bundle_bytes: u64,
    /// What the bundle holds models for, of `caption`, `answer`, `embed_image`, `embed_text` and `read_text`.
    pub tasks: Vec<String>,
    /// The provider asked for: `auto`, `cpu`, `qnn` or `coreml`.
    pub provider: String,
    /// Threads that one operator uses.
    pub threads: u32,
    /// Build of ONNX Runtime in use.
    pub runtime: String,
    /// Version of this library.
    pub library: String,
    /// Providers that could not start and what is used instead; grows as tasks load their models.
    pub notices: Vec<Notice>,
}

impl From<ocr::TextPage> for TextPage {
    fn from(page: ocr::TextPage) -> Self {
        let text = page.text();
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        let timings = OcrTimings {
            detect_ms: ms(page.timings.detect),
            recognize_ms: ms(page.timings.recognize),
            total_ms: ms(page.timings.total),
        };
        let regions = page.regions.into_iter().map(TextRegion::from).collect();
        Self { width: page.width, height: page.height, text, regions, timings }
    }
}

impl From<ocr::TextRegion> for TextRegion {
    fn from(region: ocr::TextRegion) -> Self {
        let words = region.words.into_iter().map(|word| WordBox {
            text: word.text,
            quad: corners(&word.quad),
            confidence: word.confidence,
        });
        Self {
            text: region.text,
            quad: corners(&region.quad),
            confidence: region.confidence,
            words: words.collect(),
        }
    }
}

fn corners(quad: &Quad) -> Vec<Point> {
    quad.0.iter().map(|corner| Point { x: corner.x, y: corner.y }).collect()
}
