//! What the models are for: each task turns pixels or text into a typed result.

pub mod answer;
mod cancel;
pub mod caption;
pub mod decoding;
pub mod embed;
mod language;
pub mod ocr;
pub mod picture;
pub mod tensor;

pub use cancel::CancelToken;
