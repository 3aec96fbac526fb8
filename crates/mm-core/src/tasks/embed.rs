//! Embeddings: pictures and texts as points on one sphere, near where they mean the same.

use ndarray::Array2;
use serde::Serialize;

use crate::{
    bundle::TextConfig,
    error::{Error, Result},
    runtime::{TextNetwork, TextSession},
    text::Tokenizer,
};

/// A point on the unit sphere; as many numbers as the manifest's `embedding` says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// Scales `values` to length 1; `runtime.inference_failed` (naming `model`) if they have none.
    pub fn normalised(mut values: Vec<f32>, model: &str) -> Result<Self> {
        let length = values.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
        if !length.is_normal() {
            return Err(Error::RuntimeInferenceFailed {
                model: model.to_owned(),
                detail: format!("its embedding has the length {length}"),
            });
        }
        for value in &mut values {
            *value = (f64::from(*value) / length) as f32;
        }
        Ok(Self(values))
    }

    /// The numbers.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }

    /// The numbers, taken out.
    #[must_use]
    pub fn into_vec(self) -> Vec<f32> {
        self.0
    }

    /// Cosine of the angle between the two, [-1, 1]; the longer one's surplus numbers count as 0.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum::<f32>().clamp(-1.0, 1.0)
    }
}

/// The text encoder with its settings.
pub struct TextEncoder<N = TextSession> {
    network: N,
    max_words: usize,
}

impl<N: TextNetwork> TextEncoder<N> {
    /// An encoder fed as `config` says.
    pub fn new(network: N, config: &TextConfig) -> Self {
        Self { network, max_words: config.max_words }
    }

    /// Embeds `text`; words beyond the encoder's limit are left out.
    ///
    /// Fails with `text.empty` if it has no words, or `runtime.inference_failed`.
    pub fn embed(&mut self, text: &str, tokenizer: &Tokenizer) -> Result<Embedding> {
        let specials = tokenizer.specials();
        let words = tokenizer.encode(text, self.max_words + 1);
        if words.is_empty() {
            return Err(Error::TextEmpty);
        }
        // As captions were in training: a text that is cut has no end.
        let end = (words.len() <= self.max_words).then_some(specials.end);
        let row = std::iter::once(specials.caption)
            .chain(words.into_iter().take(self.max_words))
            .chain(end)
            .map(i64::from)
            .collect::<Vec<_>>();
        let tokens = Array2::from_shape_fn((1, row.len()), |(_, i)| row[i]);
        let output = self.network.run(tokens.view())?;
        Embedding::normalised(output.into_iter().collect(), "text")
    }
}

#[cfg(test)]
mod tests {
    use ndarray::ArrayView2;

    use super::*;
    use crate::text::tokenizer_for_tests;

    /// "Embeds" the row itself, so that the test sees it.
    struct Echo;

    impl TextNetwork for Echo {
        fn run(&mut self, tokens: ArrayView2<'_, i64>) -> Result<Array2<f32>> {
            Ok(tokens.mapv(|t| t as f32))
        }
    }

    fn row(text: &str) -> Result<Vec<f32>> {
        let config = TextConfig { inputs: vec![], outputs: vec![], max_words: 3, embedding: 4 };
        let tokenizer = tokenizer_for_tests("a red dog");
        let vector = TextEncoder::new(Echo, &config).embed(text, &tokenizer)?.into_vec();
        // The first token is 1, so dividing by it undoes the normalisation.
        Ok(vector.iter().map(|v| (v / vector[0]).round()).collect())
    }

    #[test]
    fn rows_start_with_the_caption_token_and_end_unless_cut() {
        assert_eq!(row("A red dog!").unwrap(), [1.0, 6.0, 7.0, 8.0, 3.0]);
        assert_eq!(row("a red dog a red dog").unwrap(), [1.0, 6.0, 7.0, 8.0]);
        assert_eq!(row("zebra").unwrap(), [1.0, 5.0, 3.0]);
        for empty in ["", "  ", "?!"] {
            assert_eq!(row(empty).unwrap_err().code(), "text.empty");
        }
    }

    #[test]
    fn embeddings_have_length_one_or_are_refused() {
        let (a, b) = (vec![3.0, 4.0], vec![0.0, 2.0]);
        let (a, b) = (Embedding::normalised(a, "m").unwrap(), Embedding::normalised(b, "m").unwrap());
        assert!((a.similarity(&b) - 0.8).abs() < 1e-6);
        for bad in [vec![], vec![0.0; 3], vec![f32::NAN], vec![f32::INFINITY, 1.0]] {
            assert_eq!(Embedding::normalised(bad, "m").unwrap_err().code(), "runtime.inference_failed");
        }
    }
}
