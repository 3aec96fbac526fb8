//! What every command shares.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use mm_camera::SourceSpec;
use mm_core::{
    bundle::Bundle,
    runtime::{self, Provider, sentinel},
};

use crate::{
    engine::Engine,
    error::{Reply, ShellError},
    folders::Folders,
    lane::Lane,
    library::{self, Library},
    live::Live,
    logs,
    photos::Photos,
    settings_file,
    speech::Speech,
    types::{AppInfo, ModelInfo, Notice, ProviderStatus, Settings, Source},
};

/// Environment variable with a source, `replay:PATH` or `camera:ID`, that is opened in place of any other, for tests and
/// kiosks.
pub const SOURCE_VARIABLE: &str = "MM_APP_SOURCE";

/// Log lines in the diagnostics.
const DIAGNOSTIC_LINES: usize = 200;

/// The app's state.
pub struct App {
    /// Where things are.
    pub folders: Folders,
    /// The model.
    pub engine: Engine,
    /// Who may use the models now.
    pub lane: Lane,
    /// The photo library.
    pub library: Library,
    /// The live view.
    pub live: Live,
    /// Open photos.
    pub photos: Photos,
    /// Voices.
    pub speech: Speech,
    settings: Mutex<Settings>,
    /// What was noticed before the page could be told.
    notices: Vec<Notice>,
    /// [`SOURCE_VARIABLE`].
    source: Option<String>,
}

impl App {
    /// Reads the settings and begins to load the model they name.
    #[must_use]
    pub fn new(folders: Folders) -> Self {
        let (settings, notice) = settings_file::load(&folders.data);
        let (engine, lane) = (Engine::default(), Lane::default());
        let wanted = std::env::var_os(library::FOLDER_VARIABLE).filter(|value| !value.is_empty());
        let library = Library::new(&folders.data, engine.clone(), lane.clone(), wanted.map(Into::into));
        engine.on_ready({
            let library = library.clone();
            move |model| library.model_ready(model)
        });
        engine.use_settings(&settings, &folders);
        Self {
            folders,
            engine,
            live: Live::new(lane.clone()),
            lane,
            library,
            photos: Photos::default(),
            speech: Speech::default(),
            settings: Mutex::new(settings),
            notices: notice.into_iter().collect(),
            source: std::env::var(SOURCE_VARIABLE).ok().filter(|value| !value.is_empty()),
        }
    }

    /// The settings, with the replay that the environment asks for.
    pub fn settings(&self) -> Settings {
        let mut settings = self.lock().clone();
        if let Some(path) = self.source.as_deref().and_then(|source| source.strip_prefix("replay:")) {
            settings.replay_path = Some(path.to_owned());
        }
        settings
    }

    /// Saves the settings and takes them into use. Fails with `settings.invalid` or `file.unwritable`.
    pub fn save_settings(&self, mut settings: Settings) -> Reply<()> {
        if self.source.is_some() {
            // What the environment asked for is for this run only.
            settings.replay_path.clone_from(&self.lock().replay_path);
        }
        settings_file::save(&self.folders.data, &settings)?;
        *self.lock() = settings.clone();
        if self.engine.use_settings(&settings, &self.folders) {
            self.live.model_changed();
            self.library.model_changed();
        }
        Ok(())
    }

    /// The source to open when the page asks for `asked`. Fails with `source.invalid`.
    pub fn source(&self, asked: Source) -> Reply<SourceSpec> {
        let Some(forced) = &self.source else { return Ok(asked.into()) };
        let mut spec: SourceSpec = forced.parse()?;
        if let SourceSpec::Replay { repeat, .. } = &mut spec {
            // A kiosk shows its pictures again and again.
            *repeat = true;
        }
        Ok(spec)
    }

    /// What the user should know, from the start and from the model.
    pub fn notices(&self) -> Vec<Notice> {
        let mut notices = self.notices.clone();
        if let Ok(model) = self.engine.model() {
            notices.extend(model.notices().iter().map(Notice::from));
        }
        notices
    }

    /// What was noticed before the page could be told.
    pub fn start_notices(&self) -> &[Notice] {
        &self.notices
    }

    /// What this program is and uses.
    pub fn info(&self) -> AppInfo {
        let model = self.engine.model().ok();
        let bundle = model.as_ref().map(|model| model.bundle());
        AppInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            data_folder: self.folders.data.display().to_string(),
            log_folder: self.folders.logs.display().to_string(),
            model_name: bundle.map(|bundle| bundle.manifest().name.clone()).unwrap_or_default(),
            bundle_bytes: bundle.map_or(0, Bundle::total_bytes),
            runtime_version: runtime::version().map_or_else(|error| error.to_string(), str::to_owned),
            desktop: cfg!(not(any(target_os = "android", target_os = "ios"))),
        }
    }

    /// What runs the models.
    pub fn provider_status(&self) -> ProviderStatus {
        ProviderStatus {
            asked: self.lock().provider.clone(),
            active: self.engine.active().map(|p| p.to_string()).unwrap_or_default(),
            available: available_providers().iter().map(ToString::to_string).collect(),
            notices: self.notices(),
            skipped: sentinel::skipped(&sentinel::folder(&self.folders.data))
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }

    /// Lets every provider be tried again, now. Fails with `file.unwritable`.
    pub fn reset_providers(&self) -> Reply<()> {
        sentinel::reset(&sentinel::folder(&self.folders.data))?;
        self.engine.reopen(&self.folders);
        self.live.model_changed();
        self.library.model_changed();
        Ok(())
    }

    /// Every bundle that can be used here, checked file by file.
    pub fn models(&self) -> Vec<ModelInfo> {
        self.folders.models().bundles().iter().filter_map(|path| model_info(path)).collect()
    }

    /// What helps to find out what is wrong: versions, settings, notices and the end of the log; no path but the app's
    /// own, and nothing that was seen, said or asked.
    pub fn diagnostics(&self) -> Reply<String> {
        let Settings {
            camera: _,
            replay_path: _,
            ref model,
            ref provider,
            threads,
            captions,
            text,
            max_fps,
            ..
        } = self.settings();
        let facts = serde_json::json!({
            "app": self.info(),
            "provider": self.provider_status(),
            "settings": {
                "model": model, "provider": provider, "threads": threads, "captions": captions, "text": text,
                "maxFps": max_fps,
            },
            "memoryBytes": crate::memory::resident_bytes(),
            "threads": std::thread::available_parallelism().map_or(0, usize::from),
        });
        let facts = serde_json::to_string_pretty(&facts)
            .map_err(|error| ShellError::Failed { detail: error.to_string() })?;
        let log = logs::tail(&self.folders.logs, DIAGNOSTIC_LINES).unwrap_or_else(|error| error.to_string());
        Ok(format!("{facts}\n\n{log}\n"))
    }

    fn lock(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What can be asked for on this system.
fn available_providers() -> Vec<Provider> {
    let here = |provider: &Provider| match provider {
        Provider::Auto | Provider::Cpu => true,
        Provider::CoreMl => cfg!(target_vendor = "apple"),
        Provider::Qnn => cfg!(any(target_os = "android", target_os = "linux", windows)),
    };
    [Provider::Auto, Provider::Cpu, Provider::Qnn, Provider::CoreMl].into_iter().filter(here).collect()
}

/// `None` for a bundle that is for other programs, such as a checkpoint to train on.
fn model_info(folder: &Path) -> Option<ModelInfo> {
    let path = folder.display().to_string();
    match Bundle::open(folder) {
        Ok(bundle) => {
            let manifest = bundle.manifest();
            if manifest.models.vision.is_none() && manifest.models.ocr_detector.is_none() {
                return None;
            }
            let problem = bundle.verify().err();
            let (name, bytes) = (manifest.name.clone(), bundle.total_bytes());
            Some(ModelInfo {
                name,
                path,
                bytes,
                valid: problem.is_none(),
                message: problem.map(|e| e.to_string()),
            })
        }
        Err(error) => {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Some(ModelInfo { name, path, bytes: 0, valid: false, message: Some(error.to_string()) })
        }
    }
}
