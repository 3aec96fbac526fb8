//! Live frames: captions of every new scene, the text in view, and answers, on whatever pace the machine has.
//!
//! Frames go into a slot where the newest wins (`slot`); one at a time goes through the picture encoder. A caption
//! is made when the scene has changed (`scene`) or on demand, text is read at its own cadence and followed from read
//! to read (`track`), a question is about the frozen or the newest frame. Three threads do this: vision, language
//! and text, which have separate models and wait for nothing of each other's. Whoever pushes frames or asks never
//! waits for any of them. docs/live.md has the reasons and the measurements.

mod engine;
mod failures;
#[cfg(test)]
mod fake;
mod language;
mod meters;
mod outbox;
mod pace;
mod pipeline;
mod plan;
mod reading;
mod scene;
mod settings;
mod slot;
#[cfg(test)]
mod tests;
mod track;
mod types;
mod vision;
mod votes;

/// What `slot` locks with; its loom test puts loom's in this place.
mod sync {
    pub use std::sync::{Arc, Condvar, Mutex, MutexGuard};
}

pub use self::{
    engine::LiveEngine,
    meters::{LiveStats, StageStats},
    pipeline::LivePipeline,
    settings::{LiveMode, LiveSettings},
    types::{LiveCaption, LiveEvent, LiveFrame, LiveText, Slowdown, Stage, TrackedRegion},
};
