//! `mm bench --live`: how the pipeline keeps up with a camera.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use mm_camera::{CaptureEvent, CaptureThread, FrameSource, Pace, SourceSpec};
use mm_core::{
    RgbImage,
    live::{LiveEvent, LiveFrame, LiveMode, LivePipeline, LiveSettings, LiveStats},
    runtime,
};
use serde::Serialize;

use super::{
    PAGES, Source, Stage,
    drift::{Drift, FPS},
    memory::peak_memory,
    stage,
};
use crate::{
    args::{BenchArguments, BenchTask, LiveResult, ModelArguments},
    commands::live::{load, memory, stop_on_signal},
    output::{CommandError, Outcome, json_line, line, say, show_notices},
};

/// A photograph in the public domain, between the drawn pages: a scene that has no text.
const ROCKET: &[u8] = include_bytes!("../../../../../tests/golden/ocr/rocket.jpg");

/// The first results are waited for no longer than this before measuring begins.
const LONGEST_START: Duration = Duration::from_secs(30);

#[derive(Serialize)]
struct Report {
    bundle: String,
    threads: usize,
    onnx_runtime: String,
    source: String,
    width: u32,
    height: u32,
    captions: bool,
    text: bool,
    /// What was measured, without the start.
    seconds: f64,
    /// From the first frame to its caption, graphs being loaded already.
    first_caption_ms: Option<f64>,
    captured_fps: f64,
    analysed_fps: f64,
    /// Of the frames captured.
    drop_rate: f64,
    /// The picture encoder with its preprocessing; of the last ten seconds.
    vision: Stage,
    /// From a frame's capture to the end of its vision pass; of the last ten seconds.
    glass_to_vision: Stage,
    /// From a frame's capture to its caption; every caption counts.
    glass_to_caption: Stage,
    captions_made: usize,
    text_reads: usize,
    /// One read; of the last ten seconds.
    text_read: Stage,
    /// Most frames that waited behind the one being analysed, seen at every frame.
    deepest_queue: u64,
    memory_start_bytes: Option<u64>,
    memory_end_bytes: Option<u64>,
    memory_peak_bytes: Option<u64>,
}

/// Runs the benchmark.
pub fn run(options: &BenchArguments, model: &ModelArguments) -> Result<Outcome, CommandError> {
    let source = open(options.source.as_ref())?;
    let info = source.describe();
    let model = model.open()?;
    let only = options.only.map(|only| match only {
        BenchTask::Ocr => LiveResult::Text,
        BenchTask::Language => LiveResult::Captions,
    });
    let mode = load(&model, only)?;
    show_notices(&model.notices());
    let manifest = model.bundle().manifest();
    let bundle = format!("{} {}", manifest.name, manifest.version);
    let threads = model.options().effective_threads();
    if !options.json {
        say(&format!("measuring for {} seconds on {}; Ctrl-C ends earlier", options.seconds, info.name));
    }
    // As shipped, but for the rests in a scene that does not change: they would be taken for slowness.
    let settings = LiveSettings { mode, still_duty: 1.0, ..LiveSettings::default() };
    let (pipeline, events) = LivePipeline::start(Arc::new(model), settings);
    let measured = measure(source, pipeline, &events, mode, Duration::from_secs(options.seconds.get()))?;

    let Measured { before, after, seconds, captions, text_reads, .. } = &measured;
    let per_second = |count: u64| count as f64 / seconds;
    let captured = after.captured - before.captured;
    let report = Report {
        bundle,
        threads,
        onnx_runtime: runtime::version()?.to_owned(),
        source: info.name,
        width: info.width,
        height: info.height,
        captions: mode.captions,
        text: mode.text,
        seconds: *seconds,
        first_caption_ms: measured.first_caption.map(super::super::milliseconds),
        captured_fps: per_second(captured),
        analysed_fps: per_second(after.analysed - before.analysed),
        drop_rate: (after.dropped - before.dropped) as f64 / (captured as f64).max(1.0),
        vision: percentiles(&after.vision),
        glass_to_vision: percentiles(&after.glass_to_vision),
        captions_made: captions.len(),
        glass_to_caption: stage(captions.clone()),
        text_reads: *text_reads,
        text_read: percentiles(&after.text),
        deepest_queue: measured.deepest_queue,
        memory_start_bytes: measured.memory_start,
        memory_end_bytes: memory(),
        memory_peak_bytes: peak_memory(),
    };
    if options.json {
        json_line(&report)?;
    } else {
        print(&report)?;
    }
    Ok(Outcome::AllGood)
}

fn percentiles(stats: &mm_core::live::StageStats) -> Stage {
    Stage { p50: stats.p50_ms.into(), p95: stats.p95_ms.into() }
}

/// What was named, replayed at the benchmark's rate, or the drawn pages.
fn open(source: Option<&SourceSpec>) -> Result<Box<dyn FrameSource>, CommandError> {
    match source {
        Some(SourceSpec::Replay { path, .. }) => {
            let pace = Pace::RealTime { fps: Some(FPS.into()) };
            Ok(mm_camera::open(&SourceSpec::Replay { path: path.clone(), pace, repeat: true })?)
        }
        Some(camera) => Ok(mm_camera::open(camera)?),
        None => {
            let [(_, sign), (_, receipt)] = PAGES;
            let pages: Vec<RgbImage> = [sign, ROCKET, receipt]
                .into_iter()
                .map(|bytes| Source::Drawn(bytes).load())
                .collect::<mm_core::Result<_>>()?;
            Ok(Box::new(Drift::new(&pages)))
        }
    }
}

struct Measured {
    before: LiveStats,
    after: LiveStats,
    seconds: f64,
    first_caption: Option<Duration>,
    captions: Vec<Duration>,
    text_reads: usize,
    deepest_queue: u64,
    memory_start: Option<u64>,
}

fn measure(
    source: Box<dyn FrameSource>,
    pipeline: LivePipeline,
    events: &mpsc::Receiver<LiveEvent>,
    mode: LiveMode,
    time: Duration,
) -> Result<Measured, CommandError> {
    let stop = stop_on_signal();
    let pipeline = Arc::new(pipeline);
    let deepest = Arc::new(AtomicU64::new(0));
    let (told, errors) = mpsc::channel();
    let capture = CaptureThread::spawn(source, {
        let (pipeline, deepest) = (pipeline.clone(), deepest.clone());
        move |event| match event {
            CaptureEvent::Frame(frame) => {
                let (sequence, captured, image) = (frame.sequence, frame.captured, frame.image);
                pipeline.push(LiveFrame { sequence, captured, image });
                let LiveStats { captured, analysed, failed, dropped, .. } = pipeline.stats();
                let on_their_way = captured.saturating_sub(analysed + failed + dropped);
                deepest.fetch_max(on_their_way.saturating_sub(1), Ordering::Relaxed);
            }
            CaptureEvent::Lost(error) => {
                // Nobody listens any more once measuring is over.
                let _ = told.send(error);
            }
            CaptureEvent::Reconnected | CaptureEvent::Ended => {}
        }
    });

    let start = Instant::now();
    let mut first_caption = None;
    let mut results = Results::default();
    // Pools grow and caches fill while the first results are made.
    while start.elapsed() < LONGEST_START && !stop.load(Ordering::Relaxed) && !results.has_first_of(mode) {
        results.take(events)?;
        if let (None, [first, ..]) = (first_caption, &results.captions[..]) {
            first_caption = Some(*first);
        }
    }
    let (begun, before, memory_start) = (Instant::now(), pipeline.stats(), memory());
    results = Results::default();
    while begun.elapsed() < time && !stop.load(Ordering::Relaxed) {
        results.take(events)?;
        if let Ok(error) = errors.try_recv() {
            return Err(error.into());
        }
    }
    let (after, seconds) = (pipeline.stats(), begun.elapsed().as_secs_f64());
    drop(capture);
    let Results { captions, text_reads } = results;
    let deepest_queue = deepest.load(Ordering::Relaxed);
    Ok(Measured { before, after, seconds, first_caption, captions, text_reads, deepest_queue, memory_start })
}

#[derive(Default)]
struct Results {
    captions: Vec<Duration>,
    text_reads: usize,
}

impl Results {
    fn has_first_of(&self, mode: LiveMode) -> bool {
        (!mode.captions || !self.captions.is_empty()) && (!mode.text || self.text_reads > 0)
    }

    /// Waits a moment for an event; what failed ends the measurement.
    fn take(&mut self, events: &mpsc::Receiver<LiveEvent>) -> Result<(), CommandError> {
        match events.recv_timeout(Duration::from_millis(20)) {
            Ok(LiveEvent::Caption(caption)) => self.captions.push(caption.glass_to_caption),
            Ok(LiveEvent::Text(_)) => self.text_reads += 1,
            Ok(LiveEvent::Failed { error, .. }) => return Err(error.into()),
            Ok(LiveEvent::Slow(slow)) => say(&slow.to_string()),
            Ok(_) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        Ok(())
    }
}

fn print(report: &Report) -> Result<(), CommandError> {
    let megabytes = |bytes: Option<u64>| bytes.map_or("?".to_owned(), |b| format!("{:.0}", b as f64 / 1e6));
    line(&format!(
        "{}, {} threads, {} ({} x {}), {:.1} seconds",
        report.bundle, report.threads, report.source, report.width, report.height, report.seconds
    ))?;
    line(&format!(
        "frames a second: {:.1} captured, {:.1} analysed; {:.1} % left out, deepest queue {}",
        report.captured_fps,
        report.analysed_fps,
        report.drop_rate * 100.0,
        report.deepest_queue
    ))?;
    line(&format!(
        "p50/p95 ms: vision {}, glass to vision {}, glass to caption {} ({} captions), text {} ({} reads)",
        report.vision.cell(),
        report.glass_to_vision.cell(),
        report.glass_to_caption.cell(),
        report.captions_made,
        report.text_read.cell(),
        report.text_reads
    ))?;
    if let Some(first) = report.first_caption_ms {
        line(&format!("first frame to first caption: {first:.0} ms"))?;
    }
    line(&format!(
        "memory: {} MB at the start, {} at the end, {} at most",
        megabytes(report.memory_start_bytes),
        megabytes(report.memory_end_bytes),
        megabytes(report.memory_peak_bytes)
    ))
}
