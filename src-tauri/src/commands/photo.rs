//! Photos.

use tauri::{
    AppHandle,
    ipc::{InvokeBody, Request},
};
use tauri_plugin_dialog::DialogExt as _;

use super::{Shared, blocking};
use crate::{
    error::{AppError, Reply},
    lane,
    types::{AnswerResult, Photo, PhotoResult, PhotoSource},
};

/// Names of the formats that the decoder reads, for the dialog.
const EXTENSIONS: [&str; 12] =
    ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "heic", "heif", "hif", "jfif"];

/// Opens a photo; `null` if the dialog was cancelled. Fails with `file.unreadable` or `image.*`.
#[tauri::command]
#[specta::specta]
pub async fn open_photo(window: AppHandle, app: Shared<'_>, source: PhotoSource) -> Reply<Option<Photo>> {
    blocking(&app, move |app| {
        let path = match source {
            PhotoSource::Path { path } => path.into(),
            PhotoSource::Dialog => {
                let picked = window.dialog().file().add_filter("Pictures", &EXTENSIONS).blocking_pick_file();
                let Some(picked) = picked else { return Ok(None) };
                picked.into_path().map_err(|error| AppError::new("file.unreadable", &error.to_string()))?
            }
        };
        app.photos.open_file(&path).map(Some)
    })
    .await
}

/// Opens the bytes in the body of the message, named by the header `x-photo-name`, percent-encoded. Fails with
/// `image.*`.
#[tauri::command]
pub async fn open_photo_bytes(app: Shared<'_>, request: Request<'_>) -> Reply<Photo> {
    let InvokeBody::Raw(bytes) = request.body() else {
        return Err(AppError::new("image.empty", "no picture was sent; choose another one"));
    };
    let name = request.headers().get("x-photo-name").and_then(|name| name.to_str().ok()).unwrap_or_default();
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned();
    let bytes = bytes.clone();
    blocking(&app, move |app| app.photos.open_bytes(name, &bytes)).await
}

/// Caption and text of a photo. Fails with `photo.not_open` or as the model does.
#[tauri::command]
#[specta::specta]
pub async fn analyse_photo(app: Shared<'_>, id: u32) -> Reply<PhotoResult> {
    app.lane.claim(lane::ASKING);
    blocking(&app, move |app| app.photos.analyse(id, &app.engine.model()?)).await
}

/// Answers a question about a photo. Fails with `photo.not_open`, `question.*` or as the model does.
#[tauri::command]
#[specta::specta]
pub async fn ask_photo(app: Shared<'_>, id: u32, question: String) -> Reply<AnswerResult> {
    app.lane.claim(lane::ASKING);
    blocking(&app, move |app| app.photos.ask(id, question, &app.engine.model()?)).await
}

/// Forgets a photo.
#[tauri::command]
#[specta::specta]
pub async fn close_photo(app: Shared<'_>, id: u32) -> Reply<()> {
    app.photos.close(id);
    Ok(())
}
