//! What captions and answers share.

use std::time::Duration;

use super::picture::Encoded;

/// How long a caption or an answer took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LanguageTimings {
    /// Resizing and normalising the picture.
    pub preprocess: Duration,
    /// The picture encoder; the same for every text about one [`Encoded`] picture.
    pub vision: Duration,
    /// Decoding the text.
    pub decode: Duration,
}

impl LanguageTimings {
    pub(super) fn new(picture: &Encoded, decode: Duration) -> Self {
        let encode = picture.timings();
        Self { preprocess: encode.preprocess, vision: encode.vision, decode }
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.preprocess + self.vision + self.decode
    }
}

/// `text` with a capital first letter.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
