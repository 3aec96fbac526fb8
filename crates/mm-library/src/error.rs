//! What can go wrong with a library, with stable codes and what to do next.

use std::path::PathBuf;

/// Result of every fallible operation in this crate.
pub type Result<T> = std::result::Result<T, LibraryError>;

/// What went wrong. Callers match on [`Self::code`]; the message is for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// `library.database_locked`: another program kept the database locked for longer than the busy timeout.
    #[error("the photo library is in use by another program; close that program and try again")]
    DatabaseLocked,
    /// `library.database_corrupt`: the database file is damaged. The next [`crate::store::Store::open`] moves it aside
    /// and starts a new one.
    #[error(
        "the photo library's database is damaged ({detail}); open the library again, it is then rebuilt from your photos"
    )]
    DatabaseCorrupt {
        /// What `SQLite` or the consistency check found.
        detail: String,
    },
    /// `library.disk_full`: no room for the database to grow. What was committed before is kept.
    #[error("the disk is full, the photo library cannot grow; free some space and start indexing again")]
    DiskFull,
    /// `library.database_too_new`: written by a newer version of this program.
    #[error(
        "the photo library {} has database version {found}, this program reads up to {supported}; update the program",
        path.display()
    )]
    DatabaseTooNew {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest this program reads.
        supported: u32,
    },
    /// `library.not_a_library`: a file that is something else, and is left alone.
    #[error("{} is not a photo library's database; choose another file name", path.display())]
    NotALibrary {
        /// The file.
        path: PathBuf,
    },
    /// `library.failed`: any other failure of the database.
    #[error(
        "the photo library's database failed: {detail}; try again, and if it happens again delete the index"
    )]
    Failed {
        /// `SQLite`'s own words.
        detail: String,
    },
    /// `folder.not_found`: no folder there, or none of that number.
    #[error("there is no folder {}; check the path, and that its drive is connected", path.display())]
    FolderNotFound {
        /// The folder.
        path: PathBuf,
    },
    /// `folder.unreadable`: the operating system refused to list a folder.
    #[error("cannot read the folder {}: {source}; check its permissions", path.display())]
    FolderUnreadable {
        /// The folder.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// `folder.nested`: inside or around a folder that is in the library already.
    #[error(
        "{} overlaps with {}, which is in the library already; remove that folder first or choose another",
        path.display(),
        other.display()
    )]
    FolderNested {
        /// The folder that was to be added.
        path: PathBuf,
        /// The folder it overlaps with.
        other: PathBuf,
    },
    /// `query.empty`: a query with nothing to look for, where one is required.
    #[error("the search has no words; type what the photos should show")]
    QueryEmpty,
    /// `photo.not_found`: no photo of that number; it may have been removed since.
    #[error("this photo is no longer in the library; search again")]
    PhotoNotFound,
    /// `photo.changing`: a file was changed each time it was read.
    #[error("{} is being changed by another program; it is read again at the next scan", path.display())]
    PhotoChanging {
        /// The file.
        path: PathBuf,
    },
    /// `photo.panicked`: a bug ended the work on one photo; the others go on.
    #[error("the work on {} ended unexpectedly ({detail}); please report this with the photo", path.display())]
    PhotoPanicked {
        /// The file.
        path: PathBuf,
        /// The panic's message.
        detail: String,
    },
    /// A failure of the model or of reading a picture, with its own code.
    #[error(transparent)]
    Core(#[from] mm_core::Error),
}

impl LibraryError {
    /// The stable code, `area.reason`; see each variant.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::DatabaseLocked => "library.database_locked",
            Self::DatabaseCorrupt { .. } => "library.database_corrupt",
            Self::DiskFull => "library.disk_full",
            Self::DatabaseTooNew { .. } => "library.database_too_new",
            Self::NotALibrary { .. } => "library.not_a_library",
            Self::Failed { .. } => "library.failed",
            Self::FolderNotFound { .. } => "folder.not_found",
            Self::FolderUnreadable { .. } => "folder.unreadable",
            Self::FolderNested { .. } => "folder.nested",
            Self::QueryEmpty => "query.empty",
            Self::PhotoNotFound => "photo.not_found",
            Self::PhotoChanging { .. } => "photo.changing",
            Self::PhotoPanicked { .. } => "photo.panicked",
            Self::Core(error) => error.code(),
        }
    }
}

impl From<rusqlite::Error> for LibraryError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::DatabaseLocked,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::DatabaseCorrupt { detail },
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            _ => Self::Failed { detail },
        }
    }
}
