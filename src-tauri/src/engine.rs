//! The model in use: opened at the start, loaded in the background, replaced when the settings ask for another.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
};

use mm_core::{
    bundle,
    model::Model,
    runtime::{Provider, SessionOptions, sentinel},
};

use crate::{
    error::{AppError, Reply},
    folders::Folders,
    start,
    types::Settings,
};

/// What of the settings makes another model.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    model: String,
    provider: String,
    threads: Option<u32>,
}

impl From<&Settings> for Choice {
    fn from(settings: &Settings) -> Self {
        let Settings { model, provider, threads, .. } = settings;
        Self { model: model.clone(), provider: provider.clone(), threads: *threads }
    }
}

#[derive(Default)]
struct State {
    choice: Option<Choice>,
    model: Option<Result<Arc<Model>, AppError>>,
    active: Option<Provider>,
}

/// Is told of a model that is loaded.
type OnReady = Box<dyn Fn(&Arc<Model>) + Send + Sync>;

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    on_ready: OnceLock<OnReady>,
}

/// Holds the model. Clones share it.
#[derive(Clone, Default)]
pub struct Engine(Arc<Shared>);

impl Engine {
    /// Tells `listener` of every model once it is loaded, on the thread that loaded it. Only the first listener counts.
    pub fn on_ready(&self, listener: impl Fn(&Arc<Model>) + Send + Sync + 'static) {
        if self.0.on_ready.set(Box::new(listener)).is_err() {
            tracing::error!("there is a listener for models already");
        }
    }

    /// Opens what `settings` name, unless that is open already, and loads it in the background. Whether there is a new
    /// model now; an error is kept for [`Self::model`].
    pub fn use_settings(&self, settings: &Settings, folders: &Folders) -> bool {
        let choice = Choice::from(settings);
        if self.lock().choice.as_ref() == Some(&choice) {
            return false;
        }
        self.open(choice, folders);
        true
    }

    /// Opens the same model again, as after providers were reset.
    pub fn reopen(&self, folders: &Folders) {
        let choice = self.lock().choice.clone();
        if let Some(choice) = choice {
            self.open(choice, folders);
        }
    }

    fn open(&self, choice: Choice, folders: &Folders) {
        let opened = open(&choice, folders).map(Arc::new);
        let model = opened.as_ref().ok().map(Arc::clone);
        *self.lock() = State { choice: Some(choice), model: Some(opened), active: None };
        if let Some(model) = model {
            self.load(model);
        }
    }

    /// The model. Fails as opening it did.
    pub fn model(&self) -> Reply<Arc<Model>> {
        match &self.lock().model {
            Some(opened) => opened.clone(),
            None => Err(AppError::new("shell.failed", "no model was chosen; start the app again")),
        }
    }

    /// What runs the picture encoder, once it is loaded.
    #[must_use]
    pub fn active(&self) -> Option<Provider> {
        self.lock().active
    }

    /// Loads the graphs now, so that the first frame need not wait. A failure is told by whatever needs them first.
    fn load(&self, model: Arc<Model>) {
        let engine = self.clone();
        thread::spawn(move || {
            let span = tracing::info_span!("load").entered();
            let captions = model.load_language();
            match &captions {
                Ok((took, provider)) => {
                    tracing::info!(?took, %provider, "captions are ready");
                    engine.note_active(&model, *provider);
                    start::mark("captions_ready");
                }
                Err(error) => tracing::warn!(code = error.code(), %error, "captions are not ready"),
            }
            let text = model.load_ocr();
            match &text {
                Ok((took, provider)) => {
                    tracing::info!(?took, %provider, "text reading is ready");
                    start::mark("text_ready");
                }
                Err(error) => tracing::warn!(code = error.code(), %error, "text reading is not ready"),
            }
            drop(span);
            if let (Ok(_), Ok(_), Some(listener)) = (captions, text, engine.0.on_ready.get()) {
                listener(&model);
            }
        });
    }

    fn note_active(&self, model: &Arc<Model>, provider: Provider) {
        let mut state = self.lock();
        // The settings may have changed meanwhile.
        if matches!(&state.model, Some(Ok(current)) if Arc::ptr_eq(current, model)) {
            state.active = Some(provider);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(choice: &Choice, folders: &Folders) -> Reply<Model> {
    let options = SessionOptions {
        provider: choice.provider.parse()?,
        threads: choice.threads.and_then(|n| NonZeroUsize::new(n as usize)),
        sentinel: Some(sentinel::folder(&folders.data)),
    };
    let bundle = bundle::find(&choice.model, &folders.models())?;
    Ok(Model::new(bundle, options))
}
