//! Captions and answers as records, and how to ask for them.

use mm_core::tasks::{
    answer,
    caption::{self, LanguageTimings},
};

use crate::CancelToken;

/// How to caption.
#[derive(Debug, Clone, Default, PartialEq, uniffi::Record)]
pub struct CaptionOptions {
    /// Texts kept during the search, 1 (greedy, fastest) to 16; none takes the bundle's setting.
    #[uniffi(default = None)]
    pub beams: Option<u32>,
    /// Most words; none, and anything above the bundle's limit, takes the bundle's.
    #[uniffi(default = None)]
    pub max_words: Option<u32>,
}

/// How to answer.
#[derive(Debug, Clone, Default, PartialEq, uniffi::Record)]
pub struct AnswerOptions {
    /// Answers less sure than this, in [0, 1], are said as "not sure"; none takes the bundle's setting.
    #[uniffi(default = None)]
    pub unsure_below: Option<f32>,
}

/// How long a caption or an answer took.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct Timings {
    /// Resizing and normalising the picture.
    pub preprocess_ms: f64,
    /// The vision pass; the same for everything that shares one.
    pub vision_ms: f64,
    /// Decoding the text.
    pub decode_ms: f64,
    /// All of it.
    pub total_ms: f64,
}

/// A piece of text with a figure that the field holding it explains.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct ScoredText {
    /// The text.
    pub text: String,
    /// The figure.
    pub score: f32,
}

/// What a picture shows.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Caption {
    /// Lower-case words, as the model says them.
    pub text: String,
    /// The same with a capital first letter, for people.
    pub sentence: String,
    /// How likely it is right.
    pub confidence: f32,
    /// Whether the confidence was fitted to measured correctness; if not, it is the mean word probability.
    pub calibrated: bool,
    /// Each word with the natural logarithm of its probability.
    pub words: Vec<ScoredText>,
    /// How long it took.
    pub timings: Timings,
}

/// The answer to a question about a picture.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Answer {
    /// The best answer, however sure.
    pub text: String,
    /// What to tell a person: the best answer, or "not sure".
    pub spoken: String,
    /// Whether the confidence reaches the threshold.
    pub sure: bool,
    /// How likely the best answer is right.
    pub confidence: f32,
    /// As of a caption.
    pub calibrated: bool,
    /// What was asked for: `yes/no`, `count`, `color`, `place`, `action` or `object`.
    pub kind: String,
    /// The most probable answers, best first, with their probabilities.
    pub alternatives: Vec<ScoredText>,
    /// How long it took.
    pub timings: Timings,
}

impl CaptionOptions {
    pub(crate) fn core(&self, cancel: Option<&CancelToken>) -> caption::CaptionOptions {
        caption::CaptionOptions {
            beams: self.beams.map(|beams| beams as usize),
            max_words: self.max_words.map(|words| words as usize),
            cancel: cancel.map(CancelToken::core),
            ..caption::CaptionOptions::default()
        }
    }
}

impl AnswerOptions {
    pub(crate) fn core(&self, cancel: Option<&CancelToken>) -> answer::AnswerOptions {
        answer::AnswerOptions { unsure_below: self.unsure_below, cancel: cancel.map(CancelToken::core) }
    }
}

impl From<caption::Caption> for Caption {
    fn from(caption: caption::Caption) -> Self {
        Self {
            sentence: caption.sentence(),
            text: caption.text,
            confidence: caption.confidence,
            calibrated: caption.calibrated,
            words: scored(caption.words),
            timings: caption.timings.into(),
        }
    }
}

impl From<answer::Answer> for Answer {
    fn from(answer: answer::Answer) -> Self {
        Self {
            spoken: answer.spoken().to_owned(),
            text: answer.text,
            sure: answer.sure,
            confidence: answer.confidence,
            calibrated: answer.calibrated,
            kind: answer.kind.as_str().to_owned(),
            alternatives: scored(answer.alternatives),
            timings: answer.timings.into(),
        }
    }
}

impl From<LanguageTimings> for Timings {
    fn from(timings: LanguageTimings) -> Self {
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        Self {
            preprocess_ms: ms(timings.preprocess),
            vision_ms: ms(timings.vision),
            decode_ms: ms(timings.decode),
            total_ms: ms(timings.total()),
        }
    }
}

fn scored(texts: Vec<(String, f32)>) -> Vec<ScoredText> {
    texts.into_iter().map(|(text, score)| ScoredText { text, score }).collect()
}
