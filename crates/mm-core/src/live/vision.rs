//! The vision worker: takes the newest frame, encodes it, and says when the scene changed. Also the clock of the
//! pipeline: statistics and suspicions that come due are its to notice.

use std::time::{Duration, Instant};

use super::{
    pace::{Pace, interval},
    plan::{Plan, Seen, Shared},
    settings::LONGEST_REST,
    slot::{Reader, Taken},
    types::{LiveFrame, Stage},
};
use crate::error::Result;
use crate::tasks::picture::Encoded;

/// Runs over which the pace is judged: a second or less at full pace.
const JUDGED_RUNS: usize = 20;
/// While the encoder waits for another attempt, frames still go to the text worker, so often.
const WITHOUT_VISION: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct VisionPlan {
    pub pace: Pace,
    /// When the next frame is taken, unless somebody is in a hurry.
    due: Instant,
    /// Number of the frame being encoded.
    pub in_flight: Option<u64>,
    /// A question waits for the next frame.
    pub hurry: bool,
}

impl VisionPlan {
    pub fn new(now: Instant) -> Self {
        Self { pace: Pace::new(JUDGED_RUNS), due: now, in_flight: None, hurry: false }
    }
}

/// The worker's life: until the slot is closed.
pub(super) fn run(shared: &Shared, mut frames: Reader<LiveFrame>) {
    loop {
        let now = Instant::now();
        let (ready, until) = {
            let mut plan = shared.plan();
            let found = plan.check_scene(now);
            let tick = plan.tick(now, &shared.slot);
            let ready = plan.vision.hurry || now >= plan.vision.due;
            let due = (!ready && plan.is_watching()).then_some(plan.vision.due);
            drop(plan);
            if found {
                shared.language.notify_all();
                shared.reading.notify_all();
            }
            (ready, tick.into_iter().chain(due).min())
        };
        match if ready { frames.take(until) } else { frames.rest(until) } {
            Taken::Closed => return,
            Taken::Woken | Taken::TimedOut => {}
            Taken::Item(frame, number) => analyse(shared, frame, number),
        }
    }
}

fn analyse(shared: &Shared, frame: LiveFrame, number: u64) {
    let start = Instant::now();
    let waits = {
        let mut plan = shared.plan();
        plan.vision.in_flight = Some(number);
        plan.vision.hurry = false;
        plan.failures.must_wait(start, Stage::Vision)
    };
    let encoded = if waits { None } else { Some(shared.caught(Stage::Vision, |e| e.encode(&frame.image))) };
    shared.tell_notices();
    let now = Instant::now();
    let mut plan = shared.plan();
    plan.vision.in_flight = None;
    plan.analysed(frame, number, encoded, start, now);
    drop(plan);
    shared.language.notify_all();
    shared.reading.notify_all();
}

impl Plan {
    fn analysed(
        &mut self,
        frame: LiveFrame,
        number: u64,
        encoded: Option<Result<Encoded>>,
        start: Instant,
        now: Instant,
    ) {
        let took = now.saturating_duration_since(start);
        let mut least = self.settings.least_interval();
        let encoded = match encoded {
            Some(Ok(encoded)) => {
                self.failures.worked(Stage::Vision);
                self.meters.vision.record(now, took);
                self.meters.analysed.record(now);
                self.meters.glass_to_vision.record(now, now.saturating_duration_since(frame.captured));
                self.judge(Stage::Vision, took);
                Some(encoded)
            }
            failed => {
                self.meters.failed += 1;
                if let Some(Err(error)) = failed {
                    self.fail(now, Stage::Vision, error);
                }
                least = least.max(WITHOUT_VISION);
                None
            }
        };
        if let Some(encoded) = encoded.as_ref().filter(|_| self.is_watching()) {
            let limits = self.thresholds();
            self.scene.observe(now, encoded.embedding(), &limits);
        }
        self.latest = Some(Seen { frame, encoded, number });
        if self.is_watching() {
            self.check_scene(now);
            self.serve_wanted_caption();
        }
        let still = self.scene.is_still(now, self.settings.still_after);
        let rest = if still {
            interval(took, self.settings.still_duty, least).min(LONGEST_REST.max(least))
        } else {
            interval(took, self.settings.duty, least)
        };
        // Without a limit and without back-off the next frame may come at once.
        self.vision.due = start + rest * self.vision.pace.factor();
    }
}
