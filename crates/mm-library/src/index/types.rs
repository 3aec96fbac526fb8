//! What indexing is told and what it tells.

use std::{path::PathBuf, thread, time::Duration};

use serde::Serialize;

use crate::store::FolderId;

/// What to index, and how.
#[derive(Debug, Clone)]
pub struct IndexOptions {
    /// The database; made if there is none.
    pub database: PathBuf,
    /// Which folders of the library; all if `None`.
    pub folders: Option<Vec<FolderId>>,
    /// Threads that read and decode, at least 1. Each holds one decoded photo (72 MB of 24 megapixels) at most, the
    /// inference lane one more.
    pub decode_threads: usize,
    /// Whether to go on watching the folders until cancelled.
    pub watch: bool,
    /// How considerate to be.
    pub pace: Pace,
}

impl IndexOptions {
    /// Every folder of `database` once, considerately, on up to 4 decoding threads: half of the cores, because
    /// inference uses all of them.
    #[must_use]
    pub fn new(database: PathBuf) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            database,
            folders: None,
            decode_threads: (cores / 2).clamp(1, 4),
            watch: false,
            pace: Pace::Gentle,
        }
    }
}

/// How considerate indexing is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pace {
    /// A quarter of the speed on battery or when the device gets warm; waits when the battery is below 30 % or the
    /// device is hot.
    #[default]
    Gentle,
    /// As fast as it goes.
    Full,
}

/// What indexing is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Listing folders.
    #[default]
    Scanning,
    /// Analysing photos.
    Indexing,
    /// Everything is indexed; waiting for changes.
    Watching,
    /// Stopped until it is told to go on.
    Paused,
    /// Ended.
    Done,
}

/// Why indexing is slower than it could be, or waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Waiting {
    /// The device runs on its battery.
    Battery,
    /// The device is warm.
    Heat,
    /// Someone paused it.
    Asked,
}

/// How far indexing is. Counts are of the current round: the first look at everything, then one for every change.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct IndexProgress {
    /// What it is doing.
    pub phase: Phase,
    /// Pictures found.
    pub found: u64,
    /// Of these, dealt with: `unchanged + added + moved + failed`, and those that went while they were to be read.
    pub done: u64,
    /// Analysed, or a copy of a photo that is known.
    pub added: u64,
    /// As they were at the last round.
    pub unchanged: u64,
    /// Known photos at another place.
    pub moved: u64,
    /// Could not be analysed.
    pub failed: u64,
    /// No longer there.
    pub removed: u64,
    /// Photos dealt with per second over the last 20 seconds, those that are unchanged not counted.
    pub photos_per_second: f32,
    /// Seconds until the end at that rate.
    pub seconds_left: Option<f32>,
    /// Why it waits or goes slowly.
    pub waiting: Option<Waiting>,
    /// The photo being analysed.
    pub current: Option<PathBuf>,
}

/// What happens while indexing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum IndexEvent {
    /// How far it is; at most 5 a second.
    Progress(IndexProgress),
    /// A photo that cannot be analysed, or a folder that cannot be listed. The others go on.
    Failed {
        /// Absolute.
        path: PathBuf,
        /// Stable error code.
        code: String,
        /// What happened; what to do next.
        message: String,
    },
    /// A folder that is not there, perhaps on a drive that is unplugged. Nothing of it is forgotten.
    FolderMissing {
        /// The folder.
        path: PathBuf,
    },
    /// Something to know that stops nothing: watching fails and folders are looked at every minute instead, or the
    /// database was damaged and is made anew.
    Notice {
        /// Stable code.
        code: &'static str,
        /// What happened; what that means.
        message: String,
    },
    /// A round has ended.
    Finished(Summary),
}

/// What a round came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    /// The last counts.
    pub progress: IndexProgress,
    /// Pictures left out because their bytes are in a cloud only.
    pub online_only: u64,
    /// Folders that were not there.
    pub missing: Vec<PathBuf>,
    /// Whether it was cancelled before its end.
    pub cancelled: bool,
    /// How long it took.
    pub elapsed: Duration,
}
