//! `models` of the manifest: settings of each graph.

use serde::{Deserialize, Serialize};

use super::{
    confidence::ConfidenceConfig,
    language_settings::{DecoderConfig, TextConfig, VisionConfig},
    ocr_settings::{OcrDetectorConfig, OcrRecognizerConfig},
};

/// Channel order of a graph's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColorOrder {
    /// Red first.
    #[serde(rename = "RGB")]
    Rgb,
    /// Blue first.
    #[serde(rename = "BGR")]
    Bgr,
}

/// Settings of each model in the bundle.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Models {
    /// Text detector.
    #[serde(rename = "ocr-detector", default, skip_serializing_if = "Option::is_none")]
    pub ocr_detector: Option<OcrDetectorConfig>,
    /// Text-line recogniser.
    #[serde(rename = "ocr-recognizer", default, skip_serializing_if = "Option::is_none")]
    pub ocr_recognizer: Option<OcrRecognizerConfig>,
    /// Picture encoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vision: Option<VisionConfig>,
    /// Caption and answer decoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoder: Option<DecoderConfig>,
    /// Text encoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextConfig>,
    /// How word probabilities become a confidence; without it the confidence is not calibrated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<ConfidenceConfig>,
}

impl Models {
    /// What is out of range, in words.
    pub(super) fn check(&self) -> Result<(), String> {
        self.ocr_detector.as_ref().map_or(Ok(()), OcrDetectorConfig::check)?;
        self.ocr_recognizer.as_ref().map_or(Ok(()), OcrRecognizerConfig::check)?;
        self.vision.as_ref().map_or(Ok(()), VisionConfig::check)?;
        self.decoder.as_ref().map_or(Ok(()), DecoderConfig::check)?;
        self.text.as_ref().map_or(Ok(()), TextConfig::check)?;
        self.confidence.as_ref().map_or(Ok(()), ConfidenceConfig::check)
    }
}

pub(super) fn normalisation_ok(scale: f32, mean: [f32; 3], std: [f32; 3]) -> bool {
    scale.is_normal() && mean.iter().all(|v| v.is_finite()) && std.iter().all(|v| v.is_normal())
}
