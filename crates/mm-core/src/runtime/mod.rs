//! ONNX Runtime: finding the library, choosing an execution provider, running graphs.
//!
//! Tasks depend on the small [`Network`] trait, not on ONNX Runtime, so that they can be tested without weights.
//!
//! There is no IO binding here: on the CPU provider inputs are passed by reference ([`Network::run`] takes a view)
//! and outputs are read in place, so a binding would save nothing. It pays where tensors stay on a device between
//! runs, which a decoder's KV cache will and these single-pass graphs do not.

mod library;
mod provider;
mod session;

use ndarray::{ArrayD, ArrayViewD};

pub use self::{
    library::{LIBRARY_VARIABLE, version},
    provider::{Notice, Provider},
    session::{GraphSession, SessionOptions},
};
use crate::error::Result;

/// A loaded graph with one f32 input and (at least) one f32 output.
pub trait Network: Send {
    /// Runs the graph on `input` and returns its first output.
    ///
    /// Fails with `runtime.inference_failed`; the network stays usable.
    fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<ArrayD<f32>>;
}
