//! How sure a caption or an answer is: a logistic curve over its words' probabilities.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `sigmoid(bias + mean * M + least * L)` (Platt scaling; Platt 1999): M and L are the mean and the least natural
/// logarithm of the probabilities of the tokens said, the end token included, each over the whole vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceCurve {
    /// Log-odds of being right when every token is certain.
    pub bias: f32,
    /// Weight of the mean.
    pub mean: f32,
    /// Weight of the least.
    pub least: f32,
}

impl ConfidenceCurve {
    /// The confidence in [0, 1] of a text whose tokens have these natural-log probabilities (0 without any).
    #[must_use]
    pub fn confidence(&self, log_probabilities: &[f32]) -> f32 {
        if log_probabilities.is_empty() {
            return 0.0;
        }
        let least = log_probabilities.iter().copied().fold(0.0, f32::min);
        let x = self.least.mul_add(least, self.mean.mul_add(mean(log_probabilities), self.bias));
        1.0 / (1.0 + (-x).exp())
    }

    fn check(&self) -> bool {
        [self.bias, self.mean, self.least].iter().all(|v| v.is_finite() && v.abs() <= 1e3)
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
    /// For captions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<ConfidenceCurve>,
    /// For answers, by kind of question (`yes/no`, `count`, ...); `default` serves the kinds without their own.
    #[serde(default)]
    pub answer: BTreeMap<String, ConfidenceCurve>,
    /// Answers less sure than this, in [0, 1], are given as "not sure".
    #[serde(default = "default_unsure_below")]
    pub unsure_below: f32,
}

/// Used where the bundle says nothing.
pub const DEFAULT_UNSURE_BELOW: f32 = 0.3;

fn default_unsure_below() -> f32 {
    DEFAULT_UNSURE_BELOW
}

impl ConfidenceConfig {
    /// The curve for a kind of question.
    #[must_use]
    pub fn answer_curve(&self, kind: &str) -> Option<&ConfidenceCurve> {
        self.answer.get(kind).or_else(|| self.answer.get("default"))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let ok = self.caption.iter().chain(self.answer.values()).all(ConfidenceCurve::check)
            && (0.0..=1.0).contains(&self.unsure_below);
        if ok { Ok(()) } else { Err("confidence settings are out of range".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_is_the_logistic_of_mean_and_least() {
        let curve = ConfidenceCurve { bias: 1.0, mean: 2.0, least: 0.5 };
        // M = -0.5, L = -0.8: 1 - 1 - 0.4.
        let expected = 1.0 / (1.0 + 0.4f32.exp());
        assert!((curve.confidence(&[-0.2, -0.8]) - expected).abs() < 1e-6);
        assert!(curve.confidence(&[]).abs() < f32::EPSILON);
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
}
