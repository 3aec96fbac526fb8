//! One file per verb.

pub mod ask;
pub mod bench;
pub mod caption;
pub mod embed;
pub mod generate;
pub mod index;
pub mod live;
pub mod model;
pub mod ocr;
pub mod search;

use serde::Serialize;

/// `"ms"` of a text about a picture.
#[derive(Serialize)]
pub struct LanguageMilliseconds {
    decode_image: f64,
    preprocess: f64,
    vision: f64,
    decode: f64,
    total: f64,
}

impl LanguageMilliseconds {
    /// `decode_image` is reading and decoding the file.
    pub fn new(
        decode_image: std::time::Duration,
        timings: &mm_core::tasks::caption::LanguageTimings,
    ) -> Self {
        Self {
            decode_image: milliseconds(decode_image),
            preprocess: milliseconds(timings.preprocess),
            vision: milliseconds(timings.vision),
            decode: milliseconds(timings.decode),
            total: milliseconds(decode_image + timings.total()),
        }
    }
}

/// A confidence as people say it, put before a sentence; empty where it is sure enough to go without saying.
pub fn hedge(confidence: f32) -> &'static str {
    match confidence {
        c if c >= 0.75 => "",
        c if c >= 0.5 => "probably: ",
        c if c >= 0.25 => "perhaps: ",
        _ => "not sure: ",
    }
}

/// Milliseconds with microsecond resolution, as written in results.
pub fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_confidence_is_said_more_carefully() {
        let said: Vec<&str> = [1.0, 0.75, 0.6, 0.3, 0.1, 0.0].map(hedge).into();
        assert_eq!(said, ["", "", "probably: ", "perhaps: ", "not sure: ", "not sure: "]);
    }
}
