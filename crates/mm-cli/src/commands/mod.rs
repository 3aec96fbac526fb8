//! One file per verb.

pub mod bench;
pub mod generate;
pub mod model;
pub mod ocr;

/// Milliseconds with microsecond resolution, as written in results.
pub fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
