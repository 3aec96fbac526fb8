//! Settings of the two graphs that read text.

use serde::{Deserialize, Serialize};

use super::models::{ColorOrder, normalisation_ok};

/// How the text detector (DB, Liao et al. 2020) is fed and its map turned into boxes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OcrDetectorConfig {
    /// Graph input, f32 `[1, 3, height, width]`.
    pub input: String,
    /// Graph outputs; the first is the probability map, f32 `[1, 1, height, width]` in [0, 1].
    pub outputs: Vec<String>,
    /// Channel order of the input: `BGR` or `RGB`.
    pub color_order: ColorOrder,
    /// Per-channel mean, subtracted after scaling; in `color_order`.
    pub mean: [f32; 3],
    /// Per-channel standard deviation, divided by after the mean; in `color_order`.
    pub std: [f32; 3],
    /// Factor applied to 8-bit values first (1/255).
    pub scale: f32,
    /// Both sides of the input are rounded to a multiple of this many pixels.
    pub side_multiple: u32,
    /// Longest side of the input in pixels.
    pub max_side: u32,
    /// Map values above this are text.
    pub threshold: f32,
    /// Boxes whose mean map value is below this are dropped.
    pub box_threshold: f32,
    /// Boxes grow by `area * unclip_ratio / perimeter` on each side.
    pub unclip_ratio: f32,
}

/// How the text-line recogniser is fed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OcrRecognizerConfig {
    /// Graph input, f32 `[batch, 3, height, width]`.
    pub input: String,
    /// Graph outputs; the first holds class probabilities, f32 `[batch, time, classes]`.
    pub outputs: Vec<String>,
    /// Channel order of the input: `BGR` or `RGB`.
    pub color_order: ColorOrder,
    /// Height of every crop in pixels.
    pub height: u32,
    /// Per-channel mean, subtracted after scaling; in `color_order`.
    pub mean: [f32; 3],
    /// Per-channel standard deviation; in `color_order`.
    pub std: [f32; 3],
    /// Factor applied to 8-bit values first (1/255).
    pub scale: f32,
    /// Lines below this mean probability are dropped.
    pub min_confidence: f32,
    /// Longer crops are squeezed to this width in pixels.
    pub max_width: u32,
    /// Input widths are rounded up to a multiple of this many pixels.
    pub width_multiple: u32,
}

impl OcrDetectorConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        let unit = |v: f32| v.is_finite() && (0.0..=1.0).contains(&v);
        let ok = !self.outputs.is_empty()
            && normalisation_ok(self.scale, self.mean, self.std)
            && (1..=256).contains(&self.side_multiple)
            && (32..=8192).contains(&self.max_side)
            && unit(self.threshold)
            && unit(self.box_threshold)
            && (0.0..=10.0).contains(&self.unclip_ratio);
        if ok { Ok(()) } else { Err("ocr-detector settings are out of range".to_owned()) }
    }
}

impl OcrRecognizerConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        let ok = !self.outputs.is_empty()
            && normalisation_ok(self.scale, self.mean, self.std)
            && (8..=256).contains(&self.height)
            && (0.0..=1.0).contains(&self.min_confidence)
            && (self.height..=16384).contains(&self.max_width)
            && (1..=256).contains(&self.width_multiple);
        if ok { Ok(()) } else { Err("ocr-recognizer settings are out of range".to_owned()) }
    }
}
