//! `mm live`: a camera or a recording, captioned and read while it runs.

mod print;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use mm_camera::{
    CameraError, CaptureEvent, CaptureThread, CapturedFrame, FrameSource, Interrupt, Pace, SourceInfo,
    SourceSpec, list_cameras, open,
};
use mm_core::{
    live::{LiveEvent, LiveFrame, LiveMode, LivePipeline, LiveSettings, Stage},
    model::Model,
};

use self::print::Printer;
pub(super) use self::print::memory;
use crate::{
    args::{LiveArguments, LivePace, LiveResult, ModelArguments},
    output::{CommandError, Outcome, say, show_notices},
};

/// How long the results of the last frame are waited for.
const LAST_RESULTS: Duration = Duration::from_secs(20);
/// How often to look whether Ctrl-C was pressed or a frame is done.
const GLANCE: Duration = Duration::from_millis(50);
const FAST_GLANCE: Duration = Duration::from_millis(2);

/// Watches the source until it ends, the frames are counted out, or the user has seen enough.
pub fn run(options: &LiveArguments, model: &ModelArguments) -> Result<Outcome, CommandError> {
    let printer = Printer::new(options.json);
    if options.list_cameras {
        return printer.cameras(&list_cameras()?);
    }
    watch(options, model, printer).inspect_err(|error| {
        if options.json {
            // The reader of the objects is gone when writing one failed.
            let _ = print::failure(error);
        }
    })
}

fn watch(
    options: &LiveArguments,
    model: &ModelArguments,
    mut printer: Printer,
) -> Result<Outcome, CommandError> {
    let Some(spec) = &options.source else {
        return Err(CommandError::Usage("name a source with --source".to_owned()));
    };
    // The source first: it fails in no time, loading models takes some.
    let source = open(&complete(spec, options))?;
    let info = source.describe();
    let fast = options.pace == LivePace::Fast && matches!(spec, SourceSpec::Replay { .. });
    let model = model.open()?;
    let mode = load(&model, options.only)?;
    show_notices(&model.notices());
    let stop = stop_on_signal();
    printer.started(&info)?;
    if !options.json {
        say("Ctrl-C ends");
    }

    let (pipeline, events) = LivePipeline::start(Arc::new(model), settings(mode, fast));
    let pipeline = Arc::new(pipeline);
    let (told, notes) = mpsc::channel();
    let last = Arc::new(AtomicU64::new(0));
    let sink = {
        let (pipeline, stop, last) = (pipeline.clone(), stop.clone(), last.clone());
        move |event: CaptureEvent| {
            let note = match event {
                CaptureEvent::Frame(frame) => {
                    let CapturedFrame { sequence, captured, image, .. } = frame;
                    // A replayed frame that waits for its turn is not yet seen.
                    let captured = if fast { Instant::now() } else { captured };
                    last.store(sequence, Ordering::Relaxed);
                    pipeline.push(LiveFrame { sequence, captured, image });
                    while fast && !stop.load(Ordering::Relaxed) && is_busy(&pipeline) {
                        thread::sleep(FAST_GLANCE);
                    }
                    return;
                }
                CaptureEvent::Lost(error) => Note::Lost(error),
                CaptureEvent::Reconnected => Note::Reconnected,
                CaptureEvent::Ended => Note::Ended,
            };
            // Nobody listens any more once the program ends.
            let _ = told.send(note);
        }
    };
    let capture = match options.frames {
        Some(frames) => CaptureThread::spawn(Counted { source, left: frames.get() }, sink),
        None => CaptureThread::spawn(source, sink),
    };
    let listener = Listener { pipeline: &pipeline, events, notes, stop: &stop, last: &last, mode };
    let outcome = listener.listen(&mut printer);
    drop(capture);
    let outcome = outcome?;
    printer.end(&pipeline.stats())?;
    Ok(outcome)
}

/// What happens at the source besides frames.
enum Note {
    Lost(CameraError),
    Reconnected,
    Ended,
}

/// `spec` with the options that refine it.
fn complete(spec: &SourceSpec, options: &LiveArguments) -> SourceSpec {
    match spec.clone() {
        SourceSpec::Camera { id, .. } => SourceSpec::Camera {
            id,
            width: options.size.map(|size| size.0),
            height: options.size.map(|size| size.1),
            fps: options.fps.map(|fps| fps.round().max(1.0) as u32),
        },
        SourceSpec::Replay { path, .. } => SourceSpec::Replay {
            path,
            pace: match options.pace {
                LivePace::Real => Pace::RealTime { fps: options.fps },
                LivePace::Fast => Pace::Fast,
            },
            repeat: options.repeat,
        },
    }
}

/// Loads what is wanted, so that a bundle that cannot do it is refused before the first frame. Without a wish, what the
/// bundle has.
pub(super) fn load(model: &Model, only: Option<LiveResult>) -> Result<LiveMode, CommandError> {
    let models = &model.bundle().manifest().models;
    let captions = only.map_or(models.decoder.is_some(), |only| only == LiveResult::Captions);
    let text = only.map_or(models.ocr_detector.is_some(), |only| only == LiveResult::Text);
    // Scenes are told apart by the picture encoder, whatever is wanted of them.
    model.load_language()?;
    if text {
        model.load_ocr()?;
    }
    Ok(LiveMode { captions, text })
}

/// As fast as possible means without the rests that keep a device cool, and every scene counts at once.
fn settings(mode: LiveMode, fast: bool) -> LiveSettings {
    let settings = LiveSettings { mode, ..LiveSettings::default() };
    if !fast {
        return settings;
    }
    LiveSettings {
        scene_settle: Duration::ZERO,
        caption_min_interval: Duration::ZERO,
        text_interval: Duration::ZERO,
        still_duty: 1.0,
        ..settings
    }
}

/// Whether a frame has not been analysed yet.
fn is_busy(pipeline: &LivePipeline) -> bool {
    let stats = pipeline.stats();
    stats.captured > stats.analysed + stats.failed + stats.dropped
}

/// Set by Ctrl-C and by a polite kill.
pub(super) fn stop_on_signal() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    if let Err(error) = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)) {
        tracing::warn!(%error, "Ctrl-C ends without statistics");
    }
    stop
}

struct Listener<'a> {
    pipeline: &'a LivePipeline,
    events: Receiver<LiveEvent>,
    notes: Receiver<Note>,
    stop: &'a AtomicBool,
    /// Number of the newest frame.
    last: &'a AtomicU64,
    mode: LiveMode,
}

impl Listener<'_> {
    /// Prints until the end, and after the source's end what its last frames still give.
    fn listen(&self, printer: &mut Printer) -> Result<Outcome, CommandError> {
        let mut outcome = Outcome::AllGood;
        let mut ended: Option<Instant> = None;
        let mut seen = Seen::default();
        while !self.stop.load(Ordering::Relaxed) {
            match self.events.recv_timeout(GLANCE) {
                Ok(event) => {
                    if matches!(event, LiveEvent::Failed { .. }) {
                        outcome = Outcome::SomeFailed;
                    }
                    seen.note(&event);
                    printer.event(&event)?;
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            for note in self.notes.try_iter() {
                match note {
                    Note::Lost(error) => {
                        printer.lost(&error)?;
                        if !error.is_transient() {
                            outcome = Outcome::SomeFailed;
                        }
                    }
                    Note::Reconnected => printer.reconnected()?,
                    Note::Ended => ended = Some(Instant::now()),
                }
            }
            let Some(since) = ended else { continue };
            // A new scene is one only after it has lasted.
            let settled = since.elapsed() > LiveSettings::default().scene_settle * 2;
            let last = self.last.load(Ordering::Relaxed);
            let done = settled && !is_busy(self.pipeline) && seen.has_all(self.mode, last);
            if done || since.elapsed() > LAST_RESULTS {
                break;
            }
        }
        Ok(outcome)
    }
}

/// Which results have come, to know when nothing follows. Frames by their numbers.
#[derive(Default)]
struct Seen {
    scene: Option<u64>,
    caption: Option<u64>,
    text: Option<u64>,
    caption_failed: bool,
    text_failed: bool,
}

impl Seen {
    fn note(&mut self, event: &LiveEvent) {
        match event {
            LiveEvent::Scene { sequence, .. } => {
                self.scene = Some(*sequence);
                self.caption_failed = false;
            }
            LiveEvent::Caption(caption) => self.caption = Some(caption.sequence),
            LiveEvent::Text(text) => self.text = Some(text.sequence),
            LiveEvent::Failed { stage: Stage::Text, .. } => self.text_failed = true,
            LiveEvent::Failed { stage: Stage::Vision | Stage::Caption, .. } => self.caption_failed = true,
            _ => {}
        }
    }

    /// Whether the last scene has its caption and the frame `last` has been read, as the newest frame always is.
    fn has_all(&self, mode: LiveMode, last: u64) -> bool {
        let captioned = self.caption_failed || self.scene.is_none_or(|scene| self.caption >= Some(scene));
        let read = self.text_failed || self.text == Some(last);
        (captioned || !mode.captions) && (read || !mode.text)
    }
}

/// A source that ends after so many frames.
struct Counted {
    source: Box<dyn FrameSource>,
    left: u64,
}

impl FrameSource for Counted {
    fn next_frame(&mut self) -> Result<Option<CapturedFrame>, CameraError> {
        if self.left == 0 {
            return Ok(None);
        }
        let frame = self.source.next_frame()?;
        self.left -= u64::from(frame.is_some());
        Ok(frame)
    }

    fn describe(&self) -> SourceInfo {
        self.source.describe()
    }

    fn interrupt(&self) -> Interrupt {
        self.source.interrupt()
    }
}
