//! ONNX Runtime: finding the library, choosing an execution provider, running graphs.
//!
//! Tasks depend on small traits ([`Network`], [`VisionNetwork`], [`DecoderNetwork`], [`TextNetwork`]), not on ONNX
//! Runtime, so that they can be tested without weights.
//!
//! There is no IO binding here: on the CPU provider inputs are passed by reference and outputs are read in place, so
//! a binding would save nothing. What would cost is copying a decoder's keys and values at every step: they stay
//! tensors of ONNX Runtime and go back in as they came out (see [`Cache`]).

mod language;
mod library;
mod load;
mod provider;
pub mod sentinel;
mod session;

use ndarray::{Array2, Array4, ArrayD, ArrayView2, ArrayView4, ArrayViewD};

pub use self::{
    language::{Cache, DecoderSession, TextSession, VisionSession},
    library::{LIBRARY_VARIABLE, NO_TELEMETRY_VARIABLE, version},
    load::SessionOptions,
    provider::{Notice, Provider},
    session::GraphSession,
};
use crate::error::Result;

/// A loaded graph with one f32 input and (at least) one f32 output.
pub trait Network: Send {
    /// Runs the graph on `input` and returns its first output.
    ///
    /// Fails with `runtime.inference_failed`; the network stays usable.
    fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<ArrayD<f32>>;
}

/// What the picture encoder gives.
#[derive(Debug, Clone, PartialEq)]
pub struct VisionTensors {
    /// Retrieval embedding.
    pub embedding: Vec<f32>,
    /// Keys of every decoder layer's attention to the picture, `[layers, heads, picture tokens, head size]`.
    pub keys: Array4<f32>,
    /// Values, shaped as the keys.
    pub values: Array4<f32>,
}

/// A picture encoder.
pub trait VisionNetwork: Send {
    /// Runs on a normalised picture, `[1, 3, side, side]`. Fails with `runtime.inference_failed`.
    fn run(&mut self, image: ArrayView4<'_, f32>) -> Result<VisionTensors>;
}

/// A picture's keys and values, `[layers, heads, picture tokens, head size]`.
#[derive(Debug, Clone, Copy)]
pub struct PictureTensors<'a> {
    /// Keys.
    pub keys: ArrayView4<'a, f32>,
    /// Values.
    pub values: ArrayView4<'a, f32>,
}

/// A decoder that continues rows of tokens about one picture.
pub trait DecoderNetwork: Send {
    /// What it remembers of the tokens so far.
    type Cache;

    /// The memory of `rows` rows without any tokens.
    fn start(&mut self, rows: usize) -> Result<Self::Cache>;

    /// Appends `tokens` `[rows, new]`; returns logits `[rows, vocabulary]` after the last token of each row.
    ///
    /// Fails with `runtime.inference_failed`; the network stays usable.
    fn step(
        &mut self,
        tokens: ArrayView2<'_, i64>,
        cache: Self::Cache,
        picture: PictureTensors<'_>,
    ) -> Result<(Array2<f32>, Self::Cache)>;

    /// The memory with row `rows[i]` in place `i`; rows may be left out and repeated.
    fn select(&mut self, cache: Self::Cache, rows: &[usize]) -> Result<Self::Cache>;
}

/// A text encoder.
pub trait TextNetwork: Send {
    /// Embeddings `[texts, embedding]` of token rows `[texts, words]`, padded at the end.
    fn run(&mut self, tokens: ArrayView2<'_, i64>) -> Result<Array2<f32>>;
}
