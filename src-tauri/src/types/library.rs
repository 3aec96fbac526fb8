//! The photo library: its folders, its index, and what a search finds.

use mm_library::{
    index,
    search::{self, Reason},
    store::{self, ContentId, FolderId},
};
use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

use super::results::{Certainty, Point, Quad, Region, Word};
use crate::error::AppError;

/// A photo of the library: one content, however many files hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(transparent)]
pub struct PhotoId(#[specta(type = Number)] pub i64);

impl From<PhotoId> for ContentId {
    fn from(id: PhotoId) -> Self {
        Self(id.0)
    }
}

/// A folder of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(transparent)]
pub struct LibraryFolderId(#[specta(type = Number)] pub i64);

impl From<LibraryFolderId> for FolderId {
    fn from(id: LibraryFolderId) -> Self {
        Self(id.0)
    }
}

/// A folder and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct LibraryFolder {
    /// What `removeLibraryFolder` takes.
    pub id: LibraryFolderId,
    /// Where it is.
    pub path: String,
    /// Files in it that can be found.
    #[specta(type = Number)]
    pub photos: u64,
    /// It is not there now, as when its drive is not connected. Nothing of it is forgotten.
    pub missing: bool,
}

impl From<store::Folder> for LibraryFolder {
    fn from(folder: store::Folder) -> Self {
        Self {
            id: LibraryFolderId(folder.id.0),
            missing: !folder.path.is_dir(),
            path: folder.path.display().to_string(),
            photos: folder.photos,
        }
    }
}

/// What the indexer is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum IndexPhase {
    /// Looks for pictures in the folders.
    Scanning,
    /// Analyses them.
    Indexing,
    /// Waits for changes in the folders.
    Watching,
    /// Paused.
    Paused,
    /// Ended.
    Done,
}

/// Why the indexer makes a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum IndexWaiting {
    /// The battery is low.
    Battery,
    /// The machine is hot.
    Heat,
    /// It was asked to.
    Asked,
}

/// How far the indexer is.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct IndexProgress {
    /// What it is at.
    pub phase: IndexPhase,
    /// Pictures found in the folders.
    #[specta(type = Number)]
    pub found: u64,
    /// Of these, done: the five numbers below but the last together.
    #[specta(type = Number)]
    pub done: u64,
    /// Analysed.
    #[specta(type = Number)]
    pub added: u64,
    /// As they were.
    #[specta(type = Number)]
    pub unchanged: u64,
    /// Known content at a new place.
    #[specta(type = Number)]
    pub moved: u64,
    /// Could not be analysed.
    #[specta(type = Number)]
    pub failed: u64,
    /// Files that are gone.
    #[specta(type = Number)]
    pub removed: u64,
    /// Lately.
    #[specta(type = Number)]
    pub photos_per_second: f32,
    /// At that rate; `null` while it is not known.
    #[specta(type = Option<Number>)]
    pub seconds_left: Option<f32>,
    /// Why nothing goes on.
    pub waiting: Option<IndexWaiting>,
    /// The file it is at.
    pub current: Option<String>,
}

impl From<index::IndexProgress> for IndexProgress {
    fn from(progress: index::IndexProgress) -> Self {
        Self {
            phase: match progress.phase {
                index::Phase::Scanning => IndexPhase::Scanning,
                index::Phase::Indexing => IndexPhase::Indexing,
                index::Phase::Watching => IndexPhase::Watching,
                index::Phase::Paused => IndexPhase::Paused,
                index::Phase::Done => IndexPhase::Done,
            },
            found: progress.found,
            done: progress.done,
            added: progress.added,
            unchanged: progress.unchanged,
            moved: progress.moved,
            failed: progress.failed,
            removed: progress.removed,
            photos_per_second: finite(progress.photos_per_second),
            seconds_left: progress.seconds_left.filter(|seconds| seconds.is_finite()),
            waiting: progress.waiting.map(|waiting| match waiting {
                index::Waiting::Battery => IndexWaiting::Battery,
                index::Waiting::Heat => IndexWaiting::Heat,
                index::Waiting::Asked => IndexWaiting::Asked,
            }),
            current: progress.current.map(|path| path.display().to_string()),
        }
    }
}

/// JSON has no other numbers.
fn finite(value: f32) -> f32 {
    if value.is_finite() { value } else { 0.0 }
}

/// The library as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LibraryState {
    /// In the order in which they were added.
    pub folders: Vec<LibraryFolder>,
    /// Different photos.
    #[specta(type = Number)]
    pub photos: u64,
    /// Files that could not be analysed.
    #[specta(type = Number)]
    pub failed: u64,
    /// Where the index is.
    pub database_path: String,
    /// Its size.
    #[specta(type = Number)]
    pub database_bytes: u64,
    /// `null` while no indexer runs.
    pub progress: Option<IndexProgress>,
    /// The index was damaged: where it is now, and that it is made again.
    pub recovered: Option<String>,
    /// Why the indexer ended before it was done, such as a full disk.
    pub problem: Option<AppError>,
}

/// What the library tells the page.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LibraryEvent {
    /// How far the indexer is; at most five times a second.
    Progress {
        /// The newest.
        progress: IndexProgress,
    },
    /// A file could not be analysed.
    Failed {
        /// The file.
        path: String,
        /// Why.
        error: AppError,
    },
    /// A folder is not there now.
    FolderMissing {
        /// The folder.
        path: String,
    },
    /// Every folder was scanned, every picture analysed.
    Finished {
        /// The last.
        progress: IndexProgress,
    },
    /// Photos were added or removed.
    Changed,
}

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LibraryQuery {
    /// Words, dates, and words with a minus before them; may be empty.
    pub text: String,
    /// Photos that look like this one of the library.
    pub like_photo: Option<PhotoId>,
    /// Photos that look like this open photo.
    pub like_open: Option<u32>,
    /// How many of the best to leave out.
    pub offset: u32,
    /// Most hits wanted.
    pub limit: u32,
}

/// Why a photo was found.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum WhyMatched {
    /// The picture shows what the words say.
    Looks {
        /// Cosine, [-1, 1].
        #[specta(type = Number)]
        similarity: f32,
    },
    /// Words of the caption.
    Caption {
        /// Which.
        words: Vec<String>,
    },
    /// Words written in the picture.
    Text {
        /// Which.
        words: Vec<String>,
        /// Where they stand.
        snippet: String,
    },
    /// Words of the file's or a folder's name.
    Name {
        /// Which.
        words: Vec<String>,
    },
    /// Taken at that time.
    Date {
        /// As understood.
        label: String,
    },
    /// It looks like the picture asked for.
    Picture {
        /// Cosine, [-1, 1].
        #[specta(type = Number)]
        similarity: f32,
    },
}

impl WhyMatched {
    /// `None` for a reason of a newer library, which this page has no words for.
    fn new(reason: Reason) -> Option<Self> {
        Some(match reason {
            Reason::Looks { similarity } => Self::Looks { similarity: finite(similarity) },
            Reason::Caption { words } => Self::Caption { words },
            Reason::Text { words, snippet } => Self::Text { words, snippet },
            Reason::Name { words } => Self::Name { words },
            Reason::Date { label } => Self::Date { label },
            Reason::Picture { similarity } => Self::Picture { similarity: finite(similarity) },
            _ => return None,
        })
    }
}

/// A photo that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct LibraryHit {
    /// What the other library commands take.
    pub id: PhotoId,
    /// Of the file.
    pub name: String,
    /// Of the file.
    pub path: String,
    /// A sentence.
    pub caption: String,
    /// How likely the caption is right, [0, 1].
    #[specta(type = Number)]
    pub confidence: f32,
    /// The same in words.
    pub certainty: Certainty,
    /// Local time on the camera's clock, ISO 8601.
    pub taken: Option<String>,
    /// Upright, pixels.
    pub width: u32,
    /// Upright, pixels.
    pub height: u32,
    /// Address of a JPEG for an `img`, longest side 320 pixels.
    pub thumbnail: String,
    /// What the ranking is by; comparable within one search only.
    #[specta(type = Number)]
    pub score: f32,
    /// Strongest first.
    pub why: Vec<WhyMatched>,
}

impl LibraryHit {
    /// `hit`, with the address that `thumbnail` gives.
    #[must_use]
    pub fn new(hit: search::Hit, thumbnail: impl FnOnce(PhotoId) -> String) -> Self {
        let id = PhotoId(hit.content.0);
        Self {
            id,
            name: file_name(&hit.path),
            path: hit.path.display().to_string(),
            caption: hit.caption,
            confidence: finite(hit.confidence),
            certainty: Certainty::of(hit.confidence),
            taken: hit.taken.map(|taken| taken.to_string()),
            width: hit.width,
            height: hit.height,
            thumbnail: thumbnail(id),
            score: finite(hit.score),
            why: hit.why.into_iter().filter_map(WhyMatched::new).collect(),
        }
    }
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A part of what was found.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct LibraryPage {
    /// Best first.
    pub hits: Vec<LibraryHit>,
    /// How many there are in all.
    #[specta(type = Number)]
    pub total: u64,
    /// The words that were looked for.
    pub words: String,
    /// The words that must not apply.
    pub without: Vec<String>,
    /// The time that was understood.
    pub when: Option<String>,
}

/// Degrees, north and east positive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Type)]
pub struct Place {
    /// [-90, 90].
    #[specta(type = Number)]
    pub latitude: f64,
    /// [-180, 180].
    #[specta(type = Number)]
    pub longitude: f64,
}

/// Everything known about a photo.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct LibraryPhoto {
    /// As in a search, without reasons.
    #[serde(flatten)]
    pub hit: LibraryHit,
    /// Every file that holds it.
    pub paths: Vec<String>,
    /// Maker and model.
    pub camera: Option<String>,
    /// Where it was taken.
    pub place: Option<Place>,
    /// The text in it, one string per row.
    pub lines: Vec<String>,
    /// The same with places; `track` counts them.
    pub regions: Vec<Region>,
    /// Address of a JPEG for an `img`, longest side 2048 pixels.
    pub preview: String,
}

impl LibraryPhoto {
    /// `photo` with its addresses.
    #[must_use]
    pub fn new(id: PhotoId, photo: store::PhotoDetails, thumbnail: String, preview: String) -> Self {
        let hit = search::Hit {
            content: id.into(),
            path: photo.path,
            score: 0.0,
            caption: photo.caption,
            confidence: photo.caption_confidence,
            taken: photo.taken,
            width: photo.width,
            height: photo.height,
            why: Vec::new(),
        };
        let place = photo.place.filter(|(a, b)| a.is_finite() && b.is_finite());
        Self {
            hit: LibraryHit::new(hit, |_| thumbnail),
            paths: photo.paths.iter().map(|path| path.display().to_string()).collect(),
            camera: photo.camera,
            place: place.map(|(latitude, longitude)| Place { latitude, longitude }),
            lines: photo.lines,
            regions: photo
                .regions
                .into_iter()
                .zip(0..)
                .map(|(region, track)| stored(region, track))
                .collect(),
            preview,
        }
    }
}

fn stored(region: store::StoredRegion, track: u64) -> Region {
    let quad = |corners: [[f32; 2]; 4]| Quad(corners.map(Point));
    let words = region.words.into_iter().map(|word| Word { text: word.text, quad: quad(word.quad) });
    Region {
        track,
        text: region.text,
        quad: quad(region.quad),
        confidence: region.confidence,
        words: words.collect(),
    }
}

/// A file that could not be analysed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct LibraryFailure {
    /// The file.
    pub path: String,
    /// Why, and what to do.
    pub error: AppError,
}

impl From<store::Failure> for LibraryFailure {
    fn from(failure: store::Failure) -> Self {
        let error = AppError::new(&failure.code, &failure.message);
        Self { path: failure.path.display().to_string(), error }
    }
}
