//! What crosses the border to the page. Every type here is in `gen/ts/bindings.ts`.

mod library;
mod live;
mod results;
mod settings;

pub use library::{
    IndexProgress, LibraryEvent, LibraryFailure, LibraryFolder, LibraryFolderId, LibraryHit, LibraryPage,
    LibraryPhoto, LibraryQuery, LibraryState, PhotoId,
};
pub use live::{LiveEvent, LiveOptions, LiveStats, PreviewFrame, Source};
pub use results::{
    AnswerResult, AppInfo, CameraInfo, CaptionResult, ExportFormat, Exported, HistoryEntry, HistoryKind,
    ModelInfo, Notice, Photo, PhotoResult, PhotoSource, PhotoTimes, ProviderStatus, Region, Voice,
};
pub use settings::Settings;
