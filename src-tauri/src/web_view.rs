//! What `WebKitGTK` must be told before it starts.

use std::path::Path;

/// Makes the web view share pictures through memory instead of through the graphics card's buffers (`WebKitGTK`'s
/// documented environment variable).
const NO_DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
/// Where Linux lists what can draw: `renderD128` and so on.
const DEVICES: &str = "/dev/dri";

/// Chooses how the page reaches the screen, unless whoever starts the program has chosen. Call it before any thread is started.
///
/// Without a graphics card the buffers are the processor's own and are read back for every paint: the page then paints
/// 8 to 15 times a second beside a 60 frames/s camera, and 59 times without them (`npm run measure:live`).
pub fn prepare() {
    if std::env::var_os(NO_DMABUF).is_none() && !has_graphics_card(Path::new(DEVICES)) {
        // SAFETY: called in the first lines of `main`, when no other thread can read the environment.
        unsafe { std::env::set_var(NO_DMABUF, "1") };
    }
}

fn has_graphics_card(devices: &Path) -> bool {
    let Ok(listing) = devices.read_dir() else { return false };
    listing.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("renderD"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_render_node_is_a_graphics_card() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_graphics_card(&folder.path().join("missing")));
        // A screen without a renderer, as virtual machines have.
        std::fs::write(folder.path().join("card0"), "").unwrap();
        assert!(!has_graphics_card(folder.path()));
        std::fs::write(folder.path().join("renderD128"), "").unwrap();
        assert!(has_graphics_card(folder.path()));
    }

    #[test]
    fn the_web_view_is_told_once() {
        // The only test of this program that touches the environment; the other reads none of it.
        prepare();
        let told = std::env::var(NO_DMABUF).ok();
        assert_eq!(told.is_some(), !has_graphics_card(Path::new(DEVICES)));
        prepare();
        assert_eq!(std::env::var(NO_DMABUF).ok(), told);
    }
}
