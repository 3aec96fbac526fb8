//! Whether the camera sees something else than what was captioned last.
//!
//! Frames are compared with the captioned one by the cosine distance of their retrieval embeddings. A distance above
//! `change` opens a suspicion, one below `return` ends it, and in between nothing changes: a camera that jitters at the
//! edge of one threshold captions nothing twice. A suspicion that has stood for `settle` is a new scene, whether or
//! not another frame came. While frames still differ from one another the camera moves, and what it passes by is not
//! worth a caption: it is waited for, up to [`PATIENCE`] times as long.

use std::time::{Duration, Instant};

use crate::tasks::embed::Embedding;

/// How many times `settle` a camera in motion is waited for.
const PATIENCE: u32 = 4;

/// The distance given for the first scene, which nothing comes before.
const FIRST: f32 = 1.0;

/// See [`super::LiveSettings`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    pub change: f32,
    pub back: f32,
    pub settle: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Suspicion {
    since: Instant,
    /// When the camera last moved.
    moved: Instant,
}

#[derive(Debug)]
pub(super) struct SceneGate {
    reference: Option<Embedding>,
    /// Whether the reference has been taken care of; if not, the newest frame is due at once.
    handled: bool,
    last: Option<Embedding>,
    distance: f32,
    suspicion: Option<Suspicion>,
    /// The last time a frame was not clearly of the reference's scene.
    unsettled: Instant,
}

/// A scene to be captioned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Confirmed {
    /// From the scene before.
    pub distance: f32,
    /// Whether it is another scene, not the same one again because its caption failed or was cancelled.
    pub new: bool,
}

pub(super) fn distance(a: &Embedding, b: &Embedding) -> f32 {
    1.0 - a.similarity(b)
}

impl SceneGate {
    pub fn new(now: Instant) -> Self {
        Self { reference: None, handled: false, last: None, distance: FIRST, suspicion: None, unsettled: now }
    }

    /// Takes in a frame's embedding.
    pub fn observe(&mut self, now: Instant, embedding: &Embedding, limits: &Thresholds) {
        let moved = self.last.as_ref().is_some_and(|last| distance(last, embedding) > limits.back);
        self.distance = self.reference.as_ref().map_or(FIRST, |reference| distance(reference, embedding));
        self.last = Some(embedding.clone());
        let same = self.reference.is_some() && self.distance < limits.back;
        if !same {
            self.unsettled = now;
        }
        if same && self.handled {
            self.suspicion = None;
            return;
        }
        if let Some(suspicion) = &mut self.suspicion {
            if moved {
                suspicion.moved = now;
            }
        } else if !self.handled || self.distance > limits.change {
            self.suspicion = Some(Suspicion { since: now, moved: now });
        }
    }

    /// When [`Self::confirm`] will say yes if nothing else comes; `None` if it looks like the captioned scene.
    ///
    /// Without a captioned scene there is nothing to be mistaken for: due at once.
    pub fn due(&self, limits: &Thresholds) -> Option<Instant> {
        let suspicion = self.suspicion?;
        let settle = if self.handled { limits.settle } else { Duration::ZERO };
        Some((suspicion.moved + settle).min(suspicion.since + settle * PATIENCE))
    }

    /// If a scene is due, makes the newest frame the reference.
    pub fn confirm(&mut self, now: Instant, limits: &Thresholds) -> Option<Confirmed> {
        self.due(limits).filter(|due| now >= *due)?;
        let new = self.handled || self.reference.is_none() || self.distance > limits.change;
        self.suspicion = None;
        self.handled = true;
        self.reference.clone_from(&self.last);
        Some(Confirmed { distance: std::mem::take(&mut self.distance), new })
    }

    /// The captioned scene is this one; the newest frame is compared with it anew.
    pub fn set_reference(&mut self, now: Instant, embedding: &Embedding, limits: &Thresholds) {
        self.reference = Some(embedding.clone());
        self.handled = true;
        self.suspicion = None;
        if let Some(last) = self.last.clone() {
            self.observe(now, &last, limits);
        }
    }

    /// The reference has no caption after all: the newest frame, or the next, is due at once.
    pub fn forget(&mut self, now: Instant) {
        self.handled = false;
        self.suspicion = self.last.is_some().then_some(Suspicion { since: now, moved: now });
    }

    /// Frames come again after a pause: those from before it say nothing about what is in view.
    pub fn resume(&mut self, now: Instant) {
        self.last = None;
        self.suspicion = None;
        self.unsettled = now;
    }

    /// Whether the scene has clearly been the captioned one for `time`.
    pub fn is_still(&self, now: Instant, time: Duration) -> bool {
        self.reference.is_some() && now.saturating_duration_since(self.unsettled) >= time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Thresholds = Thresholds { change: 0.3, back: 0.2, settle: Duration::from_millis(200) };

    /// A point on the circle at the cosine distance `distance` from the first axis.
    fn at(distance: f32) -> Embedding {
        let cos = 1.0 - distance;
        Embedding::normalised(vec![cos, (1.0 - cos * cos).max(0.0).sqrt()], "test").unwrap()
    }

    struct Run {
        gate: SceneGate,
        start: Instant,
        scenes: Vec<u64>,
    }

    impl Run {
        /// A gate that has captioned the scene at distance 0.
        fn new() -> Self {
            let start = Instant::now();
            let mut run = Self { gate: SceneGate::new(start), start, scenes: Vec::new() };
            run.frame(0, 0.0);
            assert_eq!(run.scenes, [0], "the first frame is a scene at once");
            run.scenes.clear();
            run
        }

        fn time(&self, ms: u64) -> Instant {
            self.start + Duration::from_millis(ms)
        }

        fn tick(&mut self, ms: u64) {
            if self.gate.confirm(self.time(ms), &LIMITS).is_some() {
                self.scenes.push(ms);
            }
        }

        fn frame(&mut self, ms: u64, distance: f32) {
            self.gate.observe(self.time(ms), &at(distance), &LIMITS);
            self.tick(ms);
        }
    }

    #[test]
    fn jitter_around_either_threshold_is_the_same_scene() {
        for middle in [0.05, 0.2] {
            let mut run = Run::new();
            for n in 0..300u16 {
                let jitter = f32::from(n % 7) * 0.016;
                run.frame(u64::from(n) * 33, middle + jitter);
            }
            assert_eq!(run.scenes, Vec::<u64>::new(), "around {middle}");
        }
        // Across the upper one alone: one change, after which the new view is the reference.
        let mut run = Run::new();
        for n in 0..300u16 {
            run.frame(u64::from(n) * 33, if n % 2 == 0 { 0.29 } else { 0.31 });
        }
        assert_eq!(run.scenes.len(), 1, "{:?}", run.scenes);
    }

    #[test]
    fn a_flash_is_no_scene_and_a_new_view_is_one_once() {
        let mut run = Run::new();
        run.frame(1000, 0.9);
        run.frame(1033, 0.02);
        assert_eq!(run.scenes, Vec::<u64>::new());
        for n in 0..60 {
            run.frame(2000 + n * 33, 0.8);
        }
        assert_eq!(run.scenes.len(), 1);
        assert!((2200..2240).contains(&run.scenes[0]), "{:?}", run.scenes);
    }

    #[test]
    fn a_single_frame_of_a_new_view_counts_when_no_other_comes() {
        let mut run = Run::new();
        run.frame(5000, 0.8);
        assert_eq!(run.gate.due(&LIMITS), Some(run.time(5200)));
        run.tick(5199);
        assert_eq!(run.scenes, Vec::<u64>::new());
        run.tick(5200);
        assert_eq!(run.scenes, [5200]);
        assert_eq!(run.gate.due(&LIMITS), None);
    }

    #[test]
    fn a_moving_camera_is_waited_for_but_not_for_ever() {
        let mut run = Run::new();
        // Every frame is far from the one before: a pan that ends at 500 ms.
        for n in 0..15u16 {
            run.frame(u64::from(n) * 33 + 33, if n % 2 == 0 { 0.9 } else { 1.6 });
        }
        assert_eq!(run.scenes, Vec::<u64>::new());
        for n in 0..10 {
            run.frame(528 + n * 33, 1.2);
        }
        assert_eq!(run.scenes.len(), 1);
        assert!((700..800).contains(&run.scenes[0]), "{:?}", run.scenes);

        let mut endless = Run::new();
        for n in 0..60u16 {
            endless.frame(u64::from(n) * 33 + 33, if n % 2 == 0 { 0.9 } else { 1.6 });
        }
        assert!((800..900).contains(&endless.scenes[0]), "{:?}", endless.scenes);
    }

    #[test]
    fn stillness_begins_when_the_scene_stops_changing() {
        let mut run = Run::new();
        let two = Duration::from_secs(2);
        for n in 0..100 {
            run.frame(n * 33, 0.01);
        }
        assert!(run.gate.is_still(run.time(3300), two));
        run.frame(3300, 0.25);
        assert!(!run.gate.is_still(run.time(3400), two), "neither here nor there");
    }

    #[test]
    fn a_scene_without_its_caption_is_due_again_but_not_new() {
        let mut run = Run::new();
        run.gate.forget(run.time(50));
        let again = run.gate.confirm(run.time(50), &LIMITS).unwrap();
        assert!(!again.new, "no frame came since");
        run.frame(100, 0.05);
        run.gate.forget(run.time(200));
        assert_eq!(run.gate.due(&LIMITS), Some(run.time(200)));
        let again = run.gate.confirm(run.time(200), &LIMITS).unwrap();
        assert!(!again.new && (again.distance - 0.05).abs() < 1e-3);
        assert_eq!(run.gate.confirm(run.time(300), &LIMITS), None);

        run.gate.forget(run.time(400));
        run.gate.resume(run.time(500));
        assert_eq!(run.gate.due(&LIMITS), None, "frames from before a pause do not count");
        run.gate.observe(run.time(600), &at(0.9), &LIMITS);
        assert!(run.gate.confirm(run.time(600), &LIMITS).unwrap().new, "what it shows now is another scene");
    }

    #[test]
    fn a_caption_of_an_older_frame_leaves_the_newest_one_suspected() {
        let mut run = Run::new();
        run.frame(100, 0.9);
        run.gate.set_reference(run.time(150), &at(0.0), &LIMITS);
        assert_eq!(run.gate.due(&LIMITS), Some(run.time(350)));
        run.gate.set_reference(run.time(160), &at(0.9), &LIMITS);
        assert_eq!(run.gate.due(&LIMITS), None);
    }
}
