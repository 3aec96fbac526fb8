//! Where this app keeps and finds things.

use std::path::{Path, PathBuf};

use mm_core::bundle::SearchPath;
use tauri::{AppHandle, Manager as _};

use crate::error::ShellError;

/// Environment variable with a folder that replaces the data folder, for tests and kiosks: nothing is written outside it.
pub const DATA_VARIABLE: &str = "MM_APP_DATA";

/// What the Linux packages call their folder below `/usr/lib`; the core looks for ONNX Runtime there too.
const PACKAGE_FOLDER: &str = "mobile-multimodal";

/// The folders, none of which need exist.
#[derive(Debug, Clone)]
pub struct Folders {
    /// Settings, added models.
    pub data: PathBuf,
    /// Logs.
    pub logs: PathBuf,
    /// Exported histories.
    pub exports: PathBuf,
    /// Models and licences that came with the app; absent in a build that was not installed.
    pub resources: Option<PathBuf>,
}

impl Folders {
    /// The platform's, or those below `$MM_APP_DATA`.
    pub fn find(app: &AppHandle) -> Result<Self, ShellError> {
        let paths = app.path();
        let resources = resources(paths.resource_dir().ok().as_deref());
        if let Some(data) = std::env::var_os(DATA_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from) {
            let data = std::path::absolute(&data)
                .map_err(|source| ShellError::Unwritable { path: data.clone(), source })?;
            return Ok(Self { logs: data.join("logs"), exports: data.join("exports"), data, resources });
        }
        let failed = |error: tauri::Error| ShellError::Failed { detail: error.to_string() };
        let data = paths.app_data_dir().map_err(failed)?;
        let exports =
            paths.document_dir().map_or_else(|_| data.join("exports"), |d| d.join("Mobile Multimodal"));
        Ok(Self { logs: paths.app_log_dir().map_err(failed)?, exports, data, resources })
    }

    /// Where bundles are looked for: `$MM_MODELS`, the data folder, what came with the app, and for a build inside the
    /// repository its `models/`.
    #[must_use]
    pub fn models(&self) -> SearchPath {
        let mut folders = SearchPath::standard(Some(&self.data)).folders().to_vec();
        if let Some(resources) = &self.resources {
            let after_data = folders.iter().position(|f| *f == self.data.join("models")).map_or(0, |i| i + 1);
            folders.insert(after_data, resources.join("models"));
        }
        SearchPath::new(folders)
    }
}

/// `bundled` is the platform's own place (macOS, Windows); the Linux packages have theirs beside `bin`.
fn resources(bundled: Option<&Path>) -> Option<PathBuf> {
    let executable = std::env::current_exe().ok()?;
    let beside_bin = executable.parent()?.parent()?.join("lib").join(PACKAGE_FOLDER);
    [Some(beside_bin.as_path()), bundled]
        .into_iter()
        .flatten()
        .find(|f| f.join("models").is_dir())
        .map(Path::to_path_buf)
}

/// Makes `folder` and those above it.
pub fn make(folder: &Path) -> Result<(), ShellError> {
    std::fs::create_dir_all(folder)
        .map_err(|source| ShellError::Unwritable { path: folder.to_path_buf(), source })
}
