//! The desktop app's shell: a window around the page in `ui`, and between the two the commands in [`commands`].
//!
//! There is no inference here: frames come from `mm_camera`, results from `mm_core`. Modules point down: `commands` →
//! `app` → {`library`, `live`, `photos`, `speech`, `engine`, `history`, `settings_file`} → {`types`, `error`, `folders`}.

mod app;
pub mod commands;
mod engine;
mod error;
mod folders;
mod history;
mod jpeg;
mod lane;
mod library;
mod licences;
mod live;
mod logs;
mod memory;
mod photos;
mod scheme;
#[cfg(test)]
mod security_tests;
mod settings_file;
mod speech;
pub mod start;
mod sync;
mod types;
mod window;

use std::sync::Arc;

use tauri::{Manager as _, RunEvent};

use app::App;
use folders::Folders;

/// Runs the app until its window is closed. Fails if the window system cannot be used.
#[cfg_attr(mobile, tauri::mobile_entry_point)]
pub fn run() -> Result<(), tauri::Error> {
    start::begin();
    let mut builder = tauri::Builder::default();
    #[cfg(desktop)]
    {
        builder = builder.plugin(tauri_plugin_single_instance::init(|app, _, _| window::show(app)));
    }
    builder
        .plugin(tauri_plugin_dialog::init())
        .register_asynchronous_uri_scheme_protocol(photos::SCHEME, |context, request, responder| {
            window::picture(&context, request, responder);
        })
        .invoke_handler(commands::handler())
        .setup(|app| {
            let folders = Folders::find(app.handle())?;
            logs::start(&folders.logs);
            #[cfg(desktop)]
            app.handle().plugin(window_state(&folders))?;
            let data = folders.data.clone();
            app.manage(Arc::new(App::new(folders)));
            window::open(app.handle(), &data)?;
            Ok(())
        })
        .build(tauri::generate_context!())?
        .run(|app, event| {
            if let RunEvent::Exit = event {
                // Threads at work while the libraries they use are taken down can hang or crash the process.
                let app = app.state::<Arc<App>>();
                app.live.stop();
                app.library.cancel();
            }
        });
    Ok(())
}

/// Remembers size and place of the window, in the data folder like everything else.
#[cfg(desktop)]
fn window_state(folders: &Folders) -> tauri::plugin::TauriPlugin<tauri::Wry> {
    use tauri_plugin_window_state::{Builder, StateFlags};
    let file = folders.data.join("window.json").to_string_lossy().into_owned();
    let flags = StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED;
    Builder::default().with_filename(file).with_state_flags(flags).build()
}
