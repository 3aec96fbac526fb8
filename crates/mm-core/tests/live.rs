//! The live pipeline on the shipped bundle: a camera that shakes before one picture, then before another.
//!
//! `cargo test -p mm-core --test live -- --nocapture` prints what it measured.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise, as tests do")]

use std::{
    io::Write,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::Receiver,
    },
    thread,
    time::{Duration, Instant},
};

use image::imageops;
use mm_core::{
    RgbImage,
    bundle::Bundle,
    decode::{self, Limits},
    live::{LiveCaption, LiveEvent, LiveFrame, LivePipeline, LiveSettings, LiveText},
    model::Model,
    runtime::SessionOptions,
    tasks::{CancelToken, ocr::ReadOptions},
};

/// Longer than any step takes on a busy machine.
const SOON: Duration = Duration::from_mins(1);

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn model() -> Arc<Model> {
    let bundle = Bundle::open(&repository().join("models/mobile-mm-llm-int2")).unwrap();
    Arc::new(Model::new(bundle, SessionOptions::default()))
}

/// A picture of the golden set as a shaking camera delivers it: four views, a few pixels apart.
fn views(name: &str) -> Vec<Arc<RgbImage>> {
    let picture = repository().join("tests/golden/ocr").join(name);
    let picture = decode::read_file(picture, &Limits::default()).unwrap();
    let (width, height) = (picture.width() - 8, picture.height() - 8);
    [(0, 0), (5, 2), (2, 6), (7, 4)]
        .map(|(x, y)| Arc::new(imageops::crop_imm(&picture, x, y, width, height).to_image()))
        .to_vec()
}

/// Pushes frames at 30 a second until it is told to stop.
fn camera<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    live: &'scope LivePipeline,
    scenes: &'scope [Vec<Arc<RgbImage>>],
    current: &'scope AtomicUsize,
    stop: &'scope AtomicBool,
) {
    scope.spawn(move || {
        let mut sequence = 0;
        while !stop.load(Ordering::Relaxed) {
            let views = &scenes[current.load(Ordering::Relaxed)];
            let image = Arc::clone(&views[sequence as usize % views.len()]);
            live.push(LiveFrame { sequence, captured: Instant::now(), image });
            sequence += 1;
            thread::sleep(Duration::from_millis(33));
        }
    });
}

fn next<T>(events: &Receiver<LiveEvent>, mut pick: impl FnMut(LiveEvent) -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        match events.recv_timeout(SOON.saturating_sub(start.elapsed())).unwrap() {
            LiveEvent::Failed { stage, error, .. } => panic!("{stage}: {error}"),
            event => {
                if let Some(found) = pick(event) {
                    return found;
                }
            }
        }
    }
}

fn caption(event: LiveEvent) -> Option<LiveCaption> {
    if let LiveEvent::Caption(caption) = event { Some(caption) } else { None }
}

fn text(event: LiveEvent) -> Option<LiveText> {
    if let LiveEvent::Text(text) = event { Some(text) } else { None }
}

/// Stops the camera however the test ends: the scope waits for its thread.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn captions_text_and_answers_follow_the_camera() {
    let scenes = [views("fire-engine.jpg"), views("rocket.jpg")];
    let (live, events) = LivePipeline::start(model(), LiveSettings::default());
    let (current, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let _stop = Stop(&stop);
        camera(scope, &live, &scenes, &current, &stop);
        let first = next(&events, caption);
        assert!(first.changed && !first.caption.text.is_empty());

        // The sign on the door is followed through the shaking, and nothing is said twice.
        let mut tracks = Vec::new();
        let mut others = 0;
        while tracks.len() < 4 {
            let event = next(&events, Some);
            others += usize::from(matches!(event, LiveEvent::Caption(_)));
            let Some(text) = text(event) else { continue };
            assert_eq!((text.width, text.height), scenes[0][0].dimensions());
            tracks.extend(text.regions.iter().find(|r| r.text.contains("RESCUE")).map(|r| r.track));
            assert!(text.lines.iter().map(ExactSizeIterator::len).sum::<usize>() == text.regions.len());
        }
        assert!(tracks.windows(2).all(|pair| pair[0] == pair[1]), "{tracks:?}");
        assert_eq!(others, 0, "a shaking camera is no new scene");

        current.store(1, Ordering::Relaxed);
        let second = next(&events, caption);
        assert!(second.changed && second.sequence > first.sequence, "{second:?}");
        let gone = |text: &LiveText| text.regions.iter().all(|r| !r.text.contains("RESCUE"));
        next(&events, |event| text(event).filter(gone));

        let kept = live.freeze().unwrap();
        let full = next(&events, |event| text(event).filter(|text| text.full));
        assert_eq!(full.sequence, kept.sequence);
        let id = live.ask("Is there a rocket?").unwrap();
        let (answered, sequence, answer) = next(&events, |event| match event {
            LiveEvent::Answer { id, sequence, result, .. } => Some((id, sequence, result.unwrap())),
            _ => None,
        });
        assert_eq!((answered, sequence), (id, Some(kept.sequence)));
        assert!(["yes", "no"].contains(&answer.text.as_str()), "{answer:?}");

        let stats = live.stats();
        assert!(stats.captured > stats.analysed && stats.failed == 0 && stats.events_lost == 0);
        let mut out = std::io::stdout().lock();
        writeln!(out, "first: {} ({:?})", first.caption.sentence(), first.glass_to_caption).unwrap();
        writeln!(out, "second: {} ({:?})", second.caption.sentence(), second.glass_to_caption).unwrap();
        writeln!(out, "is there a rocket: {} {:.2}\n{stats:#?}", answer.text, answer.confidence).unwrap();
    });
    let start = Instant::now();
    drop(live);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

/// `pause` while the detector is in the middle of a large page: the read ends before its lines are recognised.
#[test]
fn reading_stops_between_its_steps() {
    let model = model();
    let page = views("receipt.jpg").remove(0);
    let whole = Instant::now();
    let read = model.read_text(&page, &ReadOptions::default()).unwrap();
    assert!(read.regions.len() > 5);
    let whole = whole.elapsed();

    let cancel = CancelToken::new();
    let options = ReadOptions { cancel: Some(cancel.clone()), ..ReadOptions::default() };
    let reader = {
        let model = Arc::clone(&model);
        thread::spawn(move || model.read_text(&page, &options).map_err(|e| e.code()))
    };
    thread::sleep(Duration::from_millis(2));
    cancel.cancel();
    assert_eq!(reader.join().unwrap().unwrap_err(), "task.cancelled", "the whole read took {whole:?}");
    assert!(
        model.read_line(&views("receipt.jpg")[0], &ReadOptions::default()).is_ok(),
        "and the model goes on"
    );
}
