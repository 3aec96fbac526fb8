//! Settings of the three graphs behind captions, answers and search.

use serde::{Deserialize, Serialize};

use super::models::{ColorOrder, normalisation_ok};

/// How a picture is brought to the encoder's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResizeMethod {
    /// Cubic convolution (a = -0.5) as wide as the scale: Pillow's `BICUBIC`.
    BicubicAntialias,
    /// A triangle as wide as the scale: Pillow's `BILINEAR`.
    BilinearAntialias,
}

/// How the picture encoder is fed and what it gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VisionConfig {
    /// One input, the picture: f32 `[1, 3, size, size]`.
    pub inputs: Vec<String>,
    /// Three outputs: embedding f32 `[1, embedding]`, picture keys and picture values f32
    /// `[layers, heads, picture tokens, head size]`.
    pub outputs: Vec<String>,
    /// Side of the square input in pixels.
    pub size: u32,
    /// Channel order of the input.
    pub color_order: ColorOrder,
    /// How the picture is brought to that size.
    pub resize: ResizeMethod,
    /// `true` pads to keep the aspect ratio; only `false` (the whole picture squeezed to a square) is supported.
    pub keep_aspect: bool,
    /// Factor applied to 8-bit values first (1/255).
    pub scale: f32,
    /// Per-channel mean, subtracted after scaling; in `color_order`.
    pub mean: [f32; 3],
    /// Per-channel standard deviation, divided by after the mean; in `color_order`.
    pub std: [f32; 3],
    /// Numbers in an embedding; the same as the text encoder's.
    pub embedding: usize,
}

/// How the decoder is fed and how captions and answers are made with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecoderConfig {
    /// Six inputs: tokens i64 `[texts, new]`, start i64 `[1]`, past keys and past values f32
    /// `[layers, texts, heads, past, head size]`, picture keys and picture values as the encoder gives them.
    pub inputs: Vec<String>,
    /// Three outputs: logits f32 `[texts, vocabulary]`, keys and values f32
    /// `[layers, texts, heads, past + new, head size]`.
    pub outputs: Vec<String>,
    /// Decoder layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Numbers per head.
    pub head_size: usize,
    /// Tokens, specials included.
    pub vocabulary: usize,
    /// Most tokens of a row, prefix included.
    pub max_positions: usize,
    /// Most tokens of a caption, the end token included.
    pub max_caption_tokens: usize,
    /// Words of a question beyond this are cut off.
    pub max_question_words: usize,
    /// Most tokens of an answer, the end token included.
    pub max_answer_tokens: usize,
    /// Rows of beam search.
    pub beam_width: usize,
    /// Beam scores are divided by `length ^ length_alpha` (Wu et al. 2016, without the offset).
    pub length_alpha: f32,
    /// Of the captions a beam search found, the one with the largest `score + similarity_weight * cosine` of its
    /// embedding and the picture's is said; 0, or a bundle without a text encoder, leaves it to the score.
    #[serde(default)]
    pub similarity_weight: f32,
}

/// How the text encoder is fed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextConfig {
    /// One input: tokens i64 `[texts, words]`, padding at the end.
    pub inputs: Vec<String>,
    /// One output: embedding f32 `[texts, embedding]`.
    pub outputs: Vec<String>,
    /// Words beyond this are cut off.
    pub max_words: usize,
    /// Numbers in an embedding.
    pub embedding: usize,
}

/// Upper bounds of settings: far above any model for a phone, far below what could exhaust memory.
const MAX_SIDE: u32 = 2048;
const MAX_EMBEDDING: usize = 8192;
const MAX_TOKENS: usize = 512;
const MAX_BEAMS: usize = 16;
const MAX_SIMILARITY_WEIGHT: f32 = 1000.0;

/// Largest vocabulary read.
pub(crate) const MAX_VOCABULARY: usize = 1 << 16;

fn ends(inputs: &[String], outputs: &[String], expected: (usize, usize)) -> bool {
    (inputs.len(), outputs.len()) == expected && inputs.iter().chain(outputs).all(|name| !name.is_empty())
}

fn verdict(ok: bool, model: &str) -> Result<(), String> {
    if ok { Ok(()) } else { Err(format!("{model} settings are out of range")) }
}

impl VisionConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.keep_aspect {
            return Err("vision settings ask for keep_aspect, which this version cannot do".to_owned());
        }
        let ok = ends(&self.inputs, &self.outputs, (1, 3))
            && normalisation_ok(self.scale, self.mean, self.std)
            && (16..=MAX_SIDE).contains(&self.size)
            && (1..=MAX_EMBEDDING).contains(&self.embedding);
        verdict(ok, "vision")
    }
}

impl DecoderConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        let ok = ends(&self.inputs, &self.outputs, (6, 3))
            && (1..=64).contains(&self.layers)
            && (1..=64).contains(&self.heads)
            && (1..=1024).contains(&self.head_size)
            && (8..=MAX_VOCABULARY).contains(&self.vocabulary)
            && (2..=MAX_TOKENS).contains(&self.max_positions)
            // The first token of a caption is the task's; the last one said is never fed back.
            && (2..=self.max_positions).contains(&self.max_caption_tokens)
            && (1..MAX_TOKENS).contains(&self.max_question_words)
            && (2..MAX_TOKENS).contains(&self.max_answer_tokens)
            // Task token, question, separator, and the answer but for its last token.
            && self.max_question_words + self.max_answer_tokens < self.max_positions
            && (1..=MAX_BEAMS).contains(&self.beam_width)
            && (0.0..=2.0).contains(&self.length_alpha)
            && (0.0..=MAX_SIMILARITY_WEIGHT).contains(&self.similarity_weight);
        verdict(ok, "decoder")
    }
}

impl TextConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        let ok = ends(&self.inputs, &self.outputs, (1, 1))
            && (1..MAX_TOKENS).contains(&self.max_words)
            && (1..=MAX_EMBEDDING).contains(&self.embedding);
        verdict(ok, "text")
    }
}
