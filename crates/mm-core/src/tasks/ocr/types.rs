//! Results of reading text.

use std::{ops::Range, time::Duration};

use serde::Serialize;

use crate::{error::Result, geometry::Quad, tasks::CancelToken};

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Longest side of the detector's input in pixels; `None` takes the bundle's setting.
    pub max_side: Option<u32>,
    /// Lines below this confidence are dropped; `None` takes the bundle's setting.
    pub min_confidence: Option<f32>,
    /// Stops the work between detection and recognition and between two batches of lines.
    pub cancel: Option<CancelToken>,
}

impl ReadOptions {
    /// `task.cancelled` once cancelled.
    pub(super) fn check(&self) -> Result<()> {
        self.cancel.as_ref().map_or(Ok(()), CancelToken::check)
    }
}

/// A word and where it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Word {
    /// Without spaces.
    pub text: String,
    /// In pixels of the image.
    pub quad: Quad,
    /// Mean character probability, [0, 1].
    pub confidence: f32,
}

/// A detected line of text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TextRegion {
    /// The whole line, words separated by spaces.
    pub text: String,
    /// In pixels of the image.
    pub quad: Quad,
    /// Mean character probability, [0, 1].
    pub confidence: f32,
    /// The line's words from start to end.
    pub words: Vec<Word>,
}

/// How long reading took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OcrTimings {
    /// Resize, detector and box extraction.
    pub detect: Duration,
    /// Crops and recogniser.
    pub recognize: Duration,
    /// All of it, reading order included.
    pub total: Duration,
}

/// All text of an image in reading order.
#[derive(Debug, Clone, PartialEq)]
pub struct TextPage {
    /// Image width in pixels.
    pub width: u32,
    /// Image height in pixels.
    pub height: u32,
    /// Text lines in reading order.
    pub regions: Vec<TextRegion>,
    /// Which consecutive regions stand on one row of the same column.
    pub lines: Vec<Range<usize>>,
    /// How long it took.
    pub timings: OcrTimings,
}

impl TextPage {
    /// The text as a person would type it: one row per line, columns one after the other.
    #[must_use]
    pub fn text(&self) -> String {
        let row = |range: &Range<usize>| {
            self.regions[range.clone()].iter().map(|r| r.text.as_str()).collect::<Vec<_>>().join(" ")
        };
        self.lines.iter().map(row).collect::<Vec<_>>().join("\n")
    }
}
