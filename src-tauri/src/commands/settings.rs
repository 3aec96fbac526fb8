//! Settings and providers.

use super::{Shared, blocking};
use crate::{
    app::App,
    error::Reply,
    types::{ProviderStatus, Settings},
};

/// The settings.
#[tauri::command]
#[specta::specta]
pub async fn load_settings(app: Shared<'_>) -> Reply<Settings> {
    Ok(app.settings())
}

/// Saves the settings and takes them into use. Fails with `settings.invalid` or `file.unwritable`.
#[tauri::command]
#[specta::specta]
pub async fn save_settings(app: Shared<'_>, settings: Settings) -> Reply<()> {
    blocking(&app, |app| app.save_settings(settings)).await
}

/// What runs the models, and what fell back.
#[tauri::command]
#[specta::specta]
pub async fn provider_status(app: Shared<'_>) -> Reply<ProviderStatus> {
    blocking(&app, |app| Ok(app.provider_status())).await
}

/// Lets providers that were left out be tried again, now.
#[tauri::command]
#[specta::specta]
pub async fn reset_providers(app: Shared<'_>) -> Reply<()> {
    blocking(&app, App::reset_providers).await
}
