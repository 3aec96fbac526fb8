//! Embeddings: pictures and texts as points on one sphere, near where they mean the same.

use ndarray::Array2;
use serde::Serialize;

use crate::{
    bundle::TextConfig,
    error::{Error, Result},
    runtime::{TextNetwork, TextSession},
    text::{Specials, Token, Tokenizer},
};

/// What the encoder is called in errors.
const MODEL: &str = "text";

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
        let words = tokenizer.encode(text, self.max_words + 1);
        if words.is_empty() {
            return Err(Error::TextEmpty);
        }
        let mut found = self.embed_said(&[(&words, true)], tokenizer.specials())?;
        found.pop().ok_or_else(|| failed("it gave no embedding".to_owned()))
    }

    /// Embeds texts as a decoder says them, all at once: their words, and whether they have an end.
    ///
    /// Fails with `runtime.inference_failed`.
    pub fn embed_said(&mut self, texts: &[(&[Token], bool)], specials: &Specials) -> Result<Vec<Embedding>> {
        let rows: Vec<Vec<Token>> =
            texts.iter().map(|(words, ended)| self.row(words, *ended, specials)).collect();
        let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
        let tokens = Array2::from_shape_fn((rows.len(), longest), |(row, column)| {
            i64::from(rows[row].get(column).copied().unwrap_or(specials.pad))
        });
        let output = self.network.run(tokens.view())?;
        if output.nrows() != rows.len() {
            return Err(failed(format!("it gave {} embeddings for {} texts", output.nrows(), rows.len())));
        }
        output.rows().into_iter().map(|row| Embedding::normalised(row.to_vec(), MODEL)).collect()
    }

    /// As captions were in training: a text that is cut has no end.
    fn row(&self, words: &[Token], ended: bool, specials: &Specials) -> Vec<Token> {
        let end = (ended && words.len() <= self.max_words).then_some(specials.end);
        let words = words.iter().copied().take(self.max_words);
        std::iter::once(specials.caption).chain(words).chain(end).collect()
    }
}

fn failed(detail: String) -> Error {
    Error::RuntimeInferenceFailed { model: MODEL.to_owned(), detail }
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
    fn texts_of_a_decoder_share_a_batch_and_the_shorter_ones_are_padded() {
        let config = TextConfig { inputs: vec![], outputs: vec![], max_words: 3, embedding: 4 };
        let tokenizer = tokenizer_for_tests("a red dog");
        let mut encoder = TextEncoder::new(Echo, &config);
        let texts: [(&[Token], bool); 3] = [(&[6, 7, 8], true), (&[6], false), (&[6, 7, 8, 6], true)];
        let found = encoder.embed_said(&texts, tokenizer.specials()).unwrap();
        let rows: Vec<Vec<f32>> = found
            .iter()
            .map(|e| e.as_slice().iter().map(|v| (v / e.as_slice()[0]).round()).collect())
            .collect();
        assert_eq!(rows, [[1.0, 6.0, 7.0, 8.0, 3.0], [1.0, 6.0, 0.0, 0.0, 0.0], [1.0, 6.0, 7.0, 8.0, 0.0]]);
        assert_eq!(encoder.embed_said(&texts[..1], tokenizer.specials()).unwrap().len(), 1);
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
