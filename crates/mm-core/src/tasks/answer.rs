//! Answers to questions about a picture.

use std::time::Instant;

use super::{
    CancelToken,
    caption::unsaid,
    decoding::{Search, search},
    language::LanguageTimings,
    picture::Encoded,
};
pub use crate::text::QuestionKind;
use crate::{
    bundle::{ConfidenceConfig, DEFAULT_UNSURE_BELOW, DecoderConfig, uncalibrated},
    error::{Error, Result},
    runtime::DecoderNetwork,
    text::{Token, Tokenizer, plain_question},
};

/// Longest question in characters; a spoken question has about fifty.
pub const MAX_QUESTION_CHARACTERS: usize = 1000;

/// What is said instead of an answer that is not sure enough.
pub const NOT_SURE: &str = "not sure";

/// Answers looked at for every question.
const ALTERNATIVES: usize = 5;

/// How to answer.
#[derive(Debug, Clone, Default)]
pub struct AnswerOptions {
    /// Answers less sure than this, in [0, 1], are given as [`NOT_SURE`]; `None` takes the bundle's setting.
    pub unsure_below: Option<f32>,
    /// Stops the work between two words.
    pub cancel: Option<CancelToken>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The best answer, however sure.
    pub text: String,
    /// Whether the confidence reaches the threshold.
    pub sure: bool,
    /// How likely the answer is right, [0, 1]; see [`Self::calibrated`].
    pub confidence: f32,
    /// Whether the bundle maps word probabilities to confidence; if not, it is their geometric mean.
    pub calibrated: bool,
    /// What was asked for.
    pub kind: QuestionKind,
    /// The most probable answers with their probabilities in (0, 1], best first; the first is [`Self::text`]. For a
    /// yes/no question these are yes and no.
    pub alternatives: Vec<(String, f32)>,
    /// How long it took.
    pub timings: LanguageTimings,
}

impl Answer {
    /// What to tell a person: the answer, or [`NOT_SURE`].
    #[must_use]
    pub fn spoken(&self) -> &str {
        if self.sure { &self.text } else { NOT_SURE }
    }
}

/// First words of answers to "how many".
const NUMBERS: [&str; 26] = [
    "zero",
    "none",
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "several",
    "many",
    "dozens",
];

/// First words of answers to "what color".
const COLORS: [&str; 28] = [
    "black",
    "white",
    "red",
    "blue",
    "green",
    "yellow",
    "brown",
    "orange",
    "pink",
    "purple",
    "gray",
    "tan",
    "blond",
    "blonde",
    "silver",
    "gold",
    "golden",
    "beige",
    "teal",
    "maroon",
    "turquoise",
    "navy",
    "cream",
    "violet",
    "dark",
    "light",
    "bright",
    "colorful",
];

/// A question ready for the decoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Task token, words, separator.
    pub prefix: Vec<Token>,
    /// What is asked for.
    pub kind: QuestionKind,
    /// Tokens an answer may begin with; `None` is any.
    pub first: Option<Vec<Token>>,
}

impl Question {
    /// Reads a question as a person types it; words beyond `max_words` are cut off.
    ///
    /// Fails with `question.empty` or `question.too_long`.
    pub fn read(text: &str, tokenizer: &Tokenizer, max_words: usize) -> Result<Self> {
        let text = text.trim();
        let actual = text.chars().count();
        if actual > MAX_QUESTION_CHARACTERS {
            return Err(Error::QuestionTooLong { actual, limit: MAX_QUESTION_CHARACTERS });
        }
        let words = plain_question(text, tokenizer);
        if words.is_empty() {
            return Err(Error::QuestionEmpty);
        }
        let specials = tokenizer.specials();
        let asked = words.iter().take(max_words);
        let prefix = std::iter::once(specials.answer)
            .chain(asked.map(|word| tokenizer.number(word).unwrap_or(specials.unknown)))
            .chain([specials.separator])
            .collect();
        let kind = QuestionKind::of(&words);
        Ok(Self { prefix, kind, first: first_tokens(kind, &words, tokenizer) })
    }
}

/// Restricting what an answer may begin with helps only where the list is complete, and needs a choice of two.
fn first_tokens(kind: QuestionKind, words: &[String], tokenizer: &Tokenizer) -> Option<Vec<Token>> {
    let list: &[&str] = match kind {
        QuestionKind::YesNo => &["yes", "no"],
        // "what number is on the shirt" may be any.
        QuestionKind::Count if words[0] == "how" => &NUMBERS,
        QuestionKind::Color => &COLORS,
        _ => return None,
    };
    let known: Vec<Token> = list.iter().filter_map(|word| tokenizer.number(word)).collect();
    (known.len() >= 2).then_some(known)
}

/// Answers `question` about `picture`: the most probable texts, each as a whole.
///
/// Fails with `task.cancelled` or `runtime.inference_failed`.
pub fn answer<D: DecoderNetwork>(
    decoder: &mut D,
    picture: &Encoded,
    config: &DecoderConfig,
    confidence: Option<&ConfidenceConfig>,
    tokenizer: &Tokenizer,
    question: &Question,
    options: &AnswerOptions,
) -> Result<Answer> {
    let start = Instant::now();
    let yes_no = question.kind == QuestionKind::YesNo && question.first.is_some();
    let found = search(
        decoder,
        picture.tensors(),
        &Search {
            prefix: &question.prefix,
            // Yes or no is one word and the end.
            max_tokens: if yes_no { 2 } else { config.max_answer_tokens },
            beams: if yes_no { 2 } else { ALTERNATIVES },
            length_alpha: 0.0,
            no_repeat_ngram: 0,
            echoes: None,
            min_words: 1,
            end: tokenizer.specials().end,
            forbidden: &unsaid(tokenizer),
            max_words: if yes_no { 1 } else { usize::MAX },
            first: question.first.as_deref(),
            best_only: false,
            cancel: options.cancel.as_ref(),
        },
    )?;
    let curve = confidence.and_then(|c| c.answer_curve(question.kind.as_str()));
    let said = found.first().map_or(&[][..], |best| &best.log_probabilities);
    let sureness = curve.map_or_else(|| uncalibrated(said), |c| c.confidence(said, 0.0));
    let threshold =
        options.unsure_below.unwrap_or_else(|| confidence.map_or(DEFAULT_UNSURE_BELOW, |c| c.unsure_below));
    let alternatives: Vec<(String, f32)> =
        found.iter().map(|text| (tokenizer.decode(&text.tokens), text.probability())).collect();
    Ok(Answer {
        text: alternatives.first().map(|(text, _)| text.clone()).unwrap_or_default(),
        sure: sureness >= threshold,
        confidence: sureness,
        calibrated: curve.is_some(),
        kind: question.kind,
        alternatives,
        timings: LanguageTimings::new(picture, start.elapsed()),
    })
}
