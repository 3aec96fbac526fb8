//! The app itself: what it is, what it found, what it wrote.

use std::path::{Path, PathBuf};

use super::{Shared, blocking};
use crate::{
    app::App,
    error::{Reply, ShellError},
    history, licences as texts,
    types::{AppInfo, ExportFormat, Exported, HistoryEntry, ModelInfo},
};

/// What this program is and uses.
#[tauri::command]
#[specta::specta]
pub async fn app_info(app: Shared<'_>) -> Reply<AppInfo> {
    blocking(&app, |app| Ok(app.info())).await
}

/// Every bundle that can be used, checked file by file.
#[tauri::command]
#[specta::specta]
pub async fn list_models(app: Shared<'_>) -> Reply<Vec<ModelInfo>> {
    blocking(&app, |app| Ok(app.models())).await
}

/// Writes the history to a new file. Fails with `file.unwritable`.
#[tauri::command]
#[specta::specta]
pub async fn export_history(
    app: Shared<'_>,
    entries: Vec<HistoryEntry>,
    format: ExportFormat,
) -> Reply<Exported> {
    blocking(&app, move |app| {
        let path = history::export(&app.folders.exports, &entries, format)?;
        Ok(Exported { path: path.display().to_string() })
    })
    .await
}

/// Shows a file that this app wrote in the file manager. Fails with `file.not_ours`.
#[tauri::command]
#[specta::specta]
pub async fn reveal_path(app: Shared<'_>, path: PathBuf) -> Reply<()> {
    blocking(&app, move |app| {
        let ours = [&app.folders.exports, &app.folders.data, &app.folders.logs].map(PathBuf::as_path);
        if !history::is_below(&path, &ours) {
            return Err(ShellError::NotOurs.into());
        }
        reveal(&path).map_err(Into::into)
    })
    .await
}

fn reveal(path: &Path) -> Result<(), ShellError> {
    tauri_plugin_opener::reveal_item_in_dir(path)
        .map_err(|error| ShellError::Failed { detail: error.to_string() })
}

/// Versions, settings, notices and the end of the log, as text.
#[tauri::command]
#[specta::specta]
pub async fn copy_diagnostics(app: Shared<'_>) -> Reply<String> {
    blocking(&app, App::diagnostics).await
}

/// Every licence text.
#[tauri::command]
#[specta::specta]
pub async fn licences(app: Shared<'_>) -> Reply<String> {
    blocking(&app, |app| Ok(texts::all(app.folders.resources.as_deref()))).await
}
