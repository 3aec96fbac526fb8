//! The window, and what its page may load.

use std::sync::Arc;

use tauri::{
    AppHandle, Manager as _, UriSchemeContext, UriSchemeResponder, Url, WebviewUrl, WebviewWindowBuilder,
    Wry,
    http::Request,
    webview::{NewWindowResponse, PageLoadEvent},
};

use crate::{app::App, scheme, start};

/// The only window; its capabilities are in `capabilities/main.json`.
pub const LABEL: &str = "main";
const TITLE: &str = "Mobile Multimodal";
/// Room for the preview beside the history; below 760 the page becomes a phone's.
const SIZE: (f64, f64) = (1100.0, 760.0);
const LEAST_SIZE: (f64, f64) = (360.0, 480.0);

/// Opens the window.
pub fn open(app: &AppHandle, data: &std::path::Path) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title(TITLE)
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(LEAST_SIZE.0, LEAST_SIZE.1)
        .data_directory(data.join("webview"))
        // The page may not leave the app, whatever it is made to try.
        .on_navigation(is_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_page_load(|_, payload| {
            if payload.event() == PageLoadEvent::Finished {
                start::mark("page_loaded");
            }
        })
        .build()?;
    start::mark("window_open");
    Ok(())
}

/// Brings the window to the front, as when the app is started again.
pub fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    let shown = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window does not come to the front");
    }
}

/// Whether an address belongs to the app: its own pages, or Vite's while developing.
fn is_own(url: &Url) -> bool {
    match (url.scheme(), url.host_str()) {
        ("tauri", Some("localhost")) | ("http" | "https", Some("tauri.localhost")) => true,
        ("http", Some("localhost")) => tauri::is_dev(),
        // WebDriver starts here.
        ("about", _) => url.as_str() == "about:blank",
        _ => false,
    }
}

/// Answers for the scheme of pictures, away from the window's own thread: a large photo takes a while to decode.
pub fn picture(
    context: &UriSchemeContext<'_, Wry>,
    request: Request<Vec<u8>>,
    responder: UriSchemeResponder,
) {
    let app = Arc::clone(&context.app_handle().state::<Arc<App>>());
    drop(tauri::async_runtime::spawn_blocking(move || responder.respond(scheme::answer(&app, &request))));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_stays_at_home() {
        let own = |url: &str| is_own(&url.parse().unwrap());
        assert!(own("tauri://localhost/index.html") && own("http://tauri.localhost/") && own("about:blank"));
        for foreign in [
            "https://example.org/",
            "tauri://example.org/",
            "http://tauri.localhost.example.org/",
            "file:///etc/passwd",
            "data:text/html,x",
            "about:srcdoc",
        ] {
            assert!(!own(foreign), "{foreign}");
        }
    }
}
