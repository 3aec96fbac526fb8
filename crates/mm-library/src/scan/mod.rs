//! Which files of a folder are pictures to index, and what changes there.
//!
//! Left out: hidden files and folders, what `.mmignore` files (the rules of `.gitignore`, also from folders above) name,
//! folders with a `.nomedia` file (not the chosen folder itself: whoever chose it wants it), other programs' thumbnail
//! and bin folders, and files whose bytes are only in a cloud. Symbolic links are not followed: what they lead to is
//! either in the library anyway or was not chosen, and loops cannot be. Other file systems below the folder belong to it.

mod online;
mod watch;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use ignore::{DirEntry, WalkBuilder};
use mm_core::{decode, tasks::CancelToken};

pub use self::watch::{Touched, Watched, Watcher};
use crate::{
    error::{LibraryError, Result},
    store::FileFacts,
};

/// Names the rules for what is left out.
const IGNORE_FILE: &str = ".mmignore";
/// Android's mark for folders whose pictures belong to no gallery.
const NO_MEDIA: &str = ".nomedia";
/// Folders in which other systems keep thumbnails and deleted files.
const FOREIGN: [&str; 5] = ["@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"];

/// What was found in a folder.
#[derive(Debug, Default)]
pub struct Scan {
    /// Pictures, by folder and name.
    pub pictures: Vec<FileFacts>,
    /// Pictures whose bytes are in a cloud only; relative paths.
    pub online_only: Vec<PathBuf>,
    /// Parts that could not be listed, with the reason; relative paths. What was known in them stays known.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

/// Lists the pictures of `root`, or of the parts of it that were `touched`.
///
/// Fails with `folder.not_found` (also for an empty folder while `photos_known`: the place where a drive was mounted),
/// `folder.unreadable`, or `task.cancelled`.
pub fn scan(
    root: &Path,
    touched: Option<&Touched>,
    photos_known: bool,
    cancel: &CancelToken,
    mut found: impl FnMut(usize),
) -> Result<Scan> {
    let mut listing = fs::read_dir(root).map_err(|source| refused(root, source))?;
    if photos_known && listing.next().is_none() {
        return Err(LibraryError::FolderNotFound { path: root.to_path_buf() });
    }
    let mut scan = Scan::default();
    let mut without_blocks = Vec::new();
    let mut with_blocks = 0_usize;
    for entry in walker(root, touched) {
        cancel.check()?;
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                scan.note(root, error)?;
                continue;
            }
        };
        if let Some(error) = entry.error() {
            tracing::warn!(folder = %entry.path().display(), %error, "a rule in {IGNORE_FILE} is not understood");
        }
        if !is_picture(&entry) {
            continue;
        }
        let Ok(path) = entry.path().strip_prefix(root) else { continue };
        let Ok(metadata) = entry.metadata() else {
            // Gone since it was listed.
            continue;
        };
        let facts = facts(path.to_path_buf(), &metadata);
        if online::is_placeholder(&metadata) {
            scan.online_only.push(facts.path);
        } else if online::has_no_blocks(&metadata) {
            without_blocks.push(facts);
        } else {
            with_blocks += usize::from(facts.size > 0);
            scan.pictures.push(facts);
        }
        found(scan.pictures.len() + without_blocks.len());
    }
    if with_blocks == 0 {
        // Some network file systems count no blocks at all: there it says nothing.
        scan.pictures.append(&mut without_blocks);
        scan.pictures.sort_by(|a, b| a.path.cmp(&b.path));
    } else {
        scan.online_only.extend(without_blocks.into_iter().map(|facts| facts.path));
    }
    Ok(scan)
}

impl Scan {
    /// Keeps a failure of listing a part; a failure without a place, or of the whole, is an error.
    fn note(&mut self, root: &Path, error: ignore::Error) -> Result<()> {
        let path = place(&error).and_then(|path| path.strip_prefix(root).ok()).map(Path::to_path_buf);
        let source = error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into());
        match path {
            Some(part) if part.as_os_str().is_empty() => Err(refused(root, source)),
            // A file or folder that went while the folder was listed.
            Some(_) if source.kind() == io::ErrorKind::NotFound => Ok(()),
            Some(part) => {
                self.unreadable.push((part, source));
                Ok(())
            }
            None => Err(refused(root, source)),
        }
    }
}

/// Size and time of a file. A time before 1970, which some cameras write, is negative.
pub fn facts(path: PathBuf, metadata: &fs::Metadata) -> FileFacts {
    let modified_ns = metadata.modified().map_or(0, |time| match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
    });
    FileFacts { path, size: metadata.len(), modified_ns }
}

fn walker(root: &Path, touched: Option<&Touched>) -> ignore::Walk {
    let mut builder = WalkBuilder::new(root);
    builder
        .standard_filters(false)
        .hidden(true)
        .parents(true)
        .follow_links(false)
        .add_custom_ignore_filename(IGNORE_FILE)
        .sort_by_file_name(std::ffi::OsStr::cmp);
    let touched = touched.cloned();
    builder.filter_entry(move |entry| {
        let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        if entry.depth() == 0 {
            return true;
        }
        if let Some(touched) = &touched {
            let path = entry.path();
            if !(touched.contains(path) || folder && touched.leads_through(path)) {
                return false;
            }
        }
        !(folder && is_left_out(entry))
    });
    builder.build()
}

fn is_left_out(folder: &DirEntry) -> bool {
    FOREIGN.iter().any(|name| folder.file_name() == *name) || folder.path().join(NO_MEDIA).exists()
}

/// A regular file with the name of a picture. The files `._name.jpg` of macOS are hidden and never get here.
fn is_picture(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_file()) && has_picture_name(entry.path())
}

fn has_picture_name(path: &Path) -> bool {
    path.extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| decode::EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

fn place(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => place(err),
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    }
}

fn refused(root: &Path, source: io::Error) -> LibraryError {
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            LibraryError::FolderNotFound { path: root.to_path_buf() }
        }
        _ => LibraryError::FolderUnreadable { path: root.to_path_buf(), source },
    }
}

#[cfg(test)]
mod tests;
