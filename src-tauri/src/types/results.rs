//! Results, lists and what else commands return.

use mm_core::{
    geometry,
    tasks::{answer::Answer, caption::Caption, ocr},
};
use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

/// A point in pixels, `[x, y]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Type)]
pub struct Point(#[specta(type = [Number; 2])] pub(super) [f32; 2]);

/// Four corners, clockwise from the top left of the text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Type)]
pub struct Quad(pub(super) [Point; 4]);

impl From<geometry::Quad> for Quad {
    fn from(quad: geometry::Quad) -> Self {
        Self(quad.0.map(|point| Point(point.into())))
    }
}

/// A word and where it is.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct Word {
    /// Without spaces.
    pub text: String,
    /// In pixels of the picture.
    pub quad: Quad,
}

impl From<ocr::Word> for Word {
    fn from(word: ocr::Word) -> Self {
        Self { text: word.text, quad: word.quad.into() }
    }
}

/// A line of text.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct Region {
    /// The same number for the same line as long as it is seen.
    #[specta(type = Number)]
    pub track: u64,
    /// The whole line.
    pub text: String,
    /// In pixels of the picture.
    pub quad: Quad,
    /// Mean character probability, [0, 1].
    #[specta(type = Number)]
    pub confidence: f32,
    /// The line's words from start to end.
    pub words: Vec<Word>,
}

/// How sure a caption is, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
pub enum Certainty {
    /// 0.75 and above.
    #[serde(rename = "sure")]
    Sure,
    /// 0.5 and above.
    #[serde(rename = "probably")]
    Probably,
    /// 0.25 and above.
    #[serde(rename = "perhaps")]
    Perhaps,
    /// Below that.
    #[serde(rename = "not sure")]
    NotSure,
}

impl Certainty {
    /// The words for a confidence in [0, 1]; where `mm` changes its words too.
    #[must_use]
    pub fn of(confidence: f32) -> Self {
        match confidence {
            c if c >= 0.75 => Self::Sure,
            c if c >= 0.5 => Self::Probably,
            c if c >= 0.25 => Self::Perhaps,
            _ => Self::NotSure,
        }
    }
}

/// A caption.
#[derive(Debug, Clone, Serialize, Type)]
pub struct CaptionResult {
    /// A sentence with a capital first letter.
    pub text: String,
    /// How likely it is right, [0, 1].
    #[specta(type = Number)]
    pub confidence: f32,
    /// The same in words.
    pub certainty: Certainty,
    /// Whether the confidence is measured, or only the mean probability of the words.
    pub calibrated: bool,
    /// How long it took, picture encoder included, milliseconds.
    #[specta(type = Number)]
    pub ms: f32,
}

impl From<&Caption> for CaptionResult {
    fn from(caption: &Caption) -> Self {
        Self {
            text: caption.sentence(),
            confidence: caption.confidence,
            certainty: Certainty::of(caption.confidence),
            calibrated: caption.calibrated,
            ms: milliseconds(caption.timings.total()),
        }
    }
}

/// An answer.
#[derive(Debug, Clone, Serialize, Type)]
pub struct AnswerResult {
    /// As it was asked.
    pub question: String,
    /// What to tell: the answer, or "not sure".
    pub answer: String,
    /// The best answer where it is not sure enough to be told.
    pub guess: Option<String>,
    /// Whether it is sure enough.
    pub sure: bool,
    /// How likely it is right, [0, 1].
    #[specta(type = Number)]
    pub confidence: f32,
    /// What was asked for, as the core names it: `yes/no`, `count`, `color`, `place`, `action` or `object`.
    pub kind: String,
    /// How long it took, picture encoder included, milliseconds.
    #[specta(type = Number)]
    pub ms: f32,
}

impl AnswerResult {
    /// The answer to `question`.
    #[must_use]
    pub fn new(question: String, answer: &Answer) -> Self {
        Self {
            question,
            answer: answer.spoken().to_owned(),
            guess: (!answer.sure && !answer.text.is_empty()).then(|| answer.text.clone()),
            sure: answer.sure,
            confidence: answer.confidence,
            kind: answer.kind.as_str().to_owned(),
            ms: milliseconds(answer.timings.total()),
        }
    }
}

/// Milliseconds with their fraction.
pub(super) fn milliseconds(time: std::time::Duration) -> f32 {
    time.as_secs_f32() * 1e3
}

/// Something the user should know though work goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Notice {
    /// Stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do about it, if anything.
    pub next: Option<String>,
}

impl From<&mm_core::runtime::Notice> for Notice {
    fn from(notice: &mm_core::runtime::Notice) -> Self {
        let error = crate::error::AppError::new(&notice.code, &notice.message);
        Self { code: error.code, message: error.message, next: error.next }
    }
}

/// What this program is.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    /// Of the app.
    pub version: String,
    /// System and processor.
    pub platform: String,
    /// Settings and added models.
    pub data_folder: String,
    /// Logs.
    pub log_folder: String,
    /// Of the bundle in use.
    pub model_name: String,
    /// Of the bundle in use, all files.
    #[specta(type = Number)]
    pub bundle_bytes: u64,
    /// Of ONNX Runtime.
    pub runtime_version: String,
    /// Whether this is a computer, not a phone.
    pub desktop: bool,
}

/// A camera.
#[derive(Debug, Clone, Serialize, Type)]
pub struct CameraInfo {
    /// What opens it.
    pub id: String,
    /// For people.
    pub name: String,
    /// What else the system says.
    pub detail: String,
}

impl From<mm_camera::CameraInfo> for CameraInfo {
    fn from(camera: mm_camera::CameraInfo) -> Self {
        Self { id: camera.id, name: camera.name, detail: camera.detail }
    }
}

/// Where a photo comes from.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum PhotoSource {
    /// A file, such as one dropped on the window.
    Path {
        /// Of the file.
        path: String,
    },
    /// The system's own dialog.
    Dialog,
}

/// An open photo.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Photo {
    /// What the other photo commands take.
    pub id: u32,
    /// The file's name.
    pub name: String,
    /// Upright width in pixels.
    pub width: u32,
    /// Upright height in pixels.
    pub height: u32,
    /// Address of a JPEG of it for an `img`.
    pub preview: String,
}

/// How long the parts took, milliseconds.
#[derive(Debug, Clone, Serialize, Type)]
pub struct PhotoTimes {
    /// Caption, picture encoder included.
    #[specta(type = Number)]
    pub caption: f32,
    /// Reading text.
    #[specta(type = Number)]
    pub text: f32,
}

/// Caption and text of a photo.
#[derive(Debug, Clone, Serialize, Type)]
pub struct PhotoResult {
    /// What it shows.
    pub caption: CaptionResult,
    /// Its lines of text in reading order.
    pub regions: Vec<Region>,
    /// One string per row, as a person would type it.
    pub lines: Vec<String>,
    /// How long it took.
    pub ms: PhotoTimes,
}

/// What runs the models.
#[derive(Debug, Clone, Serialize, Type)]
pub struct ProviderStatus {
    /// In the settings.
    pub asked: String,
    /// In use; empty until the models are loaded.
    pub active: String,
    /// What can be asked for on this system.
    pub available: Vec<String>,
    /// What fell back, and why.
    pub notices: Vec<Notice>,
    /// Providers left out because the program ended while they started.
    pub skipped: Vec<String>,
}

/// A bundle that was found.
#[derive(Debug, Clone, Serialize, Type)]
pub struct ModelInfo {
    /// Of the bundle.
    pub name: String,
    /// Its folder.
    pub path: String,
    /// All files.
    #[specta(type = Number)]
    pub bytes: u64,
    /// Whether every file is as its manifest says.
    pub valid: bool,
    /// If not, what is wrong.
    pub message: Option<String>,
}

/// A voice.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Voice {
    /// What `speak` takes.
    pub id: String,
    /// For people.
    pub name: String,
    /// BCP 47 tag.
    pub language: String,
}

/// What an entry of the history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum HistoryKind {
    /// A caption.
    Caption,
    /// An answer to a question.
    Answer,
    /// Text that was read.
    Text,
}

/// An entry of the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct HistoryEntry {
    /// ISO 8601.
    pub time: String,
    /// What it is.
    pub kind: HistoryKind,
    /// Caption, answer or text.
    pub text: String,
    /// What was asked.
    pub question: Option<String>,
    /// [0, 1].
    #[specta(type = Option<Number>)]
    pub confidence: Option<f32>,
    /// A `data:` address of a small JPEG.
    pub thumbnail: Option<String>,
}

/// What the history is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ExportFormat {
    /// For people.
    Markdown,
    /// For programs.
    Json,
}

/// A file that was written.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Exported {
    /// The file.
    pub path: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainty_falls_with_confidence() {
        use Certainty::{NotSure, Perhaps, Probably, Sure};

        let words = [1.0, 0.75, 0.7, 0.3, 0.1, f32::NAN].map(Certainty::of);
        assert_eq!(words, [Sure, Sure, Probably, Perhaps, NotSure, NotSure]);
    }

    #[test]
    fn a_quad_is_four_pairs() {
        let quad = Quad::from(geometry::Quad::from_edges(1.0, 2.0, 3.0, 4.5));
        assert_eq!(serde_json::to_string(&quad).unwrap(), "[[1.0,2.0],[3.0,2.0],[3.0,4.5],[1.0,4.5]]");
    }
}
