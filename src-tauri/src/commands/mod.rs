//! What the page may ask for. A command translates and passes on; what takes time runs on a thread of its own, so that
//! the window stays alive.

mod app;
mod library;
mod live;
mod photo;
mod settings;
mod speech;

use std::sync::Arc;

use tauri::{State, Wry, ipc::Invoke};
use tauri_specta::{Builder, ErrorHandlingMode, collect_commands};

use crate::{
    app::App,
    error::{Reply, ShellError},
};

/// The state that commands are given.
type Shared<'a> = State<'a, Arc<App>>;

/// Every typed command, to be bound to the window and exported to TypeScript.
#[must_use]
pub fn builder() -> Builder<Wry> {
    Builder::new().error_handling(ErrorHandlingMode::Throw).disable_serde_phases().commands(
        collect_commands![
            app::app_info,
            app::list_models,
            app::export_history,
            app::reveal_path,
            app::copy_diagnostics,
            app::licences,
            library::watch_library,
            library::library_state,
            library::add_library_folder,
            library::remove_library_folder,
            library::start_indexing,
            library::pause_indexing,
            library::cancel_indexing,
            library::set_index_pace,
            library::library_failures,
            library::search_library,
            library::library_photo,
            library::open_library_photo,
            library::show_in_viewer,
            library::reveal_library_photo,
            library::delete_library,
            live::list_cameras,
            live::pick_replay,
            live::start_live,
            live::stop_live,
            live::configure_live,
            live::pause_live,
            live::freeze_live,
            live::caption_now,
            live::ask_live,
            live::preview_received,
            photo::open_photo,
            photo::analyse_photo,
            photo::ask_photo,
            photo::close_photo,
            settings::load_settings,
            settings::save_settings,
            settings::provider_status,
            settings::reset_providers,
            speech::voices,
            speech::speak,
            speech::stop_speaking,
        ],
    )
}

/// Added to the exported TypeScript: what its generator has no types for.
pub const RAW_COMMANDS: &str = r#"
/**
 * Opens the bytes of a picture, such as one that was pasted. They are the body of the message, not JSON; the name is a
 * header, which takes ASCII only.
 */
export const openPhotoBytes = (name: string, bytes: ArrayBuffer) =>
	__TAURI_INVOKE<Photo>("open_photo_bytes", bytes, { headers: { "x-photo-name": encodeURIComponent(name) } });
"#;

/// Every command, the typed ones and the one whose body is not JSON.
pub fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    // The handler's type is bound to the builder's life, which is therefore made the program's.
    let typed = Box::leak(Box::new(builder())).invoke_handler();
    let raw = bound(tauri::generate_handler![photo::open_photo_bytes]);
    move |invoke| if invoke.message.command() == "open_photo_bytes" { raw(invoke) } else { typed(invoke) }
}

/// Says to the compiler for which window system a handler is.
fn bound<F: Fn(Invoke<Wry>) -> bool>(handler: F) -> F {
    handler
}

/// Runs `work` where waiting holds up nothing.
async fn blocking<T: Send + 'static>(
    app: &Shared<'_>,
    work: impl FnOnce(&App) -> Reply<T> + Send + 'static,
) -> Reply<T> {
    let app = Arc::clone(app);
    let outcome = tauri::async_runtime::spawn_blocking(move || work(&app)).await;
    outcome.unwrap_or_else(|error| Err(ShellError::Failed { detail: error.to_string() }.into()))
}
