//! Where `from_pretrained` looks for a bundle.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::{Bundle, MANIFEST_FILE};
use crate::error::{Error, Result};

/// Environment variable with folders that hold bundles, separated like `PATH`.
pub const MODELS_VARIABLE: &str = "MM_MODELS";

/// Folders that may hold bundles, in the order they are searched.
#[derive(Debug, Clone, Default)]
pub struct SearchPath(Vec<PathBuf>);

impl SearchPath {
    /// Exactly these folders.
    #[must_use]
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(folders.into_iter().collect())
    }

    /// `$MM_MODELS`, then `app_data` (the app's data folder, if the caller has one), then `models/` beside the
    /// executable and in the folders above it, which is how a build inside the repository finds `models/`.
    #[must_use]
    pub fn standard(app_data: Option<&Path>) -> Self {
        let mut folders: Vec<PathBuf> = env::var_os(MODELS_VARIABLE)
            .map(|value| env::split_paths(&value).filter(|p| !p.as_os_str().is_empty()).collect())
            .unwrap_or_default();
        folders.extend(app_data.map(|data| data.join("models")));
        if let Ok(executable) = env::current_exe() {
            folders.extend(executable.ancestors().skip(1).map(|folder| folder.join("models")));
        }
        Self(folders)
    }

    /// The folders.
    #[must_use]
    pub fn folders(&self) -> &[PathBuf] {
        &self.0
    }

    /// Every folder on this path that has a manifest, first come first; names are not repeated.
    #[must_use]
    pub fn bundles(&self) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = Vec::new();
        for folder in &self.0 {
            let Ok(listing) = folder.read_dir() else { continue };
            let mut here: Vec<PathBuf> = listing
                .flatten()
                .map(|item| item.path())
                .filter(|p| p.join(MANIFEST_FILE).is_file())
                .collect();
            here.sort();
            here.retain(|p| !found.iter().any(|f| f.file_name() == p.file_name()));
            found.extend(here);
        }
        found
    }
}

/// Opens the bundle called `name_or_path`: a folder with a manifest if it is a path to one, else the first folder
/// of that name on `search`. Fails with `bundle.not_found` (listing every place) or as [`Bundle::open`].
pub fn find(name_or_path: &str, search: &SearchPath) -> Result<Bundle> {
    let explicit = Path::new(name_or_path);
    if explicit.join(MANIFEST_FILE).is_file() {
        return Bundle::open(explicit);
    }
    // Only a bare name is looked up: "../x" must not reach outside the search path.
    let bare = explicit.components().count() == 1 && explicit.file_name().is_some();
    let candidates: Vec<PathBuf> =
        if bare { search.0.iter().map(|folder| folder.join(name_or_path)).collect() } else { Vec::new() };
    if let Some(found) = candidates.iter().find(|c| c.join(MANIFEST_FILE).is_file()) {
        return Bundle::open(found);
    }
    let searched = std::iter::once(explicit.to_path_buf()).chain(candidates);
    Err(Error::BundleNotFound {
        name: name_or_path.to_owned(),
        searched: searched.map(|p| p.display().to_string()).collect(),
    })
}
