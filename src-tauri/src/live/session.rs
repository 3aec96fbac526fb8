//! What runs while the live view is open.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use mm_camera::{CaptureEvent, CaptureThread, CapturedFrame, SourceSpec};
use mm_core::{
    live::{self, LiveFrame, LivePipeline},
    model::Model,
    tasks::answer::Answer,
};

use super::{preview::Preview, recent::Recent};
use crate::{
    engine::Engine,
    error::{AppError, Reply, ShellError},
    jpeg,
    lane::{self, Lane},
    memory, start,
    sync::lock,
    types::{AnswerResult, CaptionResult, LiveEvent, LiveOptions, LiveStats, Notice, PreviewFrame},
};

/// Where a session's events and previews go; an error means that nobody listens any more.
pub struct Sinks {
    /// Takes events.
    pub events: Arc<dyn Fn(LiveEvent) + Send + Sync>,
    /// Takes previews.
    pub frames: Box<dyn Fn(PreviewFrame) -> Result<(), ShellError> + Send>,
}

/// A model that is loaded looks at a frame within a tenth of a second; one that is not takes about a second.
const FREEZE_TRIES: u32 = 100;
const FREEZE_PAUSE: Duration = Duration::from_millis(50);

type Answers = Arc<Mutex<HashMap<u64, Sender<mm_core::Result<Answer>>>>>;

/// A pipeline and the questions asked of it.
struct Running {
    pipeline: LivePipeline,
    answers: Answers,
}

/// What the capture thread, the listener and the commands share.
struct Shared {
    /// `None` only while the session is being made.
    running: Mutex<Option<Arc<Running>>>,
    preview: Preview,
    recent: Mutex<Recent>,
    begun: Instant,
    events: Arc<dyn Fn(LiveEvent) + Send + Sync>,
    engine: Engine,
    options: Mutex<LiveOptions>,
    lane: Lane,
    paused: AtomicBool,
}

struct Session {
    // First, so that no frame comes while the rest is taken down.
    _capture: CaptureThread,
    shared: Arc<Shared>,
}

/// The live view: nothing, or one session.
pub struct Live {
    session: Mutex<Option<Session>>,
    lane: Lane,
}

impl Live {
    /// No session yet; one that looks at frames will claim `lane`.
    #[must_use]
    pub fn new(lane: Lane) -> Self {
        Self { session: Mutex::default(), lane }
    }

    /// Opens `source` in place of what is open. Waits for the source, not for the models.
    ///
    /// Fails with `camera.*`, `replay.*` or as opening the model did.
    pub fn start(
        &self,
        source: &SourceSpec,
        options: LiveOptions,
        engine: &Engine,
        sinks: Sinks,
    ) -> Reply<()> {
        let mut slot = self.lock();
        // The same camera cannot be opened twice.
        drop(slot.take());
        let model = engine.model()?;
        let source = mm_camera::open(source)?;
        start::mark("source_open");
        let info = source.describe();
        tracing::info!(width = info.width, height = info.height, "live view started");
        (sinks.events)(LiveEvent::Started { source_name: info.name, width: info.width, height: info.height });
        let shared = Arc::new(Shared {
            running: Mutex::default(),
            preview: Preview::start(sinks.frames),
            recent: Mutex::default(),
            begun: Instant::now(),
            events: sinks.events,
            engine: engine.clone(),
            options: Mutex::new(options),
            lane: self.lane.clone(),
            paused: AtomicBool::new(false),
        });
        shared.run(model);
        let capture = CaptureThread::spawn(source, {
            let shared = Arc::clone(&shared);
            move |event| shared.captured(event)
        });
        *slot = Some(Session { _capture: capture, shared });
        Ok(())
    }

    /// Ends the session, if there is one.
    pub fn stop(&self) {
        if self.lock().take().is_some() {
            tracing::info!("live view stopped");
        }
    }

    /// Changes what is wanted. Without a session there is nothing to change.
    pub fn configure(&self, options: LiveOptions) {
        let Ok(shared) = self.shared() else { return };
        if let Ok(running) = shared.running() {
            running.pipeline.configure((&options).into());
        }
        *lock(&shared.options) = options;
    }

    /// Takes the new model of the engine into use.
    pub fn model_changed(&self) {
        let Ok(shared) = self.shared() else { return };
        match shared.engine.model() {
            Ok(model) => {
                let old = shared.run(model);
                let frozen = old.is_some_and(|old| old.pipeline.frozen().is_some());
                if frozen {
                    shared.freeze_again();
                }
            }
            Err(error) => (shared.events)(LiveEvent::Failed { stage: "vision".to_owned(), error }),
        }
    }

    /// Looks at no further frames, or goes on. Without a session nothing happens.
    pub fn pause(&self, paused: bool) {
        let Ok(shared) = self.shared() else { return };
        let Ok(running) = shared.running() else { return };
        running.pipeline.pause(paused);
        shared.paused.store(paused, Ordering::Relaxed);
        if paused {
            shared.preview.hold_last();
        } else if running.pipeline.frozen().is_none() {
            shared.preview.release();
        }
    }

    /// Keeps the newest frame, or goes on. Fails with `live.not_running`, or `live.no_frame` before the first one.
    pub fn freeze(&self, frozen: bool) -> Reply<()> {
        let shared = self.shared()?;
        let running = shared.running()?;
        if frozen {
            let frame = running.pipeline.freeze().ok_or(ShellError::NoFrame)?;
            shared.preview.hold(frame.sequence, &frame.image);
        } else {
            running.pipeline.unfreeze();
            shared.preview.release();
        }
        Ok(())
    }

    /// Captions now. Fails with `live.not_running`.
    pub fn caption_now(&self) -> Reply<()> {
        self.shared()?.running()?.pipeline.caption_now();
        Ok(())
    }

    /// Waits for an answer about the frozen or newest frame. Fails with `live.*`, `question.*`, `task.cancelled` or as
    /// the model does.
    pub fn ask(&self, question: String) -> Reply<AnswerResult> {
        let running = self.shared()?.running()?;
        let answer = {
            // Held until the number is noted, so that the answer cannot come before.
            let mut answers = lock(&running.answers);
            let id = running.pipeline.ask(&question)?;
            let (sender, answer) = mpsc::channel();
            answers.insert(id, sender);
            answer
        };
        // A pipeline that ended took its questions with it.
        let answer = answer.recv().unwrap_or(Err(mm_core::Error::TaskCancelled))?;
        Ok(AnswerResult::new(question, &answer))
    }

    /// The page has received a preview.
    pub fn preview_received(&self) {
        if let Ok(shared) = self.shared() {
            shared.preview.acknowledge();
        }
    }

    fn shared(&self) -> Result<Arc<Shared>, ShellError> {
        self.lock().as_ref().map(|session| Arc::clone(&session.shared)).ok_or(ShellError::LiveNotRunning)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Session>> {
        lock(&self.session)
    }
}

impl Shared {
    fn running(&self) -> Result<Arc<Running>, ShellError> {
        lock(&self.running).clone().ok_or(ShellError::LiveNotRunning)
    }

    /// Starts a pipeline on `model`, and a listener that ends with it; gives back the pipeline it replaces.
    fn run(self: &Arc<Self>, model: Arc<Model>) -> Option<Arc<Running>> {
        let (pipeline, events) = LivePipeline::start(model, (&*lock(&self.options)).into());
        let answers = Answers::default();
        thread::spawn({
            let (shared, answers) = (Arc::downgrade(self), Arc::clone(&answers));
            move || {
                for event in events {
                    let Some(shared) = shared.upgrade() else { break };
                    shared.tell(event, &answers);
                }
                lock(&answers).clear();
            }
        });
        lock(&self.running).replace(Arc::new(Running { pipeline, answers }))
    }

    /// The page still shows a frozen picture: the new pipeline freezes the first one it has looked at.
    fn freeze_again(&self) {
        for _ in 0..FREEZE_TRIES {
            let Ok(running) = self.running() else { return };
            if let Some(frame) = running.pipeline.freeze() {
                return self.preview.hold(frame.sequence, &frame.image);
            }
            thread::sleep(FREEZE_PAUSE);
        }
        self.preview.release();
    }

    /// Runs on the capture thread and does nothing that takes time.
    fn captured(&self, event: CaptureEvent) {
        match event {
            CaptureEvent::Frame(frame) => {
                start::mark("first_frame");
                let at = frame.captured.saturating_duration_since(self.begun).as_millis() as u64;
                lock(&self.recent).offer(frame.sequence, at, &frame.image);
                self.preview.offer(&frame);
                let CapturedFrame { sequence, captured, image, .. } = frame;
                if !self.paused.load(Ordering::Relaxed) {
                    self.lane.claim(lane::LIVE);
                }
                if let Ok(running) = self.running() {
                    running.pipeline.push(LiveFrame { sequence, captured, image });
                }
            }
            CaptureEvent::Lost(error) => (self.events)(LiveEvent::Lost { error: error.into() }),
            CaptureEvent::Reconnected => (self.events)(LiveEvent::Reconnected),
            CaptureEvent::Ended => (self.events)(LiveEvent::Ended),
        }
    }

    /// Tells the page what the pipeline tells.
    fn tell(&self, event: live::LiveEvent, answers: &Answers) {
        let send = &self.events;
        match event {
            live::LiveEvent::Caption(found) => {
                let frame = lock(&self.recent).nearest(found.sequence);
                let thumbnail = frame.and_then(|image| jpeg::thumbnail(&image).ok());
                let (sequence, changed) = (found.sequence, found.changed);
                send(LiveEvent::Caption {
                    sequence,
                    caption: CaptionResult::from(&found.caption),
                    changed,
                    thumbnail,
                });
                start::mark("first_caption");
            }
            live::LiveEvent::Text(text) => send(text.into()),
            live::LiveEvent::Scene { sequence, distance } => {
                send(LiveEvent::Scene { sequence, distance });
            }
            live::LiveEvent::Answer { id, result, .. } => {
                if let Some(asker) = lock(answers).remove(&id) {
                    // Whoever asked may be gone.
                    let _ = asker.send(result);
                }
            }
            live::LiveEvent::Failed { stage, error, .. } => {
                tracing::warn!(%stage, code = error.code(), "a stage failed");
                send(LiveEvent::Failed { stage: stage.to_string(), error: AppError::from(&error) });
            }
            live::LiveEvent::Slow(slowdown) => {
                tracing::info!(?slowdown, "pace changed");
                send(LiveEvent::Slow { message: slowdown.to_string() });
            }
            live::LiveEvent::Stats(stats) => {
                let provider = self.engine.active().map(|p| p.to_string()).unwrap_or_default();
                send(LiveEvent::Stats { stats: LiveStats::new(&stats, provider, memory::resident_bytes()) });
            }
            live::LiveEvent::Notices(notices) => {
                for notice in &notices {
                    send(LiveEvent::Notice { notice: Notice::from(notice) });
                }
            }
            // Events of a newer core that this page does not know.
            _ => {}
        }
    }
}
