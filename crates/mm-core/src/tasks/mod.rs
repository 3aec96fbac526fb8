//! What the models are for: each task turns pixels into a typed result.

pub mod ocr;
