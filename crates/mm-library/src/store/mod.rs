//! The database: one `SQLite` file that holds what was found out about every photo, and never a photo.
//!
//! **Durability.** Write-ahead log with `synchronous = NORMAL`: a commit is in the log, in the operating system's hands,
//! before it returns, so that it survives the end of the process at any point, `kill -9` included. A power cut may undo
//! the last commits, never tear one; what is undone is analysed again at the next scan.
//!
//! **Corruption.** Everything in the database can be found out again from the photos, so that a damaged one is not
//! repaired. A file that is no database, or in which any operation met damage, is renamed to `NAME.damaged-TIME` (with
//! its log) by the next [`Store::open`], never deleted, and a new one is made; [`Opened::recovered`] says so. A file that
//! is something else (another program's database, or no database and not named like one) is refused and left alone.

mod check;
mod commit;
mod folders;
mod open;
mod paths;
mod read;
mod types;
mod vectors;

use std::{
    cell::RefCell,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::Connection;

pub use self::types::{
    Change, ContentHash, ContentId, Failure, FileFacts, FileId, Folder, FolderId, KnownFile, PhotoDetails,
    PhotoRecord, StoredRegion, StoredWord, Totals,
};
pub(crate) use self::{commit::seconds, read::existing, vectors::Vectors};
use crate::error::{LibraryError, Result};

/// The library's database through one connection. Several may be open at once, in this and other processes: any
/// number read while one writes.
pub struct Store {
    connection: Connection,
    path: PathBuf,
    vectors: RefCell<Vectors>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A database that is ready.
#[derive(Debug)]
pub struct Opened {
    /// The database.
    pub store: Store,
    /// Says that a damaged one was moved aside; every photo is to be analysed again.
    pub recovered: Option<Recovered>,
}

/// A damaged database that was moved aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Where the damaged file is now.
    pub moved_to: PathBuf,
}

impl std::fmt::Display for Recovered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let moved_to = self.moved_to.display();
        write!(f, "the photo library's database was damaged and is now {moved_to}; index your folders again")
    }
}

impl Store {
    /// Where the database stands in an app's data folder.
    #[must_use]
    pub fn default_path(data_folder: &Path) -> PathBuf {
        data_folder.join("library.sqlite")
    }

    /// The database's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sets how long an operation waits while another program writes before it fails with `library.database_locked`;
    /// 5 seconds from the start.
    pub fn wait_at_most(&self, time: Duration) -> Result<()> {
        Ok(self.connection.busy_timeout(time)?)
    }

    /// Removes the database at `path` with what belongs to it, and never a photo. Nothing there is no error.
    ///
    /// Fails with `library.not_a_library` if the file is something else, or `file.unwritable`.
    pub fn delete_index(path: &Path) -> Result<()> {
        open::check_is_ours(path)?;
        for file in ["", "-wal", "-shm", open::DAMAGED].map(|suffix| with_suffix(path, suffix)) {
            match fs::remove_file(&file) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(mm_core::Error::FileUnwritable { path: file, source }.into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes damage for the next [`Store::open`], which moves the file aside; `result` passes through.
    pub(crate) fn noted<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(LibraryError::DatabaseCorrupt { detail }) = &result {
            tracing::error!(path = %self.path.display(), detail, "the photo library's database is damaged");
            // Without room for an empty file the damage is met, and noted, again.
            let _ = fs::write(with_suffix(&self.path, open::DAMAGED), b"");
        }
        result
    }

    /// Reads the vectors that are new; before [`Self::vectors`], once per search.
    pub(crate) fn refresh_vectors(&self) -> Result<()> {
        self.vectors.borrow_mut().refresh(&self.connection)
    }

    /// Every vector of the current model, as of the last refresh.
    pub(crate) fn vectors(&self) -> std::cell::Ref<'_, Vectors> {
        self.vectors.borrow()
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
