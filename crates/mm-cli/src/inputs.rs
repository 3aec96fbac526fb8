//! From what the user typed to decoded pictures: files, folders and standard input, decoded ahead on one thread.

use std::{
    io,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use mm_core::{
    RgbImage,
    decode::{self, Limits},
};
use walkdir::WalkDir;

/// A picture, or why there is none.
pub struct Input {
    /// As the user or the folder named it; `-` is standard input.
    pub path: PathBuf,
    pub image: mm_core::Result<RgbImage>,
    /// Reading and decoding.
    pub decode: Duration,
}

/// Replaces folders by the pictures in them, in the order of their names. A folder that cannot be listed stays, and
/// fails when it is read.
pub fn expand(paths: &[PathBuf]) -> Vec<PathBuf> {
    paths.iter().flat_map(|path| if path.is_dir() { pictures_in(path) } else { vec![path.clone()] }).collect()
}

fn pictures_in(folder: &Path) -> Vec<PathBuf> {
    WalkDir::new(folder)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_map(|entry| match entry {
            Ok(entry) => (entry.file_type().is_file() && is_picture(entry.path())).then(|| entry.into_path()),
            // Reading it again gives the reason as a coded error.
            Err(error) => error.path().map(Path::to_path_buf),
        })
        .collect()
}

// Files named on the command line are tried whatever their name.
fn is_picture(path: &Path) -> bool {
    path.extension()
        .and_then(|e| e.to_str())
        .is_some_and(|e| decode::EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(e)))
}

/// Decodes `paths` in order on another thread, at most one picture ahead, so that memory stays bounded.
pub fn decoded(paths: Vec<PathBuf>) -> impl Iterator<Item = Input> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        for path in paths {
            let start = Instant::now();
            let image = load(&path, &Limits::default());
            // The receiver is gone once the consumer stops early; then there is nothing left to do.
            if sender.send(Input { path, image, decode: start.elapsed() }).is_err() {
                return;
            }
        }
    });
    receiver.into_iter()
}

pub fn load(path: &Path, limits: &Limits) -> mm_core::Result<RgbImage> {
    if path == Path::new("-") {
        decode::read_from(io::stdin().lock(), "standard input", limits)
    } else {
        decode::read_file(path, limits)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn folders_expand_to_their_pictures_in_order_and_files_stay() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        for name in ["b.JPG", "a.png", "notes.txt", "sub/c.webp"] {
            fs::write(dir.path().join(name), b"").unwrap();
        }
        let typed = [PathBuf::from("odd.name"), dir.path().to_path_buf()];
        let names: Vec<PathBuf> = expand(&typed);
        let expected = ["a.png", "b.JPG", "sub/c.webp"].map(|n| dir.path().join(n));
        assert_eq!(names[0], PathBuf::from("odd.name"));
        assert_eq!(names[1..], expected);
    }
}
