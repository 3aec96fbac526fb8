//! Names the app's commands to Tauri, which then refuses every command that no capability of the window allows.

use tauri_build::{AppManifest, Attributes};

/// As in `src/commands/mod.rs`; a test holds the two against each other.
const COMMANDS: &[&str] = &[
    "analyse_photo",
    "app_info",
    "ask_live",
    "ask_photo",
    "caption_now",
    "close_photo",
    "configure_live",
    "copy_diagnostics",
    "export_history",
    "freeze_live",
    "licences",
    "list_cameras",
    "list_models",
    "load_settings",
    "open_photo",
    "open_photo_bytes",
    "pause_live",
    "pick_replay",
    "preview_received",
    "provider_status",
    "reset_providers",
    "reveal_path",
    "save_settings",
    "speak",
    "start_live",
    "stop_live",
    "stop_speaking",
    "voices",
];

fn main() {
    let attributes = Attributes::new().app_manifest(AppManifest::new().commands(COMMANDS));
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo:warning={error:#}");
        std::process::exit(1);
    }
}
