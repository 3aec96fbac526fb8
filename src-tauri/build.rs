//! Names the app's commands to Tauri, which then refuses every command that no capability of the window allows.

use tauri_build::{AppManifest, Attributes};

/// As in `src/commands/mod.rs`; a test holds the two against each other.
const COMMANDS: &[&str] = &[
    "add_library_folder",
    "analyse_photo",
    "app_info",
    "ask_live",
    "ask_photo",
    "cancel_indexing",
    "caption_now",
    "close_photo",
    "configure_live",
    "copy_diagnostics",
    "delete_library",
    "export_history",
    "freeze_live",
    "library_failures",
    "library_photo",
    "library_state",
    "licences",
    "list_cameras",
    "list_models",
    "load_settings",
    "open_library_photo",
    "open_photo",
    "open_photo_bytes",
    "pause_indexing",
    "pause_live",
    "pick_replay",
    "preview_received",
    "provider_status",
    "remove_library_folder",
    "reset_providers",
    "reveal_library_photo",
    "reveal_path",
    "save_settings",
    "search_library",
    "set_index_pace",
    "show_in_viewer",
    "speak",
    "start_indexing",
    "start_live",
    "stop_live",
    "stop_speaking",
    "voices",
    "watch_library",
];

fn main() {
    let attributes = Attributes::new().app_manifest(AppManifest::new().commands(COMMANDS));
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo:warning={error:#}");
        std::process::exit(1);
    }
}
