//! What goes into the pipeline and what comes out of it.

use std::{
    fmt,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use image::RgbImage;
use serde::Serialize;

use super::meters::LiveStats;
use crate::{
    error::Error,
    geometry::Quad,
    runtime::Notice,
    tasks::{
        answer::Answer,
        caption::Caption,
        ocr::{OcrTimings, Word},
    },
};

/// One upright camera frame. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LiveFrame {
    /// The source's own number, given back in events.
    pub sequence: u64,
    /// When the camera delivered it.
    pub captured: Instant,
    /// The pixels.
    pub image: Arc<RgbImage>,
}

/// A part of the pipeline that does its own work and fails on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The picture encoder, once per analysed frame.
    Vision,
    /// Captions.
    Caption,
    /// Reading text.
    Text,
    /// Questions.
    Answer,
}

impl Stage {
    /// The name in results and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vision => "vision",
            Self::Caption => "caption",
            Self::Text => "text",
            Self::Answer => "answer",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A caption of a scene.
#[derive(Debug, Clone)]
pub struct LiveCaption {
    /// The frame it is about.
    pub sequence: u64,
    /// From the camera's delivery of that frame to this event.
    pub glass_to_caption: Duration,
    /// The caption.
    pub caption: Caption,
    /// Whether it says something else than the last one did.
    pub changed: bool,
}

/// A line of text followed from read to read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrackedRegion {
    /// The same number for the same line as long as it is seen; never used again.
    pub track: u64,
    /// The reading with the most confidence behind it over the last reads.
    pub text: String,
    /// In pixels of the frame, smoothed over reads.
    pub quad: Quad,
    /// Mean character probability of the reading shown, [0, 1].
    pub confidence: f32,
    /// Its words from start to end, moved with the quad.
    pub words: Vec<Word>,
}

/// The text in view.
#[derive(Debug, Clone)]
pub struct LiveText {
    /// The frame it was read from.
    pub sequence: u64,
    /// Width of that frame, of which the quads are pixels.
    pub width: u32,
    /// Height of that frame.
    pub height: u32,
    /// In reading order.
    pub regions: Vec<TrackedRegion>,
    /// Which consecutive regions stand on one row of the same column.
    pub lines: Vec<Range<usize>>,
    /// Whether what is read (not where it stands) differs from the event before.
    pub changed: bool,
    /// Whether this is a full-quality read of a frozen frame.
    pub full: bool,
    /// How long the read took.
    pub timings: OcrTimings,
}

impl LiveText {
    /// One string per row, in reading order, as a person would type it.
    #[must_use]
    pub fn line_texts(&self) -> Vec<String> {
        let row = |range: &Range<usize>| {
            self.regions[range.clone()].iter().map(|r| r.text.as_str()).collect::<Vec<_>>().join(" ")
        };
        self.lines.iter().map(row).collect()
    }
}

/// A stage that takes longer than its budget works less often, until it has recovered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Slowdown {
    /// Which stage.
    pub stage: Stage,
    /// How many times longer its pauses are now; 1 is back to normal.
    pub factor: u32,
    /// The 95th percentile that led to the change, milliseconds.
    pub p95_ms: f32,
    /// What it is allowed, milliseconds.
    pub budget_ms: f32,
}

impl fmt::Display for Slowdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stage, factor, p95_ms, budget_ms } = self;
        let what = match stage {
            Stage::Vision => "Looking at a frame",
            Stage::Caption => "A caption",
            Stage::Text => "Reading text",
            Stage::Answer => "An answer",
        };
        if *factor == 1 {
            write!(f, "{what} takes {p95_ms:.0} ms again: back to the normal pace")
        } else {
            write!(
                f,
                "{what} takes {p95_ms:.0} ms, more than {budget_ms:.0} ms: the device is slow or warm, so this is \
                 done {factor} times less often"
            )
        }
    }
}

/// What the pipeline tells. Events of one stage come in order.
#[derive(Debug)]
#[non_exhaustive]
pub enum LiveEvent {
    /// A caption.
    Caption(LiveCaption),
    /// What text is in view now; replaces the event before.
    Text(LiveText),
    /// The scene changed, at this frame.
    Scene {
        /// The first frame known to show the new scene.
        sequence: u64,
        /// Cosine distance from the scene before, [0, 2]; 1 for the first scene.
        distance: f32,
    },
    /// The answer to a question; one event for every question asked.
    Answer {
        /// What [`super::LivePipeline::ask`] returned.
        id: u64,
        /// As it was asked.
        question: String,
        /// The frame it is about; `None` if it was cancelled before it got one.
        sequence: Option<u64>,
        /// The answer; `task.cancelled` if a newer question, a pause or the end came first.
        result: Result<Answer, Error>,
    },
    /// A stage failed; it is tried again, the others go on.
    Failed {
        /// Which stage.
        stage: Stage,
        /// Why. An error that stays the same is told again only after a while ...
        error: Error,
        /// ... with how often it was not told since.
        repeats: u64,
    },
    /// A stage slows down or is back to its pace.
    Slow(Slowdown),
    /// Counters and times, once a second, and once at a pause.
    Stats(LiveStats),
    /// What the user should know, such as a provider that was replaced.
    Notices(Vec<Notice>),
}
