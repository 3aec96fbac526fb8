//! An engine for tests: says what colour it saw, as slowly as it is told, and can be held, made to fail or to panic.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use image::{Rgb, RgbImage};

use super::{LiveEngine, Stage};
use crate::{
    error::{Error, Result},
    geometry::Quad,
    tasks::{
        CancelToken,
        answer::{Answer, QuestionKind},
        caption::{Caption, LanguageTimings},
        ocr::{OcrTimings, ReadOptions, TextPage, TextRegion},
        picture::Encoded,
    },
};

/// Longer than any step of a test that works.
pub const SOON: Duration = Duration::from_secs(20);

/// What a stage does when it is called.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    Error,
    Panic,
}

#[derive(Default)]
struct State {
    held: HashSet<Stage>,
    faults: HashMap<Stage, Fault>,
    takes: HashMap<Stage, Duration>,
    /// Scenes (or questions) in the order the calls came.
    calls: HashMap<Stage, Vec<String>>,
    /// Calls that stopped because their token was cancelled.
    cancelled: HashMap<Stage, usize>,
    max_sides: Vec<Option<u32>>,
}

#[derive(Default)]
pub struct Fake {
    state: Mutex<State>,
    changed: Condvar,
    encoding: AtomicUsize,
    pub most_encoding: AtomicUsize,
}

/// A picture of scene `scene`; scenes lie at right angles or further apart.
pub fn picture(scene: u8) -> RgbImage {
    RgbImage::from_pixel(64, 48, Rgb([scene, 0, 0]))
}

fn scene(image: &RgbImage) -> u8 {
    image.get_pixel(0, 0).0[0]
}

fn scene_of(picture: &Encoded) -> u8 {
    let place = picture.embedding().as_slice().iter().position(|v| *v > 0.5);
    u8::try_from(place.unwrap()).unwrap()
}

impl Fake {
    /// Calls of `stage` begin, and go on until they are released or cancelled.
    pub fn hold(&self, stage: Stage) {
        self.state.lock().unwrap().held.insert(stage);
    }

    pub fn release(&self, stage: Stage) {
        self.state.lock().unwrap().held.remove(&stage);
        self.changed.notify_all();
    }

    pub fn fault(&self, stage: Stage, fault: Option<Fault>) {
        let mut inner = self.state.lock().unwrap();
        match fault {
            Some(fault) => inner.faults.insert(stage, fault),
            None => inner.faults.remove(&stage),
        };
    }

    pub fn takes(&self, stage: Stage, time: Duration) {
        self.state.lock().unwrap().takes.insert(stage, time);
    }

    pub fn calls(&self, stage: Stage) -> Vec<String> {
        self.state.lock().unwrap().calls.get(&stage).cloned().unwrap_or_default()
    }

    /// Waits until a call of `stage` has stopped because it was cancelled.
    pub fn wait_cancelled(&self, stage: Stage) {
        let start = Instant::now();
        while self.cancelled(stage) == 0 {
            assert!(start.elapsed() < SOON, "{stage} was not cancelled");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn cancelled(&self, stage: Stage) -> usize {
        self.state.lock().unwrap().cancelled.get(&stage).copied().unwrap_or(0)
    }

    pub fn max_sides(&self) -> Vec<Option<u32>> {
        self.state.lock().unwrap().max_sides.clone()
    }

    /// Waits until `stage` has been called `count` times.
    pub fn wait_calls(&self, stage: Stage, count: usize) {
        let inner = self.state.lock().unwrap();
        let few = |inner: &mut State| inner.calls.get(&stage).map_or(0, Vec::len) < count;
        let (inner, time) = self.changed.wait_timeout_while(inner, SOON, few).unwrap();
        assert!(!time.timed_out(), "{stage} was called {:?}, not {count} times", inner.calls.get(&stage));
    }

    fn call(&self, stage: Stage, what: String, cancel: Option<&CancelToken>) -> Result<()> {
        let mut inner = self.state.lock().unwrap();
        inner.calls.entry(stage).or_default().push(what);
        self.changed.notify_all();
        let (fault, takes) = (inner.faults.get(&stage).copied(), inner.takes.get(&stage).copied());
        let until = Instant::now() + takes.unwrap_or_default();
        while inner.held.contains(&stage) || Instant::now() < until {
            if cancel.is_some_and(CancelToken::is_cancelled) {
                *inner.cancelled.entry(stage).or_default() += 1;
                return Err(Error::TaskCancelled);
            }
            inner = self.changed.wait_timeout(inner, Duration::from_millis(1)).unwrap().0;
        }
        drop(inner);
        match fault {
            None => Ok(()),
            Some(Fault::Error) => {
                Err(Error::RuntimeInferenceFailed { model: stage.to_string(), detail: "as told".to_owned() })
            }
            Some(Fault::Panic) => panic!("as told"),
        }
    }
}

impl LiveEngine for Fake {
    fn encode(&self, image: &RgbImage) -> Result<Encoded> {
        let now = self.encoding.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_encoding.fetch_max(now, Ordering::SeqCst);
        let scene = scene(image);
        let called = self.call(Stage::Vision, scene.to_string(), None);
        self.encoding.fetch_sub(1, Ordering::SeqCst);
        called?;
        let mut embedding = vec![0.0; 256];
        embedding[usize::from(scene)] = 1.0;
        Ok(Encoded::for_tests(embedding))
    }

    fn caption(&self, picture: &Encoded, cancel: &CancelToken) -> Result<Caption> {
        let scene = scene_of(picture);
        self.call(Stage::Caption, scene.to_string(), Some(cancel))?;
        Ok(Caption {
            text: format!("scene {scene}"),
            confidence: 0.9,
            calibrated: true,
            words: Vec::new(),
            timings: LanguageTimings::default(),
        })
    }

    fn read_text(&self, image: &RgbImage, options: &ReadOptions) -> Result<TextPage> {
        let scene = scene(image);
        self.state.lock().unwrap().max_sides.push(options.max_side);
        self.call(Stage::Text, scene.to_string(), options.cancel.as_ref())?;
        let region = TextRegion {
            text: format!("text {scene}"),
            quad: Quad::from_edges(0.0, 0.0, 40.0, 10.0),
            confidence: 0.95,
            words: Vec::new(),
        };
        Ok(TextPage {
            width: image.width(),
            height: image.height(),
            regions: vec![region],
            lines: std::iter::once(0..1).collect(),
            timings: OcrTimings::default(),
        })
    }

    fn answer(&self, picture: &Encoded, question: &str, cancel: &CancelToken) -> Result<Answer> {
        self.call(Stage::Answer, question.to_owned(), Some(cancel))?;
        Ok(Answer {
            text: format!("scene {}", scene_of(picture)),
            sure: true,
            confidence: 0.8,
            calibrated: true,
            kind: QuestionKind::Object,
            alternatives: Vec::new(),
            timings: LanguageTimings::default(),
        })
    }

    fn check_question(&self, question: &str) -> Result<()> {
        if question.trim().is_empty() { Err(Error::QuestionEmpty) } else { Ok(()) }
    }
}
