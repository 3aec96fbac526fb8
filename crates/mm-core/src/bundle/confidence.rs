//! How sure a caption or an answer is: a logistic curve over its words' probabilities, for a caption over its likeness to
//! the picture as well.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `sigmoid(bias + mean * M + least * L + similarity * S)` (Platt scaling; Platt 1999): M and L are the mean and the least
/// natural logarithm of the probabilities of the tokens said, the end token included, each over the whole vocabulary. S is
/// the cosine of the text's embedding and the picture's (as in `CLIPScore`; Hessel et al. 2021), for captions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceCurve {
    /// Log-odds of being right when every token is certain.
    pub bias: f32,
    /// Weight of the mean.
    pub mean: f32,
    /// Weight of the least.
    pub least: f32,
    /// Weight of the cosine; 0 where it is not known.
    #[serde(default)]
    pub similarity: f32,
}

impl ConfidenceCurve {
    /// The confidence in [0, 1] of a text whose tokens have these natural-log probabilities (0 without any), at
    /// `similarity` (cosine, [-1, 1]) to the picture.
    #[must_use]
    pub fn confidence(&self, log_probabilities: &[f32], similarity: f32) -> f32 {
        if log_probabilities.is_empty() {
            return 0.0;
        }
        let least = log_probabilities.iter().copied().fold(0.0, f32::min);
        let words = self.least.mul_add(least, self.mean.mul_add(mean(log_probabilities), self.bias));
        let x = self.similarity.mul_add(similarity, words);
        1.0 / (1.0 + (-x).exp())
    }

    fn check(&self) -> bool {
        [self.bias, self.mean, self.least, self.similarity].iter().all(|v| v.is_finite() && v.abs() <= 1e3)
    }
}

/// The geometric mean probability, `exp(M)`: what stands in for a confidence where nothing was calibrated.
#[must_use]
pub fn uncalibrated(log_probabilities: &[f32]) -> f32 {
    if log_probabilities.is_empty() { 0.0 } else { mean(log_probabilities).exp().clamp(0.0, 1.0) }
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}

/// The curves of a bundle, fitted on photos the model was not trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceConfig {
    /// For captions whose likeness to the picture is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<ConfidenceCurve>,
    /// For captions compared with the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption_compared: Option<ConfidenceCurve>,
    /// For answers, by kind of question (`yes/no`, `count`, ...); `default` serves the kinds without their own.
    #[serde(default)]
    pub answer: BTreeMap<String, ConfidenceCurve>,
    /// Answers less sure than this, in [0, 1], are given as "not sure".
    #[serde(default = "default_unsure_below")]
    pub unsure_below: f32,
    /// Cosine from which on a picture looks like a text, in [0, 1]: of the photos and captions that do not belong
    /// together, one in twenty reaches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks_from: Option<f32>,
}

/// Used where the bundle says nothing.
pub const DEFAULT_UNSURE_BELOW: f32 = 0.3;
/// Used where the bundle says nothing: the cosine of an earlier model (docs/library.md).
pub const DEFAULT_LOOKS_FROM: f32 = 0.3;

fn default_unsure_below() -> f32 {
    DEFAULT_UNSURE_BELOW
}

impl ConfidenceConfig {
    /// The curve for a kind of question.
    #[must_use]
    pub fn answer_curve(&self, kind: &str) -> Option<&ConfidenceCurve> {
        self.answer.get(kind).or_else(|| self.answer.get("default"))
    }

    /// The calibrated confidence of a caption with these natural-log probabilities, at `similarity` (cosine) to the
    /// picture if that is known.
    #[must_use]
    pub fn of_caption(&self, log_probabilities: &[f32], similarity: Option<f32>) -> Option<f32> {
        let compared = similarity.zip(self.caption_compared);
        let (curve, similarity) = compared.map(|(s, curve)| (curve, s)).or(self.caption.map(|c| (c, 0.0)))?;
        Some(curve.confidence(log_probabilities, similarity))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let ok = self
            .caption
            .iter()
            .chain(&self.caption_compared)
            .chain(self.answer.values())
            .all(ConfidenceCurve::check)
            && (0.0..=1.0).contains(&self.unsure_below)
            && self.looks_from.is_none_or(|cosine| (0.0..=1.0).contains(&cosine));
        if ok { Ok(()) } else { Err("confidence settings are out of range".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_is_the_logistic_of_mean_and_least() {
        let curve = ConfidenceCurve { bias: 1.0, mean: 2.0, least: 0.5, similarity: 3.0 };
        // M = -0.5, L = -0.8: 1 - 1 - 0.4; S = 0.1: + 0.3.
        let expected = |x: f32| 1.0 / (1.0 + (-x).exp());
        assert!((curve.confidence(&[-0.2, -0.8], 0.0) - expected(-0.4)).abs() < 1e-6);
        assert!((curve.confidence(&[-0.2, -0.8], 0.1) - expected(-0.1)).abs() < 1e-6);
        assert!(curve.confidence(&[], 0.5).abs() < f32::EPSILON);
        assert!((uncalibrated(&[-0.2, -0.8]) - (-0.5f32).exp()).abs() < 1e-6);
    }

    #[test]
    fn kinds_without_a_curve_take_the_default() {
        let text = r#"{"answer": {"default": {"bias": 0, "mean": 1, "least": 0}, "count": {"bias": 1, "mean": 1, "least": 0}}}"#;
        let config: ConfidenceConfig = serde_json::from_str(text).unwrap();
        assert!((config.answer_curve("count").unwrap().bias - 1.0).abs() < 1e-6);
        assert!(config.answer_curve("place").unwrap().bias.abs() < 1e-6);
        assert!((config.unsure_below - DEFAULT_UNSURE_BELOW).abs() < 1e-6);
    }

    #[test]
    fn a_caption_takes_the_curve_for_what_is_known_of_it() {
        let text = r#"{"caption": {"bias": 0, "mean": 1, "least": 0},
            "caption_compared": {"bias": 0, "mean": 1, "least": 0, "similarity": 2}}"#;
        let config: ConfidenceConfig = serde_json::from_str(text).unwrap();
        let plain = config.of_caption(&[-0.2], None).unwrap();
        assert!(config.of_caption(&[-0.2], Some(0.5)).unwrap() > plain);
        let old = ConfidenceConfig { caption_compared: None, ..config.clone() };
        assert!((old.of_caption(&[-0.2], Some(0.5)).unwrap() - plain).abs() < 1e-6);
        assert_eq!(ConfidenceConfig { caption: None, ..old }.of_caption(&[-0.2], None), None);
    }

    #[test]
    fn a_cosine_out_of_range_is_refused() {
        let read = |text: &str| serde_json::from_str::<ConfidenceConfig>(text).unwrap();
        assert!(read("{}").check().is_ok());
        assert!(read(r#"{"looks_from": 0.26}"#).check().is_ok());
        assert!(read(r#"{"looks_from": 1.5}"#).check().is_err());
    }
}
