//! One picture, decoded once and encoded once.

use std::sync::{Arc, Mutex, PoisonError};

use mm_core::{
    RgbImage,
    model::Model,
    tasks::{ocr::ReadOptions, picture::Encoded},
};

use crate::{Answer, AnswerOptions, CancelToken, Caption, CaptionOptions, MobileMultiModalError, TextPage};

/// A picture opened by a model: decoded once, and passed through the vision part once, whatever is asked about it.
#[derive(uniffi::Object)]
pub struct Picture {
    model: Arc<Model>,
    image: RgbImage,
    encoded: Mutex<Option<Encoded>>,
}

impl Picture {
    pub(crate) fn new(model: Arc<Model>, image: RgbImage) -> Self {
        Self { model, image, encoded: Mutex::new(None) }
    }

    /// The vision pass, made when it is first needed. Threads that need it meanwhile wait, and do not repeat it.
    fn encoded(&self) -> mm_core::Result<Encoded> {
        let mut slot = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Some(encoded) => Ok(encoded.clone()),
            None => Ok(slot.insert(self.model.encode(&self.image)?).clone()),
        }
    }
}

#[uniffi::export]
#[expect(clippy::needless_pass_by_value, reason = "uniffi hands optional objects over by value")]
impl Picture {
    /// Width in pixels, upright.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.image.width()
    }

    /// Height in pixels, upright.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.image.height()
    }

    /// Says in a sentence what the picture shows.
    ///
    /// Fails with `task.unsupported` if the bundle cannot, `task.cancelled`, or a `bundle.*` or `runtime.*` code.
    #[uniffi::method(default(options = None, cancel = None))]
    pub fn caption(
        &self,
        options: Option<CaptionOptions>,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<Caption, MobileMultiModalError> {
        let options = options.unwrap_or_default().core(cancel.as_deref());
        options.cancel.as_ref().map_or(Ok(()), mm_core::tasks::CancelToken::check)?;
        Ok(self.model.caption_encoded(&self.encoded()?, &options)?.into())
    }

    /// Answers a question about the picture.
    ///
    /// Fails as `caption`, or with `question.empty` or `question.too_long` (over 1,000 characters).
    #[uniffi::method(default(options = None, cancel = None))]
    pub fn answer(
        &self,
        question: &str,
        options: Option<AnswerOptions>,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<Answer, MobileMultiModalError> {
        let options = options.unwrap_or_default().core(cancel.as_deref());
        options.cancel.as_ref().map_or(Ok(()), mm_core::tasks::CancelToken::check)?;
        self.model.check_question(question)?;
        Ok(self.model.answer_encoded(&self.encoded()?, question, &options)?.into())
    }

    /// Finds and reads the text. A picture without text gives an empty page.
    ///
    /// Fails with `bundle.role_missing` if the bundle reads no text, or a `bundle.*` or `runtime.*` code.
    pub fn read_text(&self) -> Result<TextPage, MobileMultiModalError> {
        Ok(self.model.read_text(&self.image, &ReadOptions::default())?.into())
    }

    /// The picture as a point on the unit sphere, near texts that say what it shows.
    ///
    /// Fails with `task.unsupported` if the bundle cannot, or a `bundle.*` or `runtime.*` code.
    pub fn embed(&self) -> Result<Vec<f32>, MobileMultiModalError> {
        Ok(self.encoded()?.embedding().as_slice().to_vec())
    }
}
