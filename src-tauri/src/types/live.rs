//! The live view: what it is told and what it tells.

use std::path::PathBuf;

use mm_camera::{Pace, SourceSpec};
use mm_core::live;
use serde::{Deserialize, Serialize};
use specta::{Type, Types, datatype::DataType};
use specta_typescript::Number;
use tauri::ipc::{InvokeResponseBody, IpcResponse};

use super::results::{CaptionResult, Notice, Region};
use crate::error::AppError;

/// Where frames come from.
#[derive(Debug, Clone, PartialEq, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Source {
    /// A webcam.
    Camera {
        /// As listed.
        id: String,
        /// Wanted width in pixels.
        width: Option<u32>,
        /// Wanted height in pixels.
        height: Option<u32>,
    },
    /// A folder of pictures or a video.
    Replay {
        /// Of the folder or file.
        path: String,
        /// Frames per second; `null` is the video's own, or one picture per second.
        #[specta(type = Option<Number>)]
        fps: Option<f64>,
        /// Starts again at the end.
        repeat: bool,
    },
}

impl From<Source> for SourceSpec {
    fn from(source: Source) -> Self {
        match source {
            Source::Camera { id, width, height } => Self::Camera { id, width, height, fps: None },
            Source::Replay { path, fps, repeat } => {
                Self::Replay { path: PathBuf::from(path), pace: Pace::RealTime { fps }, repeat }
            }
        }
    }
}

/// What is wanted, and how often.
#[derive(Debug, Clone, PartialEq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LiveOptions {
    /// Caption every new scene.
    pub captions: bool,
    /// Read text.
    pub text: bool,
    /// Least time between two captions.
    #[specta(type = Number)]
    pub caption_every_seconds: f32,
    /// Time between two reads of text.
    #[specta(type = Number)]
    pub text_every_seconds: f32,
    /// Most frames analysed per second.
    #[specta(type = Option<Number>)]
    pub max_fps: Option<f32>,
}

/// Longest interval that can be asked for.
const LONGEST_INTERVAL_SECONDS: f32 = 3600.0;

impl From<&LiveOptions> for live::LiveSettings {
    fn from(options: &LiveOptions) -> Self {
        let seconds = |value: f32| {
            let value = if value.is_finite() { value.clamp(0.0, LONGEST_INTERVAL_SECONDS) } else { 0.0 };
            std::time::Duration::from_secs_f32(value)
        };
        Self {
            mode: live::LiveMode { captions: options.captions, text: options.text },
            caption_min_interval: seconds(options.caption_every_seconds),
            text_interval: seconds(options.text_every_seconds),
            analyse_max_fps: options.max_fps,
            ..Self::default()
        }
    }
}

/// How long a stage takes.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct StageStats {
    /// How often it ran.
    #[specta(type = Number)]
    pub count: u64,
    /// Median, milliseconds.
    #[specta(type = Number)]
    pub p50_ms: f32,
    /// 95th percentile, milliseconds.
    #[specta(type = Number)]
    pub p95_ms: f32,
}

impl From<live::StageStats> for StageStats {
    fn from(stats: live::StageStats) -> Self {
        Self { count: stats.count, p50_ms: stats.p50_ms, p95_ms: stats.p95_ms }
    }
}

/// Where frames went and how long things took.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LiveStats {
    /// Frames the source gave.
    #[specta(type = Number)]
    pub captured: u64,
    /// Frames that were looked at.
    #[specta(type = Number)]
    pub analysed: u64,
    /// Frames replaced by newer ones before their turn.
    #[specta(type = Number)]
    pub dropped: u64,
    /// Frames a second from the source.
    #[specta(type = Number)]
    pub captured_fps: f32,
    /// Frames a second looked at.
    #[specta(type = Number)]
    pub analysed_fps: f32,
    /// The picture encoder.
    pub vision: StageStats,
    /// Captions.
    pub caption: StageStats,
    /// Reading text.
    pub text: StageStats,
    /// From a frame's capture to its caption.
    pub glass_to_caption: StageStats,
    /// What runs the models.
    pub provider: String,
    /// Memory of this process that is in RAM.
    #[specta(type = Number)]
    pub memory_bytes: u64,
}

impl LiveStats {
    /// The pipeline's counters, with what this process knows beside them.
    #[must_use]
    pub fn new(stats: &live::LiveStats, provider: String, memory_bytes: u64) -> Self {
        Self {
            captured: stats.captured,
            analysed: stats.analysed,
            dropped: stats.dropped,
            captured_fps: stats.captured_fps,
            analysed_fps: stats.analysed_fps,
            vision: stats.vision.into(),
            caption: stats.caption.into(),
            text: stats.text.into(),
            glass_to_caption: stats.glass_to_caption.into(),
            provider,
            memory_bytes,
        }
    }
}

/// What the live view tells the page.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LiveEvent {
    /// The source is open; its frames follow.
    Started {
        /// For people.
        source_name: String,
        /// Of its frames, pixels; 0 while not known.
        width: u32,
        /// Of its frames, pixels.
        height: u32,
    },
    /// A caption.
    Caption {
        /// The frame it is about.
        #[specta(type = Number)]
        sequence: u64,
        /// The caption.
        caption: CaptionResult,
        /// Whether it says something else than the last one.
        changed: bool,
        /// A small JPEG of the scene as a `data:` address.
        thumbnail: Option<String>,
    },
    /// The text in view; replaces the event before.
    Text {
        /// The frame it was read from.
        #[specta(type = Number)]
        sequence: u64,
        /// Of that frame, of which quads are pixels.
        width: u32,
        /// Of that frame.
        height: u32,
        /// In reading order.
        regions: Vec<Region>,
        /// One string per row.
        lines: Vec<String>,
    },
    /// The scene changed.
    Scene {
        /// The first frame known to show it.
        #[specta(type = Number)]
        sequence: u64,
        /// Cosine distance from the scene before, [0, 2].
        #[specta(type = Number)]
        distance: f32,
    },
    /// Counters, once a second.
    Stats {
        /// The counters.
        stats: LiveStats,
    },
    /// The source gives no frames.
    Lost {
        /// Why, and what to do.
        error: AppError,
    },
    /// It gives frames again.
    Reconnected,
    /// Nothing follows.
    Ended,
    /// A stage failed; it is tried again.
    Failed {
        /// `vision`, `caption`, `text` or `answer`.
        stage: String,
        /// Why.
        error: AppError,
    },
    /// A stage works less often, or is back to its pace.
    Slow {
        /// For people.
        message: String,
    },
    /// Something the user should know.
    Notice {
        /// What.
        notice: Notice,
    },
}

impl From<live::TrackedRegion> for Region {
    fn from(region: live::TrackedRegion) -> Self {
        Self {
            track: region.track,
            text: region.text,
            quad: region.quad.into(),
            confidence: region.confidence,
            words: region.words.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<live::LiveText> for LiveEvent {
    fn from(text: live::LiveText) -> Self {
        let lines = text.line_texts();
        Self::Text {
            sequence: text.sequence,
            width: text.width,
            height: text.height,
            regions: text.regions.into_iter().map(Into::into).collect(),
            lines,
        }
    }
}

/// A preview frame: `[u32 sequence][u16 width][u16 height]`, little-endian, then a JPEG. The sizes are those of the
/// frame, of which quads are pixels; the JPEG may be smaller.
pub struct PreviewFrame(Vec<u8>);

impl PreviewFrame {
    /// Bytes before the JPEG.
    pub const HEADER_BYTES: usize = 8;

    /// Writes the header; `append` adds the JPEG.
    pub fn build<E>(
        sequence: u64,
        (width, height): (u32, u32),
        capacity: usize,
        append: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut bytes = Vec::with_capacity(Self::HEADER_BYTES + capacity);
        // Wraps after two years at 60 frames a second; the page only tells frames apart by it.
        bytes.extend_from_slice(&(sequence as u32).to_le_bytes());
        for side in [width, height] {
            bytes.extend_from_slice(&u16::try_from(side).unwrap_or(u16::MAX).to_le_bytes());
        }
        append(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Header and JPEG.
    #[cfg(test)]
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl IpcResponse for PreviewFrame {
    fn body(self) -> tauri::Result<InvokeResponseBody> {
        Ok(InvokeResponseBody::Raw(self.0))
    }
}

impl Type for PreviewFrame {
    fn definition(_: &mut Types) -> DataType {
        DataType::Reference(specta_typescript::define("ArrayBuffer"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_frame_is_header_and_jpeg() {
        let frame = PreviewFrame::build(7, (640, 480), 2, |bytes| {
            bytes.extend_from_slice(&[0xff, 0xd8]);
            Ok::<_, ()>(())
        });
        assert_eq!(frame.unwrap().bytes(), [7, 0, 0, 0, 0x80, 2, 0xe0, 1, 0xff, 0xd8]);
    }

    #[test]
    fn options_that_are_no_time_do_not_stop_the_pipeline() {
        let options = LiveOptions {
            captions: true,
            text: false,
            caption_every_seconds: f32::NAN,
            text_every_seconds: -3.0,
            max_fps: Some(5.0),
        };
        let settings = live::LiveSettings::from(&options);
        assert!(settings.caption_min_interval.is_zero() && settings.text_interval.is_zero());
        assert!(settings.mode.captions && !settings.mode.text);
    }

    #[test]
    fn events_are_tagged_as_the_page_expects() {
        let event = LiveEvent::Started { source_name: "a".into(), width: 1, height: 2 };
        let json = serde_json::to_value(event).unwrap();
        assert_eq!(json, serde_json::json!({"kind": "started", "sourceName": "a", "width": 1, "height": 2}));
    }
}
