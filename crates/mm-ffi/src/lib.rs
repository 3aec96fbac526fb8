//! The core for other languages: what Python, Kotlin and Swift see of `mm-core`.
//!
//! [`MobileMultiModalModel`] opens a bundle, [`Picture`] holds one decoded image and shares its vision pass between
//! tasks, and everything else is plain records. `uniffi` generates the bindings from this crate; Python and Swift
//! call the model `MobileMultiModalLLM`, the name they were promised, in the thin packages around the bindings.
//!
//! Every method blocks its thread and may be called from any number of threads: Python's interpreter lock is not
//! held meanwhile. Failures are [`MobileMultiModalError`] with the core's stable codes.

mod cancel;
mod error;
mod image;
mod language;
mod model;
mod picture;
mod records;

pub use self::{
    cancel::CancelToken,
    error::MobileMultiModalError,
    image::{ImageSource, PixelFormat},
    language::{Answer, AnswerOptions, Caption, CaptionOptions, ScoredText, Timings},
    model::{MobileMultiModalModel, OpenOptions},
    picture::Picture,
    records::{ModelInfo, Notice, OcrTimings, Point, TextPage, TextRegion, WordBox},
};

uniffi::setup_scaffolding!();
