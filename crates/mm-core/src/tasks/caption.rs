//! Captions: one sentence about a picture.

use std::time::Instant;

pub use super::language::LanguageTimings;
use super::{
    CancelToken,
    decoding::{Echoes, Hypothesis, Search, search},
    embed::{Embedding, TextEncoder},
    language::sentence,
    picture::Encoded,
};
use crate::{
    bundle::{ConfidenceConfig, DecoderConfig, uncalibrated},
    error::{Error, Result},
    runtime::{DecoderNetwork, TextNetwork},
    text::{Token, Tokenizer},
};

/// Most beams a caller may ask for.
pub const MAX_BEAMS: usize = 16;

/// How to caption.
#[derive(Debug, Clone)]
pub struct CaptionOptions {
    /// Texts kept during the search, 1 (greedy, fastest) to [`MAX_BEAMS`]; `None` takes the bundle's setting.
    pub beams: Option<usize>,
    /// Most words; `None`, and anything above the bundle's limit, takes the bundle's.
    pub max_words: Option<usize>,
    /// Scores are divided by `length ^ length_alpha`; larger prefers longer captions. `None` takes the bundle's.
    pub length_alpha: Option<f32>,
    /// No run of so many words is said twice, and no word right after itself ("a lamp and a lamp"); 0 allows both.
    pub no_repeat_ngram: usize,
    /// Stops the work between two words.
    pub cancel: Option<CancelToken>,
}

impl Default for CaptionOptions {
    fn default() -> Self {
        Self { beams: None, max_words: None, length_alpha: None, no_repeat_ngram: 3, cancel: None }
    }
}

/// A caption.
#[derive(Debug, Clone, PartialEq)]
pub struct Caption {
    /// Lower-case words as the model says them.
    pub text: String,
    /// How likely the caption is right, [0, 1]; see [`Self::calibrated`].
    pub confidence: f32,
    /// Whether the bundle maps word probabilities to confidence; if not, it is their geometric mean.
    pub calibrated: bool,
    /// Each word with the natural logarithm of its probability.
    pub words: Vec<(String, f32)>,
    /// How long it took.
    pub timings: LanguageTimings,
}

impl Caption {
    /// The caption as people write it: a capital first letter, no full stop.
    #[must_use]
    pub fn sentence(&self) -> String {
        sentence(&self.text)
    }
}

/// The captions a search found for a picture, the search's best first.
pub struct Drafts {
    found: Vec<Hypothesis>,
    /// Cosine of the first one and the picture, once compared.
    similarity: Option<f32>,
    start: Instant,
}

impl Drafts {
    /// Searches for captions of `picture`: all that the beams hold if they are to be compared with the picture.
    ///
    /// Fails with `task.cancelled` or `runtime.inference_failed`.
    pub fn search<D: DecoderNetwork>(
        decoder: &mut D,
        picture: &Encoded,
        config: &DecoderConfig,
        tokenizer: &Tokenizer,
        options: &CaptionOptions,
        compared: bool,
    ) -> Result<Self> {
        let start = Instant::now();
        let specials = tokenizer.specials();
        let longest = options.max_words.map_or(config.max_caption_tokens, |words| words.saturating_add(1));
        let found = search(
            decoder,
            picture.tensors(),
            &Search {
                prefix: &[specials.caption],
                max_tokens: longest.clamp(2, config.max_caption_tokens),
                beams: options.beams.unwrap_or(config.beam_width).clamp(1, MAX_BEAMS),
                length_alpha: options.length_alpha.unwrap_or(config.length_alpha).clamp(0.0, 2.0),
                no_repeat_ngram: options.no_repeat_ngram,
                echoes: Some(&echoes(tokenizer)).filter(|_| options.no_repeat_ngram > 0),
                min_words: 1,
                end: specials.end,
                forbidden: &unsaid(tokenizer),
                // A limit of the caller's is kept; the bundle's own may cut a sentence, as in training.
                max_words: options.max_words.map_or(usize::MAX, |words| words.max(1)),
                first: None,
                best_only: !compared,
                cancel: options.cancel.as_ref(),
            },
        )?;
        Ok(Self { found, similarity: None, start })
    }

    /// Whether there is anything to choose from.
    #[must_use]
    pub fn several(&self) -> bool {
        self.found.len() > 1
    }

    /// Puts first the caption with the largest `score + weight * cosine` of its embedding and the picture's, and keeps
    /// that cosine for its confidence.
    ///
    /// The search knows how likely words follow each other; the embeddings, trained to tell pictures apart, know
    /// which text is about this one.
    ///
    /// Fails with `runtime.inference_failed`.
    pub fn compare<N: TextNetwork>(
        &mut self,
        picture: &Embedding,
        weight: f32,
        encoder: &mut TextEncoder<N>,
        tokenizer: &Tokenizer,
    ) -> Result<()> {
        let texts: Vec<(&[Token], bool)> = self.found.iter().map(|h| (&h.tokens[..], h.ended)).collect();
        let embeddings = encoder.embed_said(&texts, tokenizer.specials())?;
        let cosines: Vec<f32> = embeddings.iter().map(|embedding| embedding.similarity(picture)).collect();
        let value = |index: usize| self.found[index].score + weight * cosines[index];
        // Of equals the search's best, which comes first.
        let best = (0..self.found.len()).rev().max_by(|&a, &b| value(a).total_cmp(&value(b)));
        self.similarity = best.map(|index| cosines[index]);
        self.found.swap(0, best.unwrap_or(0));
        Ok(())
    }

    /// The first one as the caption of `picture`.
    ///
    /// Fails with `runtime.inference_failed` if the search found nothing.
    pub fn caption(
        self,
        picture: &Encoded,
        confidence: Option<&ConfidenceConfig>,
        tokenizer: &Tokenizer,
    ) -> Result<Caption> {
        let best = self.found.into_iter().next().ok_or_else(|| Error::RuntimeInferenceFailed {
            model: "decoder".to_owned(),
            detail: "it said nothing".to_owned(),
        })?;
        let calibrated = confidence.and_then(|c| c.of_caption(&best.log_probabilities, self.similarity));
        Ok(Caption {
            text: tokenizer.decode(&best.tokens),
            confidence: calibrated.unwrap_or_else(|| uncalibrated(&best.log_probabilities)),
            calibrated: calibrated.is_some(),
            words: best
                .tokens
                .iter()
                .map(|&token| tokenizer.word(token).to_owned())
                .zip(best.log_probabilities)
                .collect(),
            timings: LanguageTimings::new(picture, self.start.elapsed()),
        })
    }
}

fn echoes(tokenizer: &Tokenizer) -> Echoes {
    let known = |words: &[&str]| words.iter().filter_map(|word| tokenizer.number(word)).collect();
    Echoes { joiners: known(&["and", "with"]), articles: known(&["a", "an", "the"]) }
}

/// Every special token but the end.
pub(super) fn unsaid(tokenizer: &Tokenizer) -> Vec<Token> {
    let specials = tokenizer.specials();
    specials.all().into_iter().filter(|&token| token != specials.end).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayView2};

    use super::*;
    use crate::{bundle::TextConfig, text::tokenizer_for_tests};

    /// Embeds a text as its number of words and its first word.
    struct Counts;

    impl TextNetwork for Counts {
        fn run(&mut self, tokens: ArrayView2<'_, i64>) -> Result<Array2<f32>> {
            let words = |row: usize| tokens.row(row).iter().filter(|&&token| token > 5).count();
            Ok(Array2::from_shape_fn((tokens.nrows(), 2), |(row, column)| {
                if column == 0 { words(row) as f32 } else { tokens[[row, 1]] as f32 - 6.0 }
            }))
        }
    }

    fn drafts() -> Drafts {
        let text = |tokens: &[Token], score: f32| Hypothesis {
            tokens: tokens.to_vec(),
            log_probabilities: vec![-0.1; tokens.len() + 1],
            ended: true,
            score,
        };
        let found = vec![text(&[6, 7], -0.5), text(&[8, 7], -0.6), text(&[7, 6], -0.7)];
        Drafts { found, similarity: None, start: Instant::now() }
    }

    fn said(weight: f32) -> String {
        let config = TextConfig { inputs: vec![], outputs: vec![], max_words: 3, embedding: 2 };
        let tokenizer = tokenizer_for_tests("a red dog");
        // A picture of what begins with the third word.
        let picture = Encoded::for_tests(vec![1.0, 1.0]);
        let mut drafts = drafts();
        let mut encoder = TextEncoder::new(Counts, &config);
        drafts.compare(picture.embedding(), weight, &mut encoder, &tokenizer).unwrap();
        drafts.caption(&picture, None, &tokenizer).unwrap().text
    }

    #[test]
    fn the_picture_decides_between_captions_that_are_about_equally_likely() {
        assert_eq!(said(0.0), "a red", "the score alone");
        assert_eq!(said(0.2), "a red", "0.29 of a cosine is not worth 0.1 at this weight");
        assert_eq!(said(1.0), "dog red");
    }

    #[test]
    fn a_caption_unlike_its_picture_is_trusted_less() {
        let config = TextConfig { inputs: vec![], outputs: vec![], max_words: 3, embedding: 2 };
        let tokenizer = tokenizer_for_tests("a red dog");
        let curves = r#"{"caption": {"bias": 0, "mean": 1, "least": 0},
            "caption_compared": {"bias": 0, "mean": 1, "least": 0, "similarity": 4}}"#;
        let curves: ConfidenceConfig = serde_json::from_str(curves).unwrap();
        let confidence = |picture: Option<Vec<f32>>| {
            let mut drafts = drafts();
            if let Some(picture) = &picture {
                let picture = Encoded::for_tests(picture.clone());
                let mut encoder = TextEncoder::new(Counts, &config);
                drafts.compare(picture.embedding(), 0.0, &mut encoder, &tokenizer).unwrap();
            }
            let caption =
                drafts.caption(&Encoded::for_tests(vec![1.0, 0.0]), Some(&curves), &tokenizer).unwrap();
            assert!(caption.calibrated);
            caption.confidence
        };
        let (alike, unlike) = (confidence(Some(vec![1.0, 0.0])), confidence(Some(vec![-1.0, 0.0])));
        let unknown = confidence(None);
        assert!(unlike < unknown && unknown < alike, "{unlike} {unknown} {alike}");
    }

    #[test]
    fn equals_keep_the_order_of_the_search() {
        let config = TextConfig { inputs: vec![], outputs: vec![], max_words: 3, embedding: 2 };
        let tokenizer = tokenizer_for_tests("a red dog");
        let mut drafts = drafts();
        drafts.found.iter_mut().for_each(|text| text.score = -0.5);
        let picture = Encoded::for_tests(vec![1.0, 0.0]);
        drafts.compare(picture.embedding(), 0.0, &mut TextEncoder::new(Counts, &config), &tokenizer).unwrap();
        assert_eq!(drafts.found[0].tokens, [6, 7]);
    }
}
