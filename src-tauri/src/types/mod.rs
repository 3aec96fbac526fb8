//! What crosses the border to the page. Every type here is in `gen/ts/bindings.ts`.

mod live;
mod results;
mod settings;

pub use live::{LiveEvent, LiveOptions, LiveStats, PreviewFrame, Source};
pub use results::{
    AnswerResult, AppInfo, CameraInfo, CaptionResult, ExportFormat, Exported, HistoryEntry, HistoryKind,
    ModelInfo, Notice, Photo, PhotoResult, PhotoSource, PhotoTimes, ProviderStatus, Region, Voice,
};
pub use settings::Settings;
