//! The front door: a bundle with its graphs loaded on first use.

mod language;

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use image::RgbImage;

use crate::{
    bundle::{Bundle, Role, SearchPath, find},
    error::{Error, Result},
    runtime::{GraphSession, Notice, Provider, SessionOptions, sentinel},
    tasks::ocr::{Detector, Ocr, ReadOptions, Recognizer, TextPage},
};

/// Name of the bundle used when none is asked for.
pub const DEFAULT_BUNDLE: &str = "mobile-mm-llm-int2";

/// How a model is opened.
#[derive(Debug, Clone, Default)]
pub struct ModelOptions {
    /// Provider and threads.
    pub session: SessionOptions,
    /// The app's data folder: searched for bundles under `models/`, and where providers that end the process are
    /// remembered unless [`SessionOptions::sentinel`] says otherwise.
    pub app_data: Option<PathBuf>,
}

/// A bundle ready to work. Cheap to open: a graph is verified and loaded when it is first used, once.
///
/// Shared between threads by reference; calls that need the same graph wait for each other.
pub struct Model {
    bundle: Bundle,
    options: SessionOptions,
    ocr: Mutex<Option<LoadedOcr>>,
    language: language::Loaded,
    notices: Mutex<Vec<Notice>>,
}

struct LoadedOcr {
    pipeline: Ocr,
    provider: Provider,
}

impl Model {
    /// Opens a bundle by name or path; see [`find`] and [`SearchPath::standard`] for where it is looked for.
    pub fn from_pretrained(name_or_path: &str, options: &ModelOptions) -> Result<Self> {
        let bundle = find(name_or_path, &SearchPath::standard(options.app_data.as_deref()))?;
        let mut session = options.session.clone();
        session.sentinel = session.sentinel.or_else(|| options.app_data.as_deref().map(sentinel::folder));
        Ok(Self::new(bundle, session))
    }

    /// A model on an opened bundle.
    #[must_use]
    pub fn new(bundle: Bundle, options: SessionOptions) -> Self {
        Self {
            bundle,
            options,
            ocr: Mutex::new(None),
            language: language::Loaded::default(),
            notices: Mutex::new(Vec::new()),
        }
    }

    /// The bundle behind this model.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Provider and threads asked for.
    #[must_use]
    pub fn options(&self) -> &SessionOptions {
        &self.options
    }

    /// What the user should know: providers that could not start and what is used instead.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        lock(&self.notices).clone()
    }

    /// Loads the text-reading graphs now instead of on first use, and says how long that took and what runs them.
    pub fn load_ocr(&self) -> Result<(Duration, Provider)> {
        let start = Instant::now();
        let mut guard = lock(&self.ocr);
        let loaded = self.ensure_ocr(&mut guard)?;
        Ok((start.elapsed(), loaded.provider))
    }

    /// Finds and reads the text in `image`, with quads in its pixels.
    pub fn read_text(&self, image: &RgbImage, options: &ReadOptions) -> Result<TextPage> {
        let mut guard = lock(&self.ocr);
        self.ensure_ocr(&mut guard)?.pipeline.read(image, options)
    }

    /// Reads `image` as one upright line of text, such as a crop a user has drawn.
    pub fn read_line(&self, image: &RgbImage, options: &ReadOptions) -> Result<TextPage> {
        let mut guard = lock(&self.ocr);
        self.ensure_ocr(&mut guard)?.pipeline.read_line(image, options)
    }

    fn ensure_ocr<'a>(&self, slot: &'a mut Option<LoadedOcr>) -> Result<&'a mut LoadedOcr> {
        match slot {
            Some(loaded) => Ok(loaded),
            None => Ok(slot.insert(self.build_ocr()?)),
        }
    }

    fn build_ocr(&self) -> Result<LoadedOcr> {
        let models = &self.bundle.manifest().models;
        let missing = |role: Role| Error::BundleRoleMissing {
            bundle: self.bundle.manifest().name.clone(),
            role: role.as_str(),
        };
        let detector_config = models.ocr_detector.as_ref().ok_or_else(|| missing(Role::OcrDetector))?;
        let recognizer_config = models.ocr_recognizer.as_ref().ok_or_else(|| missing(Role::OcrRecognizer))?;
        let detector =
            self.session(Role::OcrDetector, &detector_config.input, &detector_config.outputs[0])?;
        let recognizer =
            self.session(Role::OcrRecognizer, &recognizer_config.input, &recognizer_config.outputs[0])?;
        let characters = self.characters()?;
        if let Some(classes) = recognizer.output_width().filter(|&n| n != characters.len()) {
            return Err(Error::RuntimeModelInvalid {
                model: Role::OcrRecognizer.as_str().to_owned(),
                detail: format!("it has {classes} classes, the alphabet has {}", characters.len()),
            });
        }
        // What users read as "the provider" is the one that runs most of the work: the detector.
        let provider = detector.provider();
        let detector = Detector::new(detector, detector_config);
        let recognizer = Recognizer::new(recognizer, recognizer_config, characters);
        Ok(LoadedOcr { pipeline: Ocr::new(detector, recognizer), provider })
    }

    fn session(&self, role: Role, input: &str, output: &str) -> Result<GraphSession> {
        self.load(role, |graph, notices| {
            GraphSession::load(role.as_str(), graph, (input, output), &self.options, notices)
        })
    }

    /// Reads and verifies a graph, hands it to `open` and keeps the notices.
    fn load<T>(&self, role: Role, open: impl FnOnce(&[u8], &mut Vec<Notice>) -> Result<T>) -> Result<T> {
        let graph = self.bundle.read(role)?;
        let mut notices = Vec::new();
        let session = open(&graph, &mut notices);
        let mut known = lock(&self.notices);
        for notice in notices {
            // Several graphs may have the same to say.
            if !known.contains(&notice) {
                known.push(notice);
            }
        }
        drop(known);
        session
    }

    fn characters(&self) -> Result<Vec<String>> {
        let bytes = self.bundle.read(Role::OcrCharacters)?;
        serde_json::from_slice(&bytes).map_err(|e| Error::RuntimeModelInvalid {
            model: Role::OcrCharacters.as_str().to_owned(),
            detail: e.to_string(),
        })
    }
}

/// A panic in another thread leaves a session as it was; its lock stays usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
