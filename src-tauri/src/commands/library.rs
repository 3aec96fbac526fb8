//! The photo library.

use std::{path::Path, sync::Arc};

use tauri::{AppHandle, ipc::Channel};
use tauri_plugin_dialog::DialogExt as _;

use super::{Shared, blocking};
use crate::{
    error::{AppError, Reply, ShellError},
    types::{
        LibraryEvent, LibraryFailure, LibraryFolder, LibraryFolderId, LibraryPage, LibraryPhoto,
        LibraryQuery, LibraryState, Photo, PhotoId,
    },
};

/// Tells `events` what happens in the library, in place of whoever was told before, and how it is now. Fails with
/// `library.*`.
#[tauri::command]
#[specta::specta]
pub async fn watch_library(app: Shared<'_>, events: Channel<LibraryEvent>) -> Reply<LibraryState> {
    let state = blocking(&app, move |app| {
        app.library.subscribe(Arc::new(move |event| {
            // A page that is gone is replaced by the next one.
            if let Err(error) = events.send(event) {
                tracing::debug!(%error, "an event was not received");
            }
        }));
        app.library.state()
    })
    .await;
    let app = Arc::clone(&app);
    // Nobody waits for it: the page shows its photos meanwhile.
    drop(tauri::async_runtime::spawn_blocking(move || app.library.warm_up()));
    state
}

/// Folders, totals, and how far the index is. Fails with `library.*`.
#[tauri::command]
#[specta::specta]
pub async fn library_state(app: Shared<'_>) -> Reply<LibraryState> {
    blocking(&app, |app| app.library.state()).await
}

/// Adds a folder and begins to index it; without a path the system's dialog asks for it, `null` if that was cancelled.
/// Fails with `folder.*`, `library.*` or as the model does.
#[tauri::command]
#[specta::specta]
pub async fn add_library_folder(
    window: AppHandle,
    app: Shared<'_>,
    path: Option<String>,
) -> Reply<Option<LibraryFolder>> {
    blocking(&app, move |app| {
        let path = if let Some(path) = path {
            path.into()
        } else {
            let Some(picked) = window.dialog().file().blocking_pick_folder() else { return Ok(None) };
            picked.into_path().map_err(|error| {
                AppError::new("folder.unreadable", &format!("{error}; choose a folder on this device"))
            })?
        };
        app.library.add_folder(&path).map(Some)
    })
    .await
}

/// Forgets a folder, never its photos. Fails with `folder.not_found` or `library.*`.
#[tauri::command]
#[specta::specta]
pub async fn remove_library_folder(app: Shared<'_>, id: LibraryFolderId) -> Reply<()> {
    blocking(&app, move |app| app.library.remove_folder(id)).await
}

/// Looks for new and changed photos in every folder. Fails with `library.*` or as the model does.
#[tauri::command]
#[specta::specta]
pub async fn start_indexing(app: Shared<'_>) -> Reply<()> {
    blocking(&app, |app| app.library.start()).await
}

/// Makes a break, or goes on.
#[tauri::command]
#[specta::specta]
pub async fn pause_indexing(app: Shared<'_>, paused: bool) -> Reply<()> {
    blocking(&app, move |app| {
        app.library.pause(paused);
        Ok(())
    })
    .await
}

/// Ends the indexer; what is done is kept.
#[tauri::command]
#[specta::specta]
pub async fn cancel_indexing(app: Shared<'_>) -> Reply<()> {
    blocking(&app, |app| {
        app.library.cancel();
        Ok(())
    })
    .await
}

/// Whether to index at full speed, whatever the battery and the fans say.
#[tauri::command]
#[specta::specta]
pub async fn set_index_pace(app: Shared<'_>, full: bool) -> Reply<()> {
    blocking(&app, move |app| {
        app.library.set_pace(full);
        Ok(())
    })
    .await
}

/// Files that could not be analysed, by path; at most 500 at once. Fails with `library.*`.
#[tauri::command]
#[specta::specta]
pub async fn library_failures(app: Shared<'_>, offset: u32, limit: u32) -> Reply<Vec<LibraryFailure>> {
    blocking(&app, move |app| app.library.failures(offset, limit)).await
}

/// Photos that fit a query, best first; without words and pictures every photo, newest first. At most 500 at once.
///
/// Fails with `library.*`, `photo.not_found`, `photo.not_open` or as the model does.
#[tauri::command]
#[specta::specta]
pub async fn search_library(app: Shared<'_>, query: LibraryQuery) -> Reply<LibraryPage> {
    blocking(&app, move |app| app.library.search(&query, |id, model| app.photos.embedding(id, model))).await
}

/// Everything known about a photo. Fails with `photo.not_found` or `library.*`.
#[tauri::command]
#[specta::specta]
pub async fn library_photo(app: Shared<'_>, id: PhotoId) -> Reply<LibraryPhoto> {
    blocking(&app, move |app| app.library.photo(id)).await
}

/// Opens a photo of the library for the photo commands. Fails with `photo.not_found`, `file.unreadable` or `image.*`.
#[tauri::command]
#[specta::specta]
pub async fn open_library_photo(app: Shared<'_>, id: PhotoId) -> Reply<Photo> {
    blocking(&app, move |app| app.photos.open_file(&app.library.file(id)?)).await
}

/// Shows a photo of the library in the system's viewer. Fails with `photo.not_found`, `file.unreadable` or
/// `viewer.failed`.
#[tauri::command]
#[specta::specta]
pub async fn show_in_viewer(app: Shared<'_>, id: PhotoId) -> Reply<()> {
    let view = |path: &Path| tauri_plugin_opener::open_path(path, None::<&str>);
    blocking(&app, move |app| shown(view(&app.library.file(id)?))).await
}

/// Shows a photo of the library in the file manager. Fails as [`show_in_viewer`] does.
#[tauri::command]
#[specta::specta]
pub async fn reveal_library_photo(app: Shared<'_>, id: PhotoId) -> Reply<()> {
    blocking(&app, move |app| shown(tauri_plugin_opener::reveal_item_in_dir(app.library.file(id)?))).await
}

fn shown(outcome: Result<(), tauri_plugin_opener::Error>) -> Reply<()> {
    outcome.map_err(|error| ShellError::ViewerFailed { detail: error.to_string() }.into())
}

/// Deletes the index, never a photo. Fails with `file.unwritable`.
#[tauri::command]
#[specta::specta]
pub async fn delete_library(app: Shared<'_>) -> Reply<()> {
    blocking(&app, |app| app.library.delete()).await
}
