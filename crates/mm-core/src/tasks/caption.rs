//! Captions: one sentence about a picture.

use std::time::Instant;

pub use super::language::LanguageTimings;
use super::{
    CancelToken,
    decoding::{Search, search},
    language::sentence,
    picture::Encoded,
};
use crate::{
    bundle::{ConfidenceConfig, DecoderConfig, uncalibrated},
    error::{Error, Result},
    runtime::DecoderNetwork,
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
    /// No run of so many words is said twice, and no word joined to itself ("red and red"); 0 allows both.
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

/// Captions `picture`.
///
/// Fails with `task.cancelled` or `runtime.inference_failed`.
pub fn caption<D: DecoderNetwork>(
    decoder: &mut D,
    picture: &Encoded,
    config: &DecoderConfig,
    confidence: Option<&ConfidenceConfig>,
    tokenizer: &Tokenizer,
    options: &CaptionOptions,
) -> Result<Caption> {
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
            joiner: tokenizer.number("and").filter(|_| options.no_repeat_ngram > 0),
            min_words: 1,
            end: specials.end,
            forbidden: &unsaid(tokenizer),
            // A limit of the caller's is kept; the bundle's own may cut a sentence, as in training.
            max_words: options.max_words.map_or(usize::MAX, |words| words.max(1)),
            first: None,
            best_only: true,
            cancel: options.cancel.as_ref(),
        },
    )?;
    let nothing = || Error::RuntimeInferenceFailed {
        model: "decoder".to_owned(),
        detail: "it said nothing".to_owned(),
    };
    let best = found.into_iter().next().ok_or_else(nothing)?;
    let curve = confidence.and_then(|c| c.caption.as_ref());
    Ok(Caption {
        text: tokenizer.decode(&best.tokens),
        confidence: curve
            .map_or_else(|| uncalibrated(&best.log_probabilities), |c| c.confidence(&best.log_probabilities)),
        calibrated: curve.is_some(),
        words: best
            .tokens
            .iter()
            .map(|&token| tokenizer.word(token).to_owned())
            .zip(best.log_probabilities)
            .collect(),
        timings: LanguageTimings::new(picture, start.elapsed()),
    })
}

/// Every special token but the end.
pub(super) fn unsaid(tokenizer: &Tokenizer) -> Vec<Token> {
    let specials = tokenizer.specials();
    specials.all().into_iter().filter(|&token| token != specials.end).collect()
}
