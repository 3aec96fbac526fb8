//! The pipeline's front: starts the workers, takes frames and wishes, stops the workers.

use std::{
    sync::{Arc, mpsc::Receiver},
    thread::{self, JoinHandle},
    time::Instant,
};

use super::{
    engine::LiveEngine,
    language,
    meters::LiveStats,
    outbox::Outbox,
    plan::{Plan, Shared},
    reading,
    settings::LiveSettings,
    slot::slot,
    types::{LiveEvent, LiveFrame},
    vision,
};
use crate::error::{Error, Result};

/// Captions, text and answers about frames as they come.
///
/// Every call returns at once. Dropping it cancels the work and waits for the threads, which end after the step they
/// are at: a word, a batch of text lines, or one network run.
pub struct LivePipeline {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl LivePipeline {
    /// Starts the workers. Models are loaded by the first frame unless `engine` has them loaded.
    ///
    /// Events wait for the listener: some statistics may be left out if it is slow, results are not. A listener that
    /// is gone stops nothing.
    #[must_use]
    pub fn start(engine: Arc<dyn LiveEngine>, settings: LiveSettings) -> (Self, Receiver<LiveEvent>) {
        let (slot, frames) = slot();
        let (outbox, events) = Outbox::new();
        let plan = Plan::new(Instant::now(), settings, outbox);
        let shared = Arc::new(Shared::new(engine, slot, plan));
        let spawn = |name: &str, work: Box<dyn FnOnce(&Shared) + Send>| {
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new().name(name.to_owned()).spawn(move || work(&shared));
            thread.inspect_err(|error| tracing::error!(name, %error, "no thread for a live stage")).ok()
        };
        let workers = [
            spawn("live-vision", Box::new(move |shared| vision::run(shared, frames))),
            spawn("live-language", Box::new(language::run)),
            spawn("live-text", Box::new(reading::run)),
        ];
        (Self { shared, workers: workers.into_iter().flatten().collect() }, events)
    }

    /// Hands over a frame; it takes the place of one that has not been looked at yet.
    pub fn push(&self, frame: LiveFrame) {
        self.shared.slot.put(frame);
        self.shared.plan().captured(Instant::now());
    }

    /// Changes the settings. What the new mode does not want is cancelled; what it newly wants begins at once.
    pub fn configure(&self, settings: LiveSettings) {
        let now = Instant::now();
        let mut plan = self.shared.plan();
        let before = plan.settings.mode;
        plan.settings = settings.checked();
        let after = plan.settings.mode;
        if before.captions != after.captions {
            plan.cancel_captions(now);
            // What is in view has no caption if there was none to be.
            plan.scene.forget(now);
            plan.caption_frozen();
        }
        if before.text != after.text {
            plan.restart_reading(now);
        }
        plan.vision.hurry = true;
        drop(plan);
        self.shared.wake_all();
    }

    /// Pauses: everything running or waiting is cancelled, questions with `task.cancelled`, and frames are dropped.
    /// What is asked for during the pause is done, about the last frame before it. `false` goes on.
    pub fn pause(&self, paused: bool) {
        let now = Instant::now();
        let mut plan = self.shared.plan();
        if plan.paused == paused {
            return;
        }
        plan.paused = paused;
        if paused {
            plan.cancel_language(now);
            plan.cancel_reading();
            let stats = plan.stats(now, &self.shared.slot);
            plan.outbox.send(LiveEvent::Stats(stats));
        }
        self.resume(&mut plan, now);
    }

    /// Keeps the newest analysed frame: no further one is looked at, and its caption and text are completed at full
    /// quality as far as the mode wants them. `None`, and nothing is frozen, if no frame was analysed yet.
    #[must_use = "without a frame nothing is frozen"]
    pub fn freeze(&self) -> Option<LiveFrame> {
        let now = Instant::now();
        let mut plan = self.shared.plan();
        if plan.frozen.is_none() {
            plan.frozen = Some(plan.latest.clone()?);
            self.resume(&mut plan, now);
        }
        plan.frozen.as_ref().map(|seen| seen.frame.clone())
    }

    /// Goes on with new frames.
    pub fn unfreeze(&self) {
        let mut plan = self.shared.plan();
        if plan.frozen.take().is_some() {
            plan.cancel_captions(Instant::now());
            self.resume(&mut plan, Instant::now());
        }
    }

    /// The frozen frame.
    #[must_use]
    pub fn frozen(&self) -> Option<LiveFrame> {
        self.shared.plan().frozen.as_ref().map(|seen| seen.frame.clone())
    }

    /// After a change between watching, paused and frozen.
    fn resume(&self, plan: &mut Plan, now: Instant) {
        let watching = plan.is_watching();
        self.shared.slot.set_open(watching);
        if watching {
            plan.scene.resume(now);
            plan.resume_reading(now);
        } else if plan.frozen.is_some() && !plan.paused {
            plan.caption_frozen();
            plan.cancel_read_of_others();
        }
        self.shared.wake_all();
    }

    /// Captions the frozen or the newest frame now, or the first one that comes, whatever the mode.
    pub fn caption_now(&self) {
        self.shared.plan().caption_now();
        self.shared.wake_all();
    }

    /// Reads the text of the frozen or the newest frame now in full quality, or of the first one that comes.
    pub fn read_now(&self) {
        self.shared.plan().read_now();
        self.shared.wake_all();
    }

    /// Asks about the frozen frame, else the newest. The [`LiveEvent::Answer`] with the number returned brings the
    /// answer; a newer question cancels an older one.
    ///
    /// Fails at once with `question.empty`, `question.too_long`, `task.unsupported`, `bundle.*`, or `live.no_frame`
    /// before the first frame.
    pub fn ask(&self, question: &str) -> Result<u64> {
        self.shared.engine.check_question(question)?;
        let mut plan = self.shared.plan();
        let coming =
            if plan.is_watching() { self.shared.slot.waiting().or(plan.vision.in_flight) } else { None };
        let newest = coming.or(plan.latest.as_ref().map(|seen| seen.number)).ok_or(Error::LiveNoFrame)?;
        plan.vision.hurry |= coming.is_some();
        let id = plan.ask(question, newest);
        drop(plan);
        self.shared.wake_all();
        Ok(id)
    }

    /// Counters and times of now.
    #[must_use]
    pub fn stats(&self) -> LiveStats {
        self.shared.plan().stats(Instant::now(), &self.shared.slot)
    }
}

impl Drop for LivePipeline {
    fn drop(&mut self) {
        let mut plan = self.shared.plan();
        plan.stopped = true;
        plan.cancel_language(Instant::now());
        plan.cancel_reading();
        plan.outbox.flush();
        drop(plan);
        self.shared.slot.close();
        self.shared.wake_all();
        for worker in self.workers.drain(..) {
            if worker.join().is_err() {
                tracing::error!("a live worker ended with a panic");
            }
        }
    }
}
