//! The text worker: reads at its own cadence, on its own thread and models, so that nothing else waits for it.

use std::time::Instant;

use super::{
    pace::{Pace, interval},
    plan::{Plan, Seen, Shared},
    track::{Circumstances, Tracker},
    types::{LiveEvent, LiveText, Stage, TrackedRegion},
};
use crate::{
    error::Result,
    tasks::{
        CancelToken,
        ocr::{OcrTimings, ReadOptions},
    },
};

/// Runs over which the pace is judged: some seconds.
const JUDGED_RUNS: usize = 5;
/// A read is followed by a rest as long as itself.
const DUTY: f32 = 0.5;
/// Text that does not change in a scene that does not is read so many times less often.
const STILL: u32 = 2;

pub(super) struct ReadingPlan {
    pub pace: Pace,
    /// The scene changed: read without waiting for the cadence.
    pub soon: bool,
    /// Somebody asked for a read.
    asked: bool,
    due: Instant,
    running: Option<Running>,
    /// Number of the frame read last; one is not read twice.
    last: u64,
    /// Number of the frozen frame that has been read in full.
    full: Option<u64>,
    /// Grows when tracks are to be forgotten.
    generation: u64,
    shown: Vec<String>,
}

impl ReadingPlan {
    pub fn new(now: Instant) -> Self {
        Self {
            pace: Pace::new(JUDGED_RUNS),
            soon: false,
            asked: false,
            due: now,
            running: None,
            last: 0,
            full: None,
            generation: 0,
            shown: Vec::new(),
        }
    }
}

struct Running {
    number: u64,
    full: bool,
    cancel: CancelToken,
}

struct Job {
    seen: Seen,
    full: bool,
    scene: u64,
    generation: u64,
    options: ReadOptions,
    cancel: CancelToken,
}

enum Next {
    Read(Box<Job>),
    Wait(Option<Instant>),
}

impl Plan {
    /// A full-quality read of the frozen or the newest frame, or of the first one that comes.
    pub fn read_now(&mut self) {
        self.reading.asked = true;
        self.cancel_read_of_others();
    }

    /// Stops a read that is not the full one of the frame that matters now.
    pub fn cancel_read_of_others(&mut self) {
        let number = self.subject().map(|seen| seen.number);
        let other = |running: &&Running| !running.full || Some(running.number) != number;
        if let Some(running) = self.reading.running.as_ref().filter(other) {
            running.cancel.cancel();
        }
    }

    /// Stops reading: a pause, the end.
    pub fn cancel_reading(&mut self) {
        self.reading.asked = false;
        self.reading.soon = false;
        if let Some(running) = &self.reading.running {
            running.cancel.cancel();
        }
    }

    /// Text is no longer wanted, or wanted again: lines start anew.
    pub fn restart_reading(&mut self, now: Instant) {
        self.cancel_reading();
        self.reading.generation += 1;
        self.reading.due = now;
        self.reading.shown.clear();
        self.reading.last = 0;
        self.reading.full = None;
    }

    /// Frames come again after a pause: the one from before it is not read.
    pub fn resume_reading(&mut self, now: Instant) {
        self.reading.last = self.latest.as_ref().map_or(0, |seen| seen.number);
        self.reading.due = now;
    }

    fn next_read(&mut self, now: Instant) -> Next {
        let Some(seen) = self.subject() else { return Next::Wait(None) };
        let (full, number) = (self.frozen.is_some(), seen.number);
        let news = if full { self.reading.full != Some(number) } else { number > self.reading.last };
        if !self.reading.asked {
            if !self.settings.mode.text || self.paused || !news {
                return Next::Wait(None);
            }
            let cadence = if full || self.reading.soon { now } else { self.reading.due };
            let allowed = self.failures.retry_at(Stage::Text).map_or(cadence, |retry| retry.max(cadence));
            if now < allowed {
                return Next::Wait(Some(allowed));
            }
        }
        let full = full || self.reading.asked;
        let (seen, cancel) = (seen.clone(), CancelToken::new());
        let max_side = if full { None } else { self.settings.text_max_side };
        let options = ReadOptions { max_side, cancel: Some(cancel.clone()), ..ReadOptions::default() };
        self.reading.asked = false;
        self.reading.soon = false;
        self.reading.running = Some(Running { number, full, cancel: cancel.clone() });
        let (scene, generation) = (self.scene_number, self.reading.generation);
        Next::Read(Box::new(Job { seen, full, scene, generation, options, cancel }))
    }

    fn read_done(&mut self, now: Instant, start: Instant, job: &Job, result: Result<Lines>) {
        self.reading.running = None;
        if job.cancel.is_cancelled() {
            return;
        }
        let number = job.seen.number;
        let took = now.saturating_duration_since(start);
        let mut rest = interval(took, DUTY, self.settings.text_interval);
        match result {
            Ok((regions, lines, timings)) => {
                self.failures.worked(Stage::Text);
                self.reading.last = self.reading.last.max(number);
                self.meters.text.record(now, took);
                self.judge(Stage::Text, took);
                let texts: Vec<String> = regions.iter().map(|region| region.text.clone()).collect();
                let changed = texts != self.reading.shown;
                self.reading.shown = texts;
                if self.frozen.as_ref().is_some_and(|frozen| frozen.number == number) && job.full {
                    self.reading.full = Some(number);
                }
                if !changed && self.scene.is_still(now, self.settings.still_after) {
                    rest *= STILL;
                }
                let (width, height) = job.seen.frame.image.dimensions();
                let (sequence, full) = (job.seen.frame.sequence, job.full);
                let text = LiveText { sequence, width, height, regions, lines, changed, full, timings };
                self.outbox.send(LiveEvent::Text(text));
            }
            Err(error) => self.fail(now, Stage::Text, error),
        }
        self.reading.due = start + rest * self.reading.pace.factor();
    }
}

type Lines = (Vec<TrackedRegion>, Vec<std::ops::Range<usize>>, OcrTimings);

/// The worker's life: until the pipeline stops.
pub(super) fn run(shared: &Shared) {
    let mut tracker = Tracker::default();
    let (mut scene, mut generation) = (0, 0);
    let mut plan = shared.plan();
    while !plan.stopped {
        let job = match plan.next_read(Instant::now()) {
            Next::Read(job) => *job,
            Next::Wait(until) => {
                plan = Shared::wait(&shared.reading, plan, until);
                continue;
            }
        };
        drop(plan);
        let start = Instant::now();
        if job.generation != generation {
            tracker.clear();
        }
        let how = Circumstances { new_scene: job.scene != scene, exact: job.full };
        let result = shared.caught(Stage::Text, |engine| {
            let page = engine.read_text(&job.seen.frame.image, &job.options)?;
            job.cancel.check()?;
            let timings = page.timings;
            let (regions, lines) = tracker.update(page, how);
            Ok((regions, lines, timings))
        });
        if result.is_ok() {
            scene = job.scene;
            generation = job.generation;
        }
        shared.tell_notices();
        plan = shared.plan();
        plan.read_done(Instant::now(), start, &job, result);
    }
}
