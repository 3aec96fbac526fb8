//! What the database holds, as the rest of the program sees it.

use std::path::PathBuf;

use mm_core::tasks::embed::Embedding;
use serde::{Deserialize, Serialize};

/// A folder of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FolderId(pub i64);

/// A file of a folder. Never given to another file, even after it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileId(pub i64);

/// A content: what one or several identical files hold, analysed once. Never given to another content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentId(pub i64);

/// BLAKE3 of a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

/// A folder of the library and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its number.
    pub id: FolderId,
    /// Absolute, symbolic links resolved.
    pub path: PathBuf,
    /// Files in it that were analysed.
    pub photos: u64,
    /// When it was last scanned to the end.
    pub last_scanned: Option<jiff::Timestamp>,
}

/// What the index remembers of a file, to tell whether it has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// Its number.
    pub id: FileId,
    /// Relative to the folder.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Time of last change, nanoseconds since 1970.
    pub modified_ns: i64,
    /// What it holds; `None` if it failed.
    pub content: Option<ContentId>,
    /// Which model analysed that content.
    pub model: Option<String>,
    /// Code of the error it failed with.
    pub failure: Option<String>,
}

/// A file as found on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Relative to the folder.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Time of last change, nanoseconds since 1970.
    pub modified_ns: i64,
}

/// Everything found out about one content.
#[derive(Debug, Clone)]
pub struct PhotoRecord {
    /// Of the file's bytes.
    pub hash: ContentHash,
    /// Key of the model that analysed it; another key means another analysis is due.
    pub model: String,
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
    /// Local time on the camera's clock.
    pub taken: Option<jiff::civil::DateTime>,
    /// Maker and model.
    pub camera: Option<String>,
    /// Latitude and longitude in degrees, north and east positive.
    pub place: Option<(f64, f64)>,
    /// Unit vector; as long as every other one of the same model.
    pub embedding: Embedding,
    /// What it shows, in a sentence.
    pub caption: String,
    /// Calibrated, [0, 1].
    pub caption_confidence: f32,
    /// Text lines in reading order.
    pub page: Vec<StoredRegion>,
    /// JPEG, longest side 320 pixels.
    pub thumbnail: Vec<u8>,
}

/// A line of text in a picture. Quads are TL, TR, BR, BL in pixels of the upright picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredRegion {
    /// The line, words separated by spaces.
    pub text: String,
    /// Where it stands.
    pub quad: [[f32; 2]; 4],
    /// Mean character probability, [0, 1].
    pub confidence: f32,
    /// Its words.
    pub words: Vec<StoredWord>,
}

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredWord {
    /// Without spaces.
    pub text: String,
    /// Where it stands.
    pub quad: [[f32; 2]; 4],
}

/// One step of indexing. A slice of them is committed as one transaction.
#[derive(Debug, Clone)]
pub enum Change {
    /// A file whose content was analysed (again).
    Photo {
        /// Where the file is.
        folder: FolderId,
        /// The file.
        file: FileFacts,
        /// What was found out.
        photo: Box<PhotoRecord>,
    },
    /// A file (new, moved or touched) whose content is known already.
    Same {
        /// Where the file is.
        folder: FolderId,
        /// The file.
        file: FileFacts,
        /// Its content.
        content: ContentId,
    },
    /// A file that could not be analysed.
    Failed {
        /// Where the file is.
        folder: FolderId,
        /// The file.
        file: FileFacts,
        /// Stable error code.
        code: String,
        /// For people: what happened; what to do next.
        message: String,
    },
    /// A file that is no longer there. Sent at the end of a scan, so that a moved file keeps its content.
    Gone {
        /// The file.
        file: FileId,
    },
}

/// A file that could not be analysed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Absolute.
    pub path: PathBuf,
    /// Stable error code.
    pub code: String,
    /// For people.
    pub message: String,
}

/// How much the library holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Different contents.
    pub photos: u64,
    /// Files that were analysed.
    pub files: u64,
    /// Files that could not be analysed.
    pub failed: u64,
    /// Size on disk, write-ahead log included.
    pub database_bytes: u64,
}

/// Everything known about one photo.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoDetails {
    /// A file that is there, or the first one known if none is.
    pub path: PathBuf,
    /// Every file with this content, absolute.
    pub paths: Vec<PathBuf>,
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
    /// Local time on the camera's clock.
    pub taken: Option<jiff::civil::DateTime>,
    /// Maker and model.
    pub camera: Option<String>,
    /// Latitude and longitude in degrees, north and east positive.
    pub place: Option<(f64, f64)>,
    /// What it shows.
    pub caption: String,
    /// Calibrated, [0, 1].
    pub caption_confidence: f32,
    /// The text in it, line by line.
    pub lines: Vec<String>,
    /// The same with places.
    pub regions: Vec<StoredRegion>,
}
