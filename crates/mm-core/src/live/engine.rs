//! The seam between the pipeline's logic and the models.

use std::sync::Arc;

use image::RgbImage;

use crate::{
    error::Result,
    model::Model,
    runtime::Notice,
    tasks::{
        CancelToken,
        answer::{Answer, AnswerOptions},
        caption::{Caption, CaptionOptions},
        ocr::{ReadOptions, TextPage},
        picture::Encoded,
    },
};

/// What the pipeline needs done. Calls come from several threads at once: at most one [`Self::encode`] of its own, one
/// [`Self::read_text`], and one [`Self::caption`] or [`Self::answer`] (which may be beside another `encode`).
pub trait LiveEngine: Send + Sync + 'static {
    /// One pass of the picture encoder.
    fn encode(&self, image: &RgbImage) -> Result<Encoded>;

    /// A caption; stops with `task.cancelled` between two words.
    fn caption(&self, picture: &Encoded, cancel: &CancelToken) -> Result<Caption>;

    /// The text in `image`; `options` has the token that stops it.
    fn read_text(&self, image: &RgbImage, options: &ReadOptions) -> Result<TextPage>;

    /// An answer; stops with `task.cancelled` between two words.
    fn answer(&self, picture: &Encoded, question: &str, cancel: &CancelToken) -> Result<Answer>;

    /// `question.*` for a question that needs no picture to be refused.
    fn check_question(&self, question: &str) -> Result<()>;

    /// What the user should know so far; only grows.
    fn notices(&self) -> Vec<Notice> {
        Vec::new()
    }
}

impl LiveEngine for Model {
    fn encode(&self, image: &RgbImage) -> Result<Encoded> {
        Self::encode(self, image)
    }

    fn caption(&self, picture: &Encoded, cancel: &CancelToken) -> Result<Caption> {
        let options = CaptionOptions { cancel: Some(cancel.clone()), ..CaptionOptions::default() };
        self.caption_encoded(picture, &options)
    }

    fn read_text(&self, image: &RgbImage, options: &ReadOptions) -> Result<TextPage> {
        Self::read_text(self, image, options)
    }

    fn answer(&self, picture: &Encoded, question: &str, cancel: &CancelToken) -> Result<Answer> {
        let options = AnswerOptions { cancel: Some(cancel.clone()), ..AnswerOptions::default() };
        self.answer_encoded(picture, question, &options)
    }

    fn check_question(&self, question: &str) -> Result<()> {
        Self::check_question(self, question)
    }

    fn notices(&self) -> Vec<Notice> {
        Self::notices(self)
    }
}

impl<T: LiveEngine + ?Sized> LiveEngine for Arc<T> {
    fn encode(&self, image: &RgbImage) -> Result<Encoded> {
        (**self).encode(image)
    }

    fn caption(&self, picture: &Encoded, cancel: &CancelToken) -> Result<Caption> {
        (**self).caption(picture, cancel)
    }

    fn read_text(&self, image: &RgbImage, options: &ReadOptions) -> Result<TextPage> {
        (**self).read_text(image, options)
    }

    fn answer(&self, picture: &Encoded, question: &str, cancel: &CancelToken) -> Result<Answer> {
        (**self).answer(picture, question, cancel)
    }

    fn check_question(&self, question: &str) -> Result<()> {
        (**self).check_question(question)
    }

    fn notices(&self) -> Vec<Notice> {
        (**self).notices()
    }
}
