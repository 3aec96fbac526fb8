//! Captions, answers and embeddings on a [`Model`].

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use image::RgbImage;

use super::{Model, lock};
use crate::{
    bundle::{DEFAULT_LOOKS_FROM, DecoderConfig, Role, TextConfig, VisionConfig},
    error::{Error, Result},
    runtime::{DecoderSession, Provider, TextSession, VisionSession},
    tasks::{
        CancelToken,
        answer::{Answer, AnswerOptions, Question, answer},
        caption::{Caption, CaptionOptions, Drafts},
        embed::{Embedding, TextEncoder},
        picture::{Encoded, PictureEncoder},
    },
    text::Tokenizer,
};

/// What has been loaded so far.
#[derive(Default)]
pub(super) struct Loaded {
    vision: Mutex<Option<LoadedVision>>,
    decoder: Mutex<Option<DecoderSession>>,
    text: Mutex<Option<TextEncoder>>,
    tokenizer: Mutex<Option<Arc<Tokenizer>>>,
    /// Captions could not be compared with their picture, and are not until something else loads the text encoder.
    uncompared: AtomicBool,
}

struct LoadedVision {
    encoder: PictureEncoder,
    provider: Provider,
}

/// What a task is called in errors.
const CAPTION: &str = "caption pictures";
const ANSWER: &str = "answer questions";
const EMBED: &str = "search pictures";

impl Model {
    /// Loads the graphs of captions and answers now instead of on first use, and says how long that took and what
    /// runs the picture encoder, which is most of the work.
    pub fn load_language(&self) -> Result<(Duration, Provider)> {
        let start = Instant::now();
        let provider = self.with_vision(CAPTION, |vision| Ok(vision.provider))?;
        self.with_decoder(CAPTION, |_, _, _| Ok(()))?;
        Ok((start.elapsed(), provider))
    }

    /// Loads the text encoder now instead of on first use, and says how long that took.
    pub fn load_text(&self) -> Result<Duration> {
        let start = Instant::now();
        self.with_text(|_, _| Ok(()))?;
        Ok(start.elapsed())
    }

    /// One pass of the picture encoder, to be shared by captions, answers and search about the same picture.
    ///
    /// Fails with `task.unsupported` if the bundle has no picture encoder, `bundle.*` if it is damaged, `runtime.*`.
    pub fn encode(&self, image: &RgbImage) -> Result<Encoded> {
        self.with_vision(CAPTION, |vision| vision.encoder.encode(image))
    }

    /// Says in a sentence what `image` shows.
    ///
    /// Fails as [`Self::encode`], or with `task.cancelled`.
    pub fn caption(&self, image: &RgbImage, options: &CaptionOptions) -> Result<Caption> {
        options.cancel.as_ref().map_or(Ok(()), CancelToken::check)?;
        self.caption_encoded(&self.encode(image)?, options)
    }

    /// As [`Self::caption`], for a picture already encoded.
    pub fn caption_encoded(&self, picture: &Encoded, options: &CaptionOptions) -> Result<Caption> {
        let manifest = self.bundle.manifest();
        let weight = self.decoder_config(CAPTION)?.similarity_weight;
        let confidence = manifest.models.confidence.as_ref();
        let judged = confidence.is_some_and(|settings| settings.caption_compared.is_some());
        let compared = (weight > 0.0 || judged)
            && manifest.models.text.is_some()
            && manifest.file(Role::Text).is_some()
            && !self.language.uncompared.load(Ordering::Relaxed);
        let mut drafts = self.with_decoder(CAPTION, |decoder, config, tokenizer| {
            Drafts::search(decoder, picture, config, tokenizer, options, compared)
        })?;
        if compared && (judged || drafts.several()) {
            let chosen = self.with_text(|encoder, tokenizer| {
                drafts.compare(picture.embedding(), weight, encoder, tokenizer)
            });
            if let Err(error) = chosen {
                // Still a caption, if a poorer one; search says what is wrong. Once is enough: a live view captions
                // many times a second, and each time would load the encoder anew.
                self.language.uncompared.store(true, Ordering::Relaxed);
                tracing::warn!(code = error.code(), %error, "captions are chosen and trusted by their words alone");
            }
        }
        drafts.caption(picture, confidence, &*self.tokenizer(CAPTION)?)
    }

    /// Answers a question about `image`.
    ///
    /// Fails as [`Self::encode`], or with `question.empty`, `question.too_long` or `task.cancelled`.
    pub fn answer(&self, image: &RgbImage, question: &str, options: &AnswerOptions) -> Result<Answer> {
        self.check_question(question)?;
        options.cancel.as_ref().map_or(Ok(()), CancelToken::check)?;
        self.answer_encoded(&self.encode(image)?, question, options)
    }

    /// As [`Self::answer`], for a picture already encoded.
    pub fn answer_encoded(
        &self,
        picture: &Encoded,
        question: &str,
        options: &AnswerOptions,
    ) -> Result<Answer> {
        let question = self.read_question(question)?;
        let confidence = self.bundle.manifest().models.confidence.as_ref();
        self.with_decoder(ANSWER, |decoder, config, tokenizer| {
            answer(decoder, picture, config, confidence, tokenizer, &question, options)
        })
    }

    /// The retrieval embedding of `image`: near those of texts that say what it shows.
    ///
    /// Fails as [`Self::encode`].
    pub fn embed_image(&self, image: &RgbImage) -> Result<Embedding> {
        let encoded = self.with_vision(EMBED, |vision| vision.encoder.encode(image))?;
        Ok(encoded.embedding().clone())
    }

    /// The retrieval embedding of `text`.
    ///
    /// Fails with `text.empty`, `task.unsupported` if the bundle has no text encoder, `bundle.*` or `runtime.*`.
    pub fn embed_text(&self, text: &str) -> Result<Embedding> {
        self.with_text(|encoder, tokenizer| encoder.embed(text, tokenizer))
    }

    /// Whether the text encoder knows a word of `text`. What it does not know looks alike to it: the embeddings of two
    /// texts without a known word say nothing.
    ///
    /// Fails with `task.unsupported` if the bundle has no tokenizer, or `bundle.*`.
    pub fn knows(&self, text: &str) -> Result<bool> {
        let tokenizer = self.tokenizer(EMBED)?;
        Ok(tokenizer.split(text).iter().any(|word| tokenizer.number(word).is_some()))
    }

    /// Cosine of two embeddings from which on a picture looks like a text; every model has its own scale.
    #[must_use]
    pub fn looks_from(&self) -> f32 {
        let confidence = self.bundle.manifest().models.confidence.as_ref();
        confidence.and_then(|settings| settings.looks_from).unwrap_or(DEFAULT_LOOKS_FROM)
    }

    /// Checks a question before anything is spent on its picture: whoever encodes the picture apart, and may have to
    /// ask several questions about it, calls this first.
    ///
    /// Fails with `question.empty`, `question.too_long`, `task.unsupported` or `bundle.*`.
    pub fn check_question(&self, question: &str) -> Result<()> {
        self.read_question(question).map(drop)
    }

    fn read_question(&self, question: &str) -> Result<Question> {
        let config = self.decoder_config(ANSWER)?;
        Question::read(question, &*self.tokenizer(ANSWER)?, config.max_question_words)
    }

    fn with_vision<T>(
        &self,
        task: &'static str,
        work: impl FnOnce(&mut LoadedVision) -> Result<T>,
    ) -> Result<T> {
        let mut slot = lock(&self.language.vision);
        work(filled(&mut slot, || self.build_vision(task))?)
    }

    fn with_decoder<T>(
        &self,
        task: &'static str,
        work: impl FnOnce(&mut DecoderSession, &DecoderConfig, &Tokenizer) -> Result<T>,
    ) -> Result<T> {
        let config = self.decoder_config(task)?;
        let tokenizer = self.tokenizer(task)?;
        let mut slot = lock(&self.language.decoder);
        let decoder = filled(&mut slot, || {
            Self::check_vocabulary(config, &tokenizer)?;
            self.load(Role::Decoder, |graph, notices| {
                DecoderSession::load(graph, config, &self.options, notices)
            })
        })?;
        work(decoder, config, &tokenizer)
    }

    fn with_text<T>(&self, work: impl FnOnce(&mut TextEncoder, &Tokenizer) -> Result<T>) -> Result<T> {
        let tokenizer = self.tokenizer(EMBED)?;
        let mut slot = lock(&self.language.text);
        let encoder = filled(&mut slot, || {
            let config: &TextConfig =
                self.setting(EMBED, Role::Text, self.bundle.manifest().models.text.as_ref())?;
            let session = self.load(Role::Text, |graph, notices| {
                TextSession::load(graph, config, &self.options, notices)
            })?;
            self.language.uncompared.store(false, Ordering::Relaxed);
            Ok(TextEncoder::new(session, config))
        })?;
        work(encoder, &tokenizer)
    }

    fn build_vision(&self, task: &'static str) -> Result<LoadedVision> {
        let models = &self.bundle.manifest().models;
        let config: &VisionConfig = self.setting(task, Role::Vision, models.vision.as_ref())?;
        let session = self.load(Role::Vision, |graph, notices| {
            VisionSession::load(graph, config, models.decoder.as_ref(), &self.options, notices)
        })?;
        let provider = session.provider();
        Ok(LoadedVision { encoder: PictureEncoder::new(session, config), provider })
    }

    fn decoder_config(&self, task: &'static str) -> Result<&DecoderConfig> {
        self.setting(task, Role::Decoder, self.bundle.manifest().models.decoder.as_ref())
    }

    fn tokenizer(&self, task: &'static str) -> Result<Arc<Tokenizer>> {
        let mut slot = lock(&self.language.tokenizer);
        let tokenizer = filled(&mut slot, || {
            self.setting(task, Role::Tokenizer, Some(&()))?;
            Tokenizer::parse(&self.bundle.read(Role::Tokenizer)?).map(Arc::new)
        })?;
        Ok(Arc::clone(tokenizer))
    }

    fn check_vocabulary(config: &DecoderConfig, tokenizer: &Tokenizer) -> Result<()> {
        if config.vocabulary == tokenizer.vocabulary() {
            return Ok(());
        }
        Err(Error::RuntimeModelInvalid {
            model: Role::Tokenizer.as_str().to_owned(),
            detail: format!("it has {} words, the decoder {}", tokenizer.vocabulary(), config.vocabulary),
        })
    }

    /// The settings of a role, if the bundle has both them and the file.
    fn setting<'a, T>(&self, task: &'static str, role: Role, settings: Option<&'a T>) -> Result<&'a T> {
        let manifest = self.bundle.manifest();
        settings.filter(|_| manifest.file(role).is_some()).ok_or_else(|| Error::TaskUnsupported {
            bundle: manifest.name.clone(),
            task,
            lacks: format!("{} model", role.as_str()),
        })
    }
}

/// What is in `slot`, made first if need be. A failure leaves it empty, so that the next call tries again.
fn filled<T>(slot: &mut Option<T>, make: impl FnOnce() -> Result<T>) -> Result<&mut T> {
    match slot {
        Some(ready) => Ok(ready),
        None => Ok(slot.insert(make()?)),
    }
}
