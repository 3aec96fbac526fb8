//! Opening a bundle.

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc};

use mm_core::{
    bundle::{Role, SearchPath, find},
    model::Model,
    runtime::{self, SessionOptions, sentinel},
};

use crate::{ImageSource, MobileMultiModalError, ModelInfo, Notice, Picture};

/// How a model is opened.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OpenOptions {
    /// What runs the models: `auto`, `cpu`, `qnn` or `coreml`. Others follow if it cannot start, with a notice.
    #[uniffi(default = "auto")]
    pub provider: String,
    /// Threads within one operator, at least 1; none uses every core the process may use.
    #[uniffi(default = None)]
    pub threads: Option<u32>,
    /// The app's data folder, whose `models` folder is searched after `$MM_MODELS`.
    #[uniffi(default = None)]
    pub app_data: Option<String>,
    /// Folders that hold bundles, such as those packed into an SDK; searched last.
    #[uniffi(default = [])]
    pub model_folders: Vec<String>,
}

/// A model bundle, ready to work. A task's models are verified and loaded when it is first used.
///
/// Called `MobileMultiModalLLM` in Python and Swift.
#[derive(uniffi::Object)]
pub struct MobileMultiModalModel {
    model: Arc<Model>,
}

#[uniffi::export]
impl MobileMultiModalModel {
    /// Opens a bundle by name, or by the path of its folder.
    ///
    /// Fails with a `bundle.*` code, or `runtime.provider_unavailable` for a provider that does not exist.
    #[uniffi::constructor]
    pub fn from_pretrained(name_or_path: &str, options: OpenOptions) -> Result<Self, MobileMultiModalError> {
        let app_data = options.app_data.map(PathBuf::from);
        let session = SessionOptions {
            provider: options.provider.parse()?,
            threads: options.threads.and_then(|threads| NonZeroUsize::new(threads as usize)),
            sentinel: app_data.as_deref().map(sentinel::folder),
        };
        let standard = SearchPath::standard(app_data.as_deref());
        let packed = options.model_folders.into_iter().map(PathBuf::from);
        let search = SearchPath::new(standard.folders().iter().cloned().chain(packed));
        Ok(Self { model: Arc::new(Model::new(find(name_or_path, &search)?, session)) })
    }

    /// Decodes a picture for one or more tasks; fails with an `image.*`, `frame.*` or `file.*` code.
    pub fn open(&self, source: &ImageSource) -> Result<Picture, MobileMultiModalError> {
        Ok(Picture::new(Arc::clone(&self.model), source.load()?))
    }

    /// A text as a point on the sphere of `Picture.embed`.
    ///
    /// Fails with `text.empty`, `task.unsupported` if the bundle cannot, or a `bundle.*` or `runtime.*` code.
    pub fn embed_text(&self, text: &str) -> Result<Vec<f32>, MobileMultiModalError> {
        Ok(self.model.embed_text(text)?.into_vec())
    }

    /// What this model is and what runs it. Loads ONNX Runtime, which may fail with `runtime.library_missing`.
    pub fn info(&self) -> Result<ModelInfo, MobileMultiModalError> {
        let bundle = self.model.bundle();
        let manifest = bundle.manifest();
        let options = self.model.options();
        let notices = self.model.notices();
        Ok(ModelInfo {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            license: manifest.license.clone(),
            description: manifest.description.clone(),
            path: bundle.root().display().to_string(),
            bundle_bytes: bundle.total_bytes(),
            tasks: self.tasks(),
            provider: options.provider.to_string(),
            threads: u32::try_from(options.effective_threads()).unwrap_or(u32::MAX),
            runtime: runtime::version()?.to_owned(),
            library: env!("CARGO_PKG_VERSION").to_owned(),
            notices: notices.into_iter().map(|n| Notice { code: n.code, reason: n.message }).collect(),
        })
    }
}

impl MobileMultiModalModel {
    fn tasks(&self) -> Vec<String> {
        let manifest = self.model.bundle().manifest();
        let has = |roles: &[Role]| roles.iter().all(|&role| manifest.file(role).is_some());
        let tasks: [(&str, &[Role]); 5] = [
            ("caption", &[Role::Vision, Role::Decoder, Role::Tokenizer]),
            ("answer", &[Role::Vision, Role::Decoder, Role::Tokenizer]),
            ("embed_image", &[Role::Vision]),
            ("embed_text", &[Role::Text, Role::Tokenizer]),
            ("read_text", &[Role::OcrDetector, Role::OcrRecognizer, Role::OcrCharacters]),
        ];
        tasks.iter().filter(|(_, roles)| has(roles)).map(|(task, _)| (*task).to_owned()).collect()
    }
}
