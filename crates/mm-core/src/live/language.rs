//! The language worker: captions and answers, which share the decoder.
//!
//! A question comes first: it interrupts a caption, which is made again afterwards and then not interrupted a second
//! time, so neither starves the other. A newer question cancels the older.

use std::time::Instant;

use super::{
    pace::Pace,
    plan::{Plan, Seen, Shared},
    types::{LiveCaption, LiveEvent, Stage},
};
use crate::{
    error::{Error, Result},
    tasks::{CancelToken, answer::Answer, caption::Caption, picture::Encoded},
};

/// Runs over which the pace of captions is judged.
const JUDGED_RUNS: usize = 5;

/// A caption to be made.
#[derive(Debug, Clone)]
pub(super) struct CaptionRequest {
    seen: Seen,
    /// Somebody asked for it: made whatever the mode.
    asked: bool,
    /// Gave way to a question once.
    interrupted: bool,
}

/// A question to be answered.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub id: u64,
    pub text: String,
    /// The frozen frame, if there was one.
    pub subject: Option<Seen>,
    /// Else the frame that was newest when it was asked has this number; an older one does not do.
    pub number: u64,
}

#[derive(Debug, Clone)]
enum Job {
    Caption(CaptionRequest),
    Answer(Question),
}

struct Running {
    job: Job,
    cancel: CancelToken,
    /// The caption is wanted again after the question that cancelled it.
    again: bool,
}

pub(super) struct LanguagePlan {
    pub pace: Pace,
    /// When a caption was last begun.
    pub last_start: Option<Instant>,
    caption: Option<CaptionRequest>,
    question: Option<Question>,
    running: Option<Running>,
    /// A caption was asked for before there was a frame.
    caption_wanted: bool,
    /// Whether the last job was an answer.
    answered_last: bool,
    last_text: Option<String>,
    /// Number of the frame captioned last.
    captioned: Option<u64>,
    last_id: u64,
}

impl Default for LanguagePlan {
    fn default() -> Self {
        Self {
            pace: Pace::new(JUDGED_RUNS),
            last_start: None,
            caption: None,
            question: None,
            running: None,
            caption_wanted: false,
            answered_last: false,
            last_text: None,
            captioned: None,
            last_id: 0,
        }
    }
}

impl LanguagePlan {
    /// Asks for a caption of `seen` in place of what waits or runs, unless that was asked for.
    pub fn want_caption(&mut self, seen: Seen, asked: bool) {
        if let Some(Running { job: Job::Caption(running), cancel, again }) = &mut self.running {
            if running.seen.number == seen.number && (*again || !cancel.is_cancelled()) {
                running.asked |= asked;
                return;
            }
            if !running.asked {
                *again = false;
                cancel.cancel();
            }
        }
        let asked = asked || self.caption.as_ref().is_some_and(|waiting| waiting.asked);
        self.caption = Some(CaptionRequest { seen, asked, interrupted: false });
    }

    fn has_captioned(&self, number: u64) -> bool {
        self.captioned == Some(number)
    }
}

impl Plan {
    /// A caption of the frozen or the newest frame, or of the first one that comes.
    pub fn caption_now(&mut self) {
        match self.subject().cloned() {
            Some(seen) => self.language.want_caption(seen, true),
            None => self.language.caption_wanted = true,
        }
    }

    /// Serves [`Self::caption_now`] from before the first frame.
    pub fn serve_wanted_caption(&mut self) {
        if std::mem::take(&mut self.language.caption_wanted) {
            self.caption_now();
        }
    }

    /// The caption of a frozen frame, unless it is there already.
    pub fn caption_frozen(&mut self) {
        let frozen = self.frozen.clone().filter(|seen| !self.language.has_captioned(seen.number));
        if let Some(seen) = frozen.filter(|_| self.settings.mode.captions && !self.paused) {
            self.language.want_caption(seen, false);
        }
    }

    /// Takes a question; `number` is that of the newest frame there is.
    pub fn ask(&mut self, text: &str, number: u64) -> u64 {
        self.language.last_id += 1;
        let id = self.language.last_id;
        let subject = self.frozen.clone();
        let question = Question { id, text: text.to_owned(), subject, number };
        if let Some(older) = self.language.question.replace(question) {
            self.answered(older, None, Err(Error::TaskCancelled));
        }
        match &mut self.language.running {
            Some(Running { job: Job::Answer(_), cancel, .. }) => cancel.cancel(),
            Some(Running { job: Job::Caption(caption), cancel, again }) if !caption.interrupted => {
                *again = !cancel.is_cancelled();
                cancel.cancel();
            }
            _ => {}
        }
        id
    }

    /// Cancels captions that nobody asked for: another mode, a frozen frame.
    pub fn cancel_captions(&mut self, now: Instant) {
        let unasked = |request: &CaptionRequest| !request.asked;
        let waiting = self.language.caption.take_if(|request| unasked(request)).is_some();
        let running = match &mut self.language.running {
            Some(Running { job: Job::Caption(request), cancel, again }) if unasked(request) => {
                *again = false;
                cancel.cancel();
                true
            }
            _ => false,
        };
        if waiting || running {
            // Its scene has no caption after all.
            self.scene.forget(now);
        }
    }

    /// Cancels everything: a pause, the end.
    pub fn cancel_language(&mut self, now: Instant) {
        self.cancel_captions(now);
        self.language.caption = None;
        self.language.caption_wanted = false;
        if let Some(question) = self.language.question.take() {
            self.answered(question, None, Err(Error::TaskCancelled));
        }
        if let Some(running) = &mut self.language.running {
            running.again = false;
            running.cancel.cancel();
        }
        // Told now rather than when the worker notices; what it brings is thrown away.
        if let Some(Running { job: Job::Answer(question), .. }) =
            self.language.running.take_if(|running| matches!(running.job, Job::Answer(_)))
        {
            self.answered(question, None, Err(Error::TaskCancelled));
        }
    }

    fn answered(&mut self, question: Question, sequence: Option<u64>, result: Result<Answer>) {
        let Question { id, text: question, .. } = question;
        self.outbox.send(LiveEvent::Answer { id, question, sequence, result });
    }

    /// The next thing to do, with the frame it is about.
    fn next_language(&mut self, now: Instant) -> Option<(Job, Seen, CancelToken)> {
        let subject = self.language.question.as_ref().and_then(|question| {
            // Where no frame comes any more, the one it waited for will not either.
            let newest = self.subject().filter(|seen| !self.is_watching() || seen.number >= question.number);
            question.subject.as_ref().or(newest).cloned()
        });
        // What gave way to a question goes before the next one.
        let owed = self.language.answered_last
            && self.language.caption.as_ref().is_some_and(|caption| caption.interrupted);
        let (job, seen) = if let Some(seen) = subject.filter(|_| !owed) {
            (Job::Answer(self.language.question.take()?), seen)
        } else {
            let request = self.language.caption.take()?;
            let seen = request.seen.clone();
            (Job::Caption(request), seen)
        };
        self.language.answered_last = matches!(job, Job::Answer(_));
        if !self.language.answered_last {
            self.language.last_start = Some(now);
        }
        let cancel = CancelToken::new();
        self.language.running = Some(Running { job: job.clone(), cancel: cancel.clone(), again: false });
        Some((job, seen, cancel))
    }

    fn caption_done(&mut self, now: Instant, start: Instant, cancel: &CancelToken, result: Result<Caption>) {
        let Some(Running { job: Job::Caption(request), again, .. }) = self.language.running.take() else {
            return;
        };
        if cancel.is_cancelled() {
            if again && self.language.caption.is_none() {
                self.language.caption = Some(CaptionRequest { interrupted: true, ..request });
            }
            return;
        }
        let CaptionRequest { seen, asked, .. } = request;
        match result {
            Ok(caption) => {
                self.failures.worked(Stage::Caption);
                let took = now.saturating_duration_since(start);
                self.meters.caption.record(now, took);
                self.judge(Stage::Caption, took);
                let glass_to_caption = now.saturating_duration_since(seen.frame.captured);
                if self.frozen.is_none() {
                    self.meters.glass_to_caption.record(now, glass_to_caption);
                }
                // A caption of a new scene has set it already.
                if let Some(encoded) = seen.encoded.as_ref().filter(|_| asked || self.frozen.is_some()) {
                    let limits = self.thresholds();
                    self.scene.set_reference(now, encoded.embedding(), &limits);
                }
                self.language.captioned = Some(seen.number);
                let changed = self.language.last_text.as_ref() != Some(&caption.text);
                self.language.last_text = Some(caption.text.clone());
                let sequence = seen.frame.sequence;
                self.outbox.send(LiveEvent::Caption(LiveCaption {
                    sequence,
                    glass_to_caption,
                    caption,
                    changed,
                }));
            }
            Err(error) => {
                self.fail(now, Stage::Caption, error);
                self.scene.forget(now);
            }
        }
    }

    fn answer_done(
        &mut self,
        now: Instant,
        start: Instant,
        seen: &Seen,
        cancel: &CancelToken,
        result: Result<Answer>,
    ) {
        let running = self.language.running.take_if(|running| matches!(running.job, Job::Answer(_)));
        let Some(Running { job: Job::Answer(question), .. }) = running else { return };
        if cancel.is_cancelled() {
            self.answered(question, None, Err(Error::TaskCancelled));
            return;
        }
        if result.is_ok() {
            self.meters.answer.record(now, now.saturating_duration_since(start));
        }
        self.answered(question, Some(seen.frame.sequence), result);
    }
}

/// The worker's life: until the pipeline stops.
pub(super) fn run(shared: &Shared) {
    let mut plan = shared.plan();
    while !plan.stopped {
        let Some((job, seen, cancel)) = plan.next_language(Instant::now()) else {
            plan = Shared::wait(&shared.language, plan, None);
            continue;
        };
        drop(plan);
        let start = Instant::now();
        match job {
            Job::Caption(_) => {
                let result = shared.caught(Stage::Caption, |engine| {
                    let encoded = encoded(&seen, || engine.encode(&seen.frame.image))?;
                    engine.caption(&encoded, &cancel)
                });
                shared.tell_notices();
                plan = shared.plan();
                plan.caption_done(Instant::now(), start, &cancel, result);
            }
            Job::Answer(question) => {
                let result = shared.caught(Stage::Answer, |engine| {
                    let encoded = encoded(&seen, || engine.encode(&seen.frame.image))?;
                    engine.answer(&encoded, &question.text, &cancel)
                });
                shared.tell_notices();
                plan = shared.plan();
                plan.answer_done(Instant::now(), start, &seen, &cancel, result);
            }
        }
        // A failed caption has made the scene due again.
        shared.slot.wake();
    }
}

/// The frame's vision pass, made now if it failed before: whoever asks gets the reason.
fn encoded(seen: &Seen, encode: impl FnOnce() -> Result<Encoded>) -> Result<Encoded> {
    seen.encoded.clone().map_or_else(encode, Ok)
}
