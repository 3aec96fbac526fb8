//! What the three workers share: the pipeline's state and the decisions that follow from it.
//!
//! Everything here is arithmetic and bookkeeping under one lock that is held for microseconds; the time is a
//! parameter. The work itself happens in [`super::vision`], [`super::language`] and [`super::reading`], without the
//! lock. Events go into the outbox under the same lock that cancellation takes, so once `pause` has returned, nothing
//! of what it cancelled is told.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    engine::LiveEngine,
    failures::Failures,
    language::LanguagePlan,
    meters::{LiveStats, Meters},
    outbox::Outbox,
    pace::Pace,
    reading::ReadingPlan,
    scene::{SceneGate, Thresholds},
    settings::LiveSettings,
    slot::Slot,
    types::{LiveEvent, LiveFrame, Slowdown, Stage},
    vision::VisionPlan,
};
use crate::{
    error::{Error, Result},
    tasks::picture::Encoded,
};

/// How often statistics are told.
const STATS_EVERY: Duration = Duration::from_secs(1);
/// How soon the outbox is tried again while its listener is behind.
const OUTBOX_RETRY: Duration = Duration::from_millis(50);

/// A frame that has had its vision pass.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub frame: LiveFrame,
    /// `None` if the vision pass failed.
    pub encoded: Option<Encoded>,
    /// The slot's number; grows from frame to frame.
    pub number: u64,
}

/// What the threads share.
pub(super) struct Shared {
    pub engine: Arc<dyn LiveEngine>,
    pub slot: Slot<LiveFrame>,
    plan: Mutex<Plan>,
    /// Wakes the language worker.
    pub language: Condvar,
    /// Wakes the text worker.
    pub reading: Condvar,
}

impl Shared {
    pub fn new(engine: Arc<dyn LiveEngine>, slot: Slot<LiveFrame>, plan: Plan) -> Self {
        Self { engine, slot, plan: Mutex::new(plan), language: Condvar::new(), reading: Condvar::new() }
    }

    /// The state. Workers and callers hold it only to look and to note.
    pub fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes every worker look at the state again.
    pub fn wake_all(&self) {
        self.slot.wake();
        self.language.notify_all();
        self.reading.notify_all();
    }

    /// Waits on `signal` until woken or `until`.
    pub fn wait<'a>(
        signal: &Condvar,
        plan: MutexGuard<'a, Plan>,
        until: Option<Instant>,
    ) -> MutexGuard<'a, Plan> {
        match until {
            None => signal.wait(plan).unwrap_or_else(PoisonError::into_inner),
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                signal.wait_timeout(plan, left).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    /// Runs a stage's work; a panic in it becomes an error of that stage.
    pub fn caught<T>(&self, stage: Stage, work: impl FnOnce(&dyn LiveEngine) -> Result<T>) -> Result<T> {
        // The engine's own locks survive a panic (see `model::lock`), and a result that was not made is not used.
        catch_unwind(AssertUnwindSafe(|| work(&*self.engine))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(Error::LiveStagePanicked {
                stage: stage.as_str(),
                detail: text.unwrap_or_else(|| "no message".to_owned()),
            })
        })
    }

    /// Tells the engine's new notices.
    pub fn tell_notices(&self) {
        let notices = self.engine.notices();
        let mut plan = self.plan();
        if notices.len() > plan.notices_told {
            let new = notices[plan.notices_told..].to_vec();
            plan.notices_told = notices.len();
            plan.outbox.send(LiveEvent::Notices(new));
        }
    }
}

/// The state.
pub(super) struct Plan {
    pub settings: LiveSettings,
    pub stopped: bool,
    pub paused: bool,
    /// The newest frame that has had its vision pass.
    pub latest: Option<Seen>,
    pub frozen: Option<Seen>,
    pub scene: SceneGate,
    /// Counts scenes, so that text of an old one is let go sooner.
    pub scene_number: u64,
    pub vision: VisionPlan,
    pub language: LanguagePlan,
    pub reading: ReadingPlan,
    pub meters: Meters,
    pub failures: Failures,
    pub outbox: Outbox,
    notices_told: usize,
    started: Instant,
    stats_due: Instant,
    captured: super::meters::Rate,
}

impl Plan {
    pub fn new(now: Instant, settings: LiveSettings, outbox: Outbox) -> Self {
        Self {
            settings: settings.checked(),
            stopped: false,
            paused: false,
            latest: None,
            frozen: None,
            scene: SceneGate::new(now),
            scene_number: 0,
            vision: VisionPlan::new(now),
            language: LanguagePlan::default(),
            reading: ReadingPlan::new(now),
            meters: Meters::default(),
            failures: Failures::default(),
            outbox,
            notices_told: 0,
            started: now,
            stats_due: now + STATS_EVERY,
            captured: super::meters::Rate::default(),
        }
    }

    pub fn thresholds(&self) -> Thresholds {
        Thresholds {
            change: self.settings.scene_change,
            back: self.settings.scene_return,
            settle: self.settings.scene_settle,
        }
    }

    /// Whether new frames are looked at.
    pub fn is_watching(&self) -> bool {
        !self.stopped && !self.paused && self.frozen.is_none()
    }

    /// What a question or a request is about: the frozen frame, else the newest.
    pub fn subject(&self) -> Option<&Seen> {
        self.frozen.as_ref().or(self.latest.as_ref())
    }

    /// Notes a failure and tells it unless it was told just now.
    pub fn fail(&mut self, now: Instant, stage: Stage, error: Error) {
        if let Some(repeats) = self.failures.failed(now, stage, &error) {
            self.outbox.send(LiveEvent::Failed { stage, error, repeats });
        }
    }

    /// Judges a run of `stage` against its budget and tells a change of pace.
    pub fn judge(&mut self, stage: Stage, took: Duration) {
        let (pace, budget): (&mut Pace, Duration) = match stage {
            Stage::Vision => (&mut self.vision.pace, self.settings.vision_budget),
            Stage::Caption => (&mut self.language.pace, self.settings.caption_budget),
            Stage::Text => (&mut self.reading.pace, self.settings.text_budget),
            // Questions come when a person asks; there is nothing to do less often.
            Stage::Answer => return,
        };
        if let Some(shift) = pace.record(took, budget) {
            let ms = |time: Duration| time.as_secs_f32() * 1000.0;
            let slowdown =
                Slowdown { stage, factor: shift.factor, p95_ms: ms(shift.p95), budget_ms: ms(budget) };
            tracing::info!(%slowdown, "pace changed");
            self.outbox.send(LiveEvent::Slow(slowdown));
        }
    }

    /// When a new scene may be captioned at the earliest.
    fn caption_allowed(&self, now: Instant) -> Instant {
        let rest = self.settings.caption_min_interval * self.language.pace.factor();
        let rested = self.language.last_start.map_or(now, |start| start + rest);
        self.failures.retry_at(Stage::Caption).map_or(rested, |retry| retry.max(rested))
    }

    /// When the suspected new scene will be one.
    fn scene_due(&self, now: Instant) -> Option<Instant> {
        let due = self.scene.due(&self.thresholds()).filter(|_| self.is_watching())?;
        Some(if self.settings.mode.captions { due.max(self.caption_allowed(now)) } else { due })
    }

    /// Confirms a new scene if one is due; true if the other workers have something to do.
    pub fn check_scene(&mut self, now: Instant) -> bool {
        if self.scene_due(now).is_none_or(|due| now < due) {
            return false;
        }
        let limits = self.thresholds();
        let Some((found, seen)) = self.scene.confirm(now, &limits).zip(self.latest.clone()) else {
            return false;
        };
        if found.new {
            self.scene_number += 1;
            self.reading.soon = true;
            let (sequence, distance) = (seen.frame.sequence, found.distance);
            self.outbox.send(LiveEvent::Scene { sequence, distance });
        }
        if self.settings.mode.captions {
            self.language.want_caption(seen, false);
        }
        true
    }

    /// Does what is due by the clock; returns when to come back.
    pub fn tick(&mut self, now: Instant, slot: &Slot<LiveFrame>) -> Option<Instant> {
        self.outbox.flush();
        let mut next = self.outbox.is_behind().then_some(now + OUTBOX_RETRY);
        let mut at = |time: Option<Instant>| next = next.into_iter().chain(time).min();
        if !self.paused {
            if now >= self.stats_due {
                self.stats_due = now + STATS_EVERY;
                let stats = self.stats(now, slot);
                self.outbox.send(LiveEvent::Stats(stats));
            }
            at(Some(self.stats_due));
        }
        at(self.scene_due(now));
        next
    }

    pub fn captured(&mut self, now: Instant) {
        self.captured.record(now);
    }

    pub fn stats(&mut self, now: Instant, slot: &Slot<LiveFrame>) -> LiveStats {
        let counts = slot.counts();
        let meters = &mut self.meters;
        LiveStats {
            captured: counts.put,
            analysed: meters.vision.stats(now).count,
            failed: meters.failed,
            dropped: counts.dropped,
            captured_fps: self.captured.per_second(now, self.started),
            analysed_fps: meters.analysed.per_second(now, self.started),
            vision: meters.vision.stats(now),
            caption: meters.caption.stats(now),
            text: meters.text.stats(now),
            answer: meters.answer.stats(now),
            glass_to_caption: meters.glass_to_caption.stats(now),
            glass_to_vision: meters.glass_to_vision.stats(now),
            events_lost: self.outbox.lost(),
        }
    }
}
