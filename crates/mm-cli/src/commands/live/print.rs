//! Events as lines for people or as JSON objects.

use std::time::Instant;

use mm_camera::{CameraError, CameraInfo, SourceInfo};
use mm_core::{
    live::{LiveCaption, LiveEvent, LiveStats, LiveText, Slowdown, StageStats, TrackedRegion},
    runtime::Notice,
};
use serde::Serialize;

use crate::{
    commands::{hedge, milliseconds},
    output::{CommandError, ErrorObject, Outcome, json_line, line, say},
};

/// One line of `--json`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event<'a> {
    Started {
        source: &'a str,
        width: u32,
        height: u32,
        fps: Option<f64>,
    },
    Caption {
        sequence: u64,
        caption: &'a str,
        confidence: f32,
        calibrated: bool,
        changed: bool,
        ms: CaptionMilliseconds,
    },
    Text {
        sequence: u64,
        width: u32,
        height: u32,
        regions: &'a [TrackedRegion],
        lines: Vec<String>,
        changed: bool,
        ms: TextMilliseconds,
    },
    Scene {
        sequence: u64,
        distance: f32,
    },
    Stats(Statistics<'a>),
    Slow(&'a Slowdown),
    Failed {
        stage: &'a str,
        repeats: u64,
        error: ErrorObject,
    },
    Lost {
        error: ErrorObject,
    },
    Reconnected,
    /// The last line, after the statistics.
    Ended,
    Notice(&'a Notice),
    /// The command as a whole failed.
    Error {
        error: ErrorObject,
    },
}

#[derive(Serialize)]
struct Statistics<'a> {
    #[serde(flatten)]
    stats: &'a LiveStats,
    /// Resident set of this process, where the system tells.
    memory_bytes: Option<u64>,
}

#[derive(Serialize)]
struct CaptionMilliseconds {
    /// From the camera's delivery of the frame to the caption.
    glass_to_caption: f64,
    preprocess: f64,
    vision: f64,
    decode: f64,
}

#[derive(Serialize)]
struct TextMilliseconds {
    detect: f64,
    recognize: f64,
    total: f64,
}

#[derive(Serialize)]
struct Camera<'a> {
    id: &'a str,
    name: &'a str,
    detail: &'a str,
}

/// Bytes in use by this process, where the system tells.
pub fn memory() -> Option<u64> {
    memory_stats::memory_stats().map(|stats| stats.physical_mem as u64)
}

/// The failure of the whole command, for those who read objects.
pub fn failure(error: &CommandError) -> Result<(), CommandError> {
    json_line(&Event::Error { error: error.into() })
}

pub struct Printer {
    json: bool,
    start: Instant,
}

impl Printer {
    pub fn new(json: bool) -> Self {
        Self { json, start: Instant::now() }
    }

    pub fn cameras(&self, cameras: &[CameraInfo]) -> Result<Outcome, CommandError> {
        for CameraInfo { id, name, detail } in cameras {
            if self.json {
                json_line(&Camera { id, name, detail })?;
            } else {
                line(&format!("camera:{id}  {name} ({detail})"))?;
            }
        }
        if cameras.is_empty() && !self.json {
            say("no camera was found; connect one, or watch a recording with --source replay:PATH");
        }
        Ok(Outcome::AllGood)
    }

    pub fn started(&mut self, info: &SourceInfo) -> Result<(), CommandError> {
        let SourceInfo { name, width, height, fps, .. } = info;
        self.start = Instant::now();
        if self.json {
            return json_line(&Event::Started { source: name, width: *width, height: *height, fps: *fps });
        }
        let rate = fps.map_or(String::new(), |fps| format!(", {fps:.0} frames a second"));
        say(&format!("watching {name} ({width} x {height}{rate})"));
        Ok(())
    }

    pub fn event(&self, event: &LiveEvent) -> Result<(), CommandError> {
        match event {
            LiveEvent::Caption(caption) => self.caption(caption),
            LiveEvent::Text(text) => self.text(text),
            LiveEvent::Scene { sequence, distance } => {
                self.object(&Event::Scene { sequence: *sequence, distance: *distance })
            }
            LiveEvent::Stats(stats) => self.object(&statistics(stats)),
            LiveEvent::Slow(slow) if self.json => json_line(&Event::Slow(slow)),
            LiveEvent::Slow(slow) => {
                say(&slow.to_string());
                Ok(())
            }
            LiveEvent::Failed { stage, error, repeats } if self.json => json_line(&Event::Failed {
                stage: stage.as_str(),
                repeats: *repeats,
                error: ErrorObject::from(error),
            }),
            LiveEvent::Failed { stage, error, .. } => {
                say(&format!("{stage}: error [{}]: {error}", error.code()));
                Ok(())
            }
            LiveEvent::Notices(notices) => notices.iter().try_for_each(|notice| {
                if self.json {
                    return json_line(&Event::Notice(notice));
                }
                say(&format!("notice [{}]: {}", notice.code, notice.message));
                Ok(())
            }),
            // Nobody asks here.
            _ => Ok(()),
        }
    }

    fn caption(&self, live: &LiveCaption) -> Result<(), CommandError> {
        let caption = &live.caption;
        if self.json {
            return json_line(&Event::Caption {
                sequence: live.sequence,
                caption: &caption.text,
                confidence: caption.confidence,
                calibrated: caption.calibrated,
                changed: live.changed,
                ms: CaptionMilliseconds {
                    glass_to_caption: milliseconds(live.glass_to_caption),
                    preprocess: milliseconds(caption.timings.preprocess),
                    vision: milliseconds(caption.timings.vision),
                    decode: milliseconds(caption.timings.decode),
                },
            });
        }
        if !live.changed {
            return Ok(());
        }
        self.line(&format!("{}{}", hedge(caption.confidence), caption.sentence()))
    }

    fn text(&self, text: &LiveText) -> Result<(), CommandError> {
        if self.json {
            return json_line(&Event::Text {
                sequence: text.sequence,
                width: text.width,
                height: text.height,
                regions: &text.regions,
                lines: text.line_texts(),
                changed: text.changed,
                ms: TextMilliseconds {
                    detect: milliseconds(text.timings.detect),
                    recognize: milliseconds(text.timings.recognize),
                    total: milliseconds(text.timings.total),
                },
            });
        }
        if !text.changed {
            return Ok(());
        }
        if text.regions.is_empty() {
            return self.line("text: none in view");
        }
        text.line_texts().iter().try_for_each(|row| self.line(&format!("text: {row}")))
    }

    pub fn lost(&self, error: &CameraError) -> Result<(), CommandError> {
        if self.json {
            return json_line(&Event::Lost { error: error.into() });
        }
        say(&format!("error [{}]: {error}", error.code()));
        Ok(())
    }

    pub fn reconnected(&self) -> Result<(), CommandError> {
        if !self.json {
            say("the camera is back");
        }
        self.object(&Event::Reconnected)
    }

    /// The last statistics, and that nothing follows.
    pub fn end(&self, stats: &LiveStats) -> Result<(), CommandError> {
        if self.json {
            json_line(&statistics(stats))?;
            return json_line(&Event::Ended);
        }
        self.line(&summary(stats))
    }

    /// For scripts only.
    fn object(&self, event: &Event<'_>) -> Result<(), CommandError> {
        if self.json { json_line(event) } else { Ok(()) }
    }

    /// With the time since the start.
    fn line(&self, text: &str) -> Result<(), CommandError> {
        line(&format!("{:7.1} s  {text}", self.start.elapsed().as_secs_f64()))
    }
}

fn statistics(stats: &LiveStats) -> Event<'_> {
    Event::Stats(Statistics { stats, memory_bytes: memory() })
}

fn summary(stats: &LiveStats) -> String {
    let LiveStats { captured, analysed, dropped, .. } = stats;
    let times = [
        ("vision", &stats.vision),
        ("caption", &stats.caption),
        ("text", &stats.text),
        ("glass to caption", &stats.glass_to_caption),
    ]
    .map(|(name, stage)| format!("{name} {}", cell(stage)))
    .join(", ");
    format!("{captured} frames, {analysed} analysed, {dropped} left out; p50/p95 ms: {times}")
}

/// Two percentiles, or a dash where nothing ran.
pub fn cell(stage: &StageStats) -> String {
    // Nothing in the last ten seconds has no percentiles, however often it ran before.
    if stage.p50_ms <= 0.0 { "-".to_owned() } else { format!("{:.1}/{:.1}", stage.p50_ms, stage.p95_ms) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_run_of_late_has_no_times() {
        let ran = StageStats { count: 3, p50_ms: 12.34, p95_ms: 20.0 };
        let long_ago = StageStats { count: 1, ..StageStats::default() };
        let stats = LiveStats {
            captured: 9,
            analysed: 6,
            dropped: 3,
            vision: ran,
            caption: long_ago,
            ..LiveStats::default()
        };
        assert_eq!(
            summary(&stats),
            "9 frames, 6 analysed, 3 left out; p50/p95 ms: vision 12.3/20.0, caption -, text -, glass to caption -"
        );
    }
}
