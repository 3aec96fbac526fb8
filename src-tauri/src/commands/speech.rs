//! Spoken captions.

use serde::Deserialize;
use specta::Type;
use specta_typescript::Number;

use super::{Shared, blocking};
use crate::{error::Reply, types::Voice};

/// Times the normal speed.
#[derive(Debug, Clone, Copy, Deserialize, Type)]
#[serde(transparent)]
pub struct Rate(#[specta(type = Number)] f32);

/// Every voice. Fails with `speech.unavailable`.
#[tauri::command]
#[specta::specta]
pub async fn voices(app: Shared<'_>) -> Reply<Vec<Voice>> {
    blocking(&app, |app| Ok(app.speech.voices()?)).await
}

/// Says `text`, cutting off what is being said; `rate` is times the normal speed, 0.5 to 2. Fails with
/// `speech.unavailable`.
#[tauri::command]
#[specta::specta]
pub async fn speak(app: Shared<'_>, text: String, voice: Option<String>, rate: Rate) -> Reply<()> {
    blocking(&app, move |app| Ok(app.speech.speak(text, voice, rate.0)?)).await
}

/// Says nothing more.
#[tauri::command]
#[specta::specta]
pub async fn stop_speaking(app: Shared<'_>) -> Reply<()> {
    blocking(&app, |app| Ok(app.speech.stop()?)).await
}
