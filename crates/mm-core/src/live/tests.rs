//! The pipeline on a fake engine: what happens, in which order, and what does not.

use std::{
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    fake::{Fake, Fault, SOON, picture},
    *,
};

const MS: Duration = Duration::from_millis(1);

/// Captions and text as fast as they can be.
fn eager() -> LiveSettings {
    LiveSettings {
        scene_settle: Duration::ZERO,
        caption_min_interval: Duration::ZERO,
        text_interval: Duration::ZERO,
        still_duty: 1.0,
        ..LiveSettings::default()
    }
}

fn only_captions() -> LiveSettings {
    LiveSettings { mode: LiveMode { captions: true, text: false }, ..eager() }
}

fn only_text() -> LiveSettings {
    LiveSettings { mode: LiveMode { captions: false, text: true }, ..eager() }
}

struct Rig {
    fake: Arc<Fake>,
    live: Option<LivePipeline>,
    events: Receiver<LiveEvent>,
    sequence: u64,
}

impl Rig {
    fn new(settings: LiveSettings) -> Self {
        let fake = Arc::new(Fake::default());
        let (live, events) = LivePipeline::start(fake.clone(), settings);
        Self { fake, live: Some(live), events, sequence: 0 }
    }

    fn live(&self) -> &LivePipeline {
        self.live.as_ref().unwrap()
    }

    /// Pushes a frame of `scene` and returns its number.
    fn push(&mut self, scene: u8) -> u64 {
        self.sequence += 1;
        let image = Arc::new(picture(scene));
        self.live().push(LiveFrame { sequence: self.sequence, captured: Instant::now(), image });
        self.sequence
    }

    /// Pushes a frame of `scene` and waits until it has been encoded.
    fn show(&mut self, scene: u8) -> u64 {
        let before = self.live().stats();
        let sequence = self.push(scene);
        let done = |stats: &LiveStats| stats.analysed + stats.failed > before.analysed + before.failed;
        let start = Instant::now();
        while !done(&self.live().stats()) {
            assert!(start.elapsed() < SOON, "frame {sequence} was not analysed");
            thread::sleep(MS);
        }
        sequence
    }

    /// The next event that `pick` takes.
    fn next<T>(&self, mut pick: impl FnMut(LiveEvent) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            let event = self.events.recv_timeout(SOON.saturating_sub(start.elapsed())).unwrap();
            if let Some(found) = pick(event) {
                return found;
            }
        }
    }

    fn caption(&self) -> LiveCaption {
        self.next(|event| if let LiveEvent::Caption(caption) = event { Some(caption) } else { None })
    }

    fn text(&self) -> LiveText {
        self.next(|event| if let LiveEvent::Text(text) = event { Some(text) } else { None })
    }

    fn answer(&self) -> (u64, Option<u64>, Result<String, &'static str>) {
        self.next(|event| match event {
            LiveEvent::Answer { id, sequence, result, .. } => {
                Some((id, sequence, result.map(|answer| answer.text).map_err(|error| error.code())))
            }
            _ => None,
        })
    }

    fn failure(&self) -> (Stage, &'static str) {
        self.next(|event| match event {
            LiveEvent::Failed { stage, error, .. } => Some((stage, error.code())),
            _ => None,
        })
    }

    /// All events that come within `time`, statistics left out.
    fn all_within(&self, time: Duration) -> Vec<LiveEvent> {
        let (start, mut events) = (Instant::now(), Vec::new());
        loop {
            match self.events.recv_timeout(time.saturating_sub(start.elapsed())) {
                Ok(LiveEvent::Stats(_)) => {}
                Ok(event) => events.push(event),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return events,
            }
        }
    }
}

#[test]
fn the_newest_frame_wins_and_one_is_in_flight() {
    let mut rig = Rig::new(only_captions());
    rig.fake.hold(Stage::Vision);
    rig.push(1);
    rig.fake.wait_calls(Stage::Vision, 1);
    let start = Instant::now();
    for scene in 2..=200 {
        rig.push(scene);
    }
    assert!(start.elapsed() < Duration::from_secs(2), "pushing waited for the encoder");
    assert_eq!(rig.fake.calls(Stage::Vision), ["1"], "the others wait their turn or are replaced");
    rig.fake.release(Stage::Vision);
    rig.fake.wait_calls(Stage::Vision, 2);
    assert_eq!(rig.fake.calls(Stage::Vision), ["1", "200"]);
    while rig.caption().caption.text != "scene 200" {}
    let stats = rig.live().stats();
    assert_eq!((stats.captured, stats.analysed, stats.dropped), (200, 2, 198));
    assert_eq!(rig.fake.most_encoding.load(Ordering::SeqCst), 1);
}

#[test]
fn a_scene_is_captioned_once_and_the_next_one_again() {
    let mut rig = Rig::new(only_captions());
    let first = rig.show(1);
    let caption = rig.caption();
    assert_eq!((caption.sequence, caption.caption.text.as_str(), caption.changed), (first, "scene 1", true));
    for _ in 0..20 {
        rig.show(1);
    }
    let second = rig.show(2);
    let caption = rig.caption();
    assert_eq!((caption.sequence, caption.caption.text.as_str(), caption.changed), (second, "scene 2", true));
    assert_eq!(rig.fake.calls(Stage::Caption), ["1", "2"]);
    rig.live().caption_now();
    let asked = rig.caption();
    assert!(!asked.changed && asked.caption.text == "scene 2", "asked for: made again, and says the same");
}

#[test]
fn a_caption_waits_for_its_interval_without_further_frames() {
    let interval = 300 * MS;
    let mut rig = Rig::new(LiveSettings { caption_min_interval: interval, ..only_captions() });
    rig.show(1);
    rig.caption();
    let start = Instant::now();
    rig.show(2);
    let caption = rig.caption();
    assert_eq!(caption.caption.text, "scene 2");
    assert!(
        caption.glass_to_caption >= 200 * MS,
        "{:?} after {:?}",
        caption.glass_to_caption,
        start.elapsed()
    );
}

#[test]
fn slow_reading_delays_neither_frames_nor_captions() {
    let mut rig = Rig::new(eager());
    rig.fake.hold(Stage::Text);
    rig.show(1);
    rig.fake.wait_calls(Stage::Text, 1);
    assert_eq!(rig.caption().caption.text, "scene 1");
    for scene in 2..20 {
        rig.show(scene);
        assert_eq!(rig.caption().caption.text, format!("scene {scene}"), "while a read goes on");
    }
    assert_eq!(rig.fake.calls(Stage::Text), ["1"]);
    rig.fake.release(Stage::Text);
    assert_eq!(rig.text().regions[0].text, "text 1");
    assert_eq!(rig.text().regions[0].text, "text 19", "then the newest frame");
}

#[test]
fn a_frozen_frame_is_kept_and_completed_in_full_quality() {
    let mut rig = Rig::new(eager());
    assert!(rig.live().freeze().is_none(), "there is nothing to freeze yet");
    rig.show(1);
    let kept = rig.show(2);
    while rig.caption().sequence != kept {}
    let read = rig.fake.calls(Stage::Text).len();
    assert_eq!(rig.live().freeze().unwrap().sequence, kept);
    for _ in 0..50 {
        rig.push(3);
    }
    rig.fake.wait_calls(Stage::Text, read + 1);
    while !rig.text().full {}
    assert_eq!(rig.fake.max_sides().last(), Some(&None), "the bundle's own size");
    assert!(!rig.fake.calls(Stage::Vision).contains(&"3".to_owned()), "no further frame is looked at");
    assert_eq!(rig.live().frozen().unwrap().sequence, kept);
    let id = rig.live().ask("what is it").unwrap();
    assert_eq!(rig.answer(), (id, Some(kept), Ok("scene 2".to_owned())));
    let events = rig.all_within(100 * MS);
    assert!(!events.iter().any(|event| matches!(event, LiveEvent::Text(_))), "a frozen frame is read once");
    rig.live().unfreeze();
    let next = rig.show(4);
    assert_eq!(rig.caption().sequence, next);
}

#[test]
fn questions_are_about_the_newest_frame_even_if_it_is_not_analysed_yet() {
    let mut rig = Rig::new(LiveSettings { analyse_max_fps: Some(0.2), ..only_captions() });
    assert_eq!(rig.live().ask("anything there").unwrap_err().code(), "live.no_frame");
    assert_eq!(rig.live().ask("  ").unwrap_err().code(), "question.empty");
    rig.show(1);
    // The cadence would look at the next frame five seconds later.
    let newest = rig.push(2);
    let id = rig.live().ask("what is it").unwrap();
    assert_eq!(rig.answer(), (id, Some(newest), Ok("scene 2".to_owned())));
}

#[test]
fn a_newer_question_cancels_the_older_and_each_has_one_answer() {
    let mut rig = Rig::new(only_captions());
    rig.show(1);
    rig.caption();
    rig.fake.hold(Stage::Answer);
    let ids: Vec<u64> = (0..3)
        .map(|n| {
            let id = rig.live().ask(&format!("question {n}")).unwrap();
            if n == 0 {
                rig.fake.wait_calls(Stage::Answer, 1);
            }
            id
        })
        .collect();
    let mut cancelled = [rig.answer(), rig.answer()];
    cancelled.sort_by_key(|(id, ..)| *id);
    assert_eq!(cancelled, [(ids[0], None, Err("task.cancelled")), (ids[1], None, Err("task.cancelled"))]);
    rig.fake.release(Stage::Answer);
    assert_eq!(rig.answer(), (ids[2], Some(1), Ok("scene 1".to_owned())));
    assert!(rig.all_within(50 * MS).is_empty());
}

#[test]
fn a_question_interrupts_a_caption_once_and_neither_starves() {
    let mut rig = Rig::new(only_captions());
    rig.fake.hold(Stage::Caption);
    rig.show(1);
    rig.fake.wait_calls(Stage::Caption, 1);
    let first = rig.live().ask("one").unwrap();
    assert_eq!(rig.answer().0, first, "the caption gave way");
    // It is made again, and this time the question waits for it.
    rig.fake.wait_calls(Stage::Caption, 2);
    let second = rig.live().ask("two").unwrap();
    thread::sleep(20 * MS);
    assert_eq!(rig.fake.calls(Stage::Answer), ["one"]);
    rig.fake.release(Stage::Caption);
    assert_eq!(rig.caption().caption.text, "scene 1");
    assert_eq!(rig.answer().0, second);
    assert_eq!(rig.fake.cancelled(Stage::Caption), 1);
}

#[test]
fn a_pause_cancels_at_once_and_nothing_cancelled_is_told() {
    let mut rig = Rig::new(eager());
    rig.fake.hold(Stage::Caption);
    rig.fake.hold(Stage::Text);
    rig.show(1);
    rig.fake.wait_calls(Stage::Caption, 1);
    rig.fake.wait_calls(Stage::Text, 1);
    rig.fake.hold(Stage::Answer);
    let id = rig.live().ask("why").unwrap();
    rig.fake.wait_calls(Stage::Answer, 1);
    rig.live().pause(true);
    assert_eq!(rig.answer(), (id, None, Err("task.cancelled")));
    for stage in [Stage::Caption, Stage::Text, Stage::Answer] {
        rig.fake.release(stage);
    }
    rig.push(2);
    assert!(rig.all_within(100 * MS).is_empty());
    assert_eq!(rig.fake.calls(Stage::Vision), ["1"]);
    assert_eq!(rig.live().stats().dropped, 1);
    // What a person asks for meanwhile is done, about the last frame before the pause.
    let id = rig.live().ask("what was it").unwrap();
    assert_eq!(rig.answer(), (id, Some(1), Ok("scene 1".to_owned())));
    rig.live().read_now();
    assert!(rig.text().full);
    rig.live().pause(false);
    let next = rig.show(1);
    assert_eq!(rig.caption().sequence, next, "its caption was cancelled, so it is made now, of a new frame");
}

#[test]
fn a_mode_that_is_switched_off_stops_and_on_again_begins_anew() {
    let mut rig = Rig::new(eager());
    rig.fake.hold(Stage::Caption);
    rig.fake.hold(Stage::Text);
    rig.show(1);
    rig.fake.wait_calls(Stage::Caption, 1);
    rig.fake.wait_calls(Stage::Text, 1);
    let neither = LiveSettings { mode: LiveMode { captions: false, text: false }, ..eager() };
    rig.live().configure(neither);
    rig.fake.wait_cancelled(Stage::Caption);
    rig.fake.wait_cancelled(Stage::Text);
    rig.fake.release(Stage::Caption);
    rig.fake.release(Stage::Text);
    for scene in 2..5 {
        rig.show(scene);
    }
    let events = rig.all_within(50 * MS);
    assert!(events.iter().all(|event| matches!(event, LiveEvent::Scene { .. })), "{events:?}");
    assert_eq!((rig.fake.cancelled(Stage::Caption), rig.fake.cancelled(Stage::Text)), (1, 1));
    rig.live().caption_now();
    assert_eq!(rig.caption().caption.text, "scene 4", "on demand in any mode");
    rig.live().configure(eager());
    let (mut caption, mut text) = (None, None);
    while caption.is_none() || text.is_none() {
        match rig.next(Some) {
            LiveEvent::Caption(event) => caption = Some(event.caption.text),
            LiveEvent::Text(event) => text = Some(event.regions[0].text.clone()),
            _ => {}
        }
    }
    let both = (caption.as_deref(), text.as_deref());
    assert_eq!(both, (Some("scene 4"), Some("text 4")), "what is in view, without another frame");
}

#[test]
fn dropping_it_cancels_everything_and_does_not_wait() {
    let mut rig = Rig::new(eager());
    rig.fake.hold(Stage::Caption);
    rig.fake.hold(Stage::Text);
    rig.show(1);
    rig.fake.wait_calls(Stage::Caption, 1);
    rig.fake.wait_calls(Stage::Text, 1);
    rig.fake.hold(Stage::Answer);
    let id = rig.live().ask("why").unwrap();
    let start = Instant::now();
    rig.live = None;
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(rig.answer(), (id, None, Err("task.cancelled")));
    assert_eq!(Arc::strong_count(&rig.fake), 1, "the threads are gone");
    assert!(rig.events.try_iter().all(|event| !matches!(event, LiveEvent::Caption(_) | LiveEvent::Text(_))));
    assert!(rig.events.recv().is_err(), "and the listener sees the end");
}

#[test]
fn a_stage_that_fails_or_panics_is_told_once_and_the_others_go_on() {
    let mut rig = Rig::new(eager());
    rig.fake.fault(Stage::Vision, Some(Fault::Error));
    rig.show(1);
    assert_eq!(rig.failure(), (Stage::Vision, "runtime.inference_failed"));
    assert_eq!(rig.text().regions[0].text, "text 1", "text needs no encoder");
    rig.show(1);
    assert_eq!(rig.fake.calls(Stage::Vision).len(), 1, "it waits before it tries again");
    let id = rig.live().ask("why").unwrap();
    assert_eq!(rig.answer().2, Err("runtime.inference_failed"), "a question gets the reason: {id}");
    rig.fake.fault(Stage::Vision, None);
    rig.fake.fault(Stage::Text, Some(Fault::Panic));
    rig.fake.fault(Stage::Caption, Some(Fault::Panic));
    let start = Instant::now();
    let mut failed = Vec::new();
    while failed.len() < 2 {
        assert!(start.elapsed() < SOON);
        rig.show(2);
        failed.extend(rig.all_within(20 * MS).into_iter().filter_map(|event| match event {
            LiveEvent::Failed { stage, error, .. } => Some((stage.as_str(), error.code())),
            _ => None,
        }));
    }
    failed.sort_unstable();
    assert_eq!(failed, [("caption", "live.stage_panicked"), ("text", "live.stage_panicked")]);
    rig.fake.fault(Stage::Text, None);
    rig.fake.fault(Stage::Caption, None);
    // Tried again by themselves, without another frame.
    let (mut captioned, mut read) = (false, false);
    while !captioned || !read {
        match rig.next(Some) {
            LiveEvent::Caption(event) => captioned |= event.caption.text == "scene 2",
            LiveEvent::Text(event) => read |= event.regions[0].text == "text 2",
            LiveEvent::Scene { .. } => panic!("the same scene again is no new one"),
            _ => {}
        }
    }
}

#[test]
fn a_slow_stage_says_so_once_and_works_less_often_until_it_recovers() {
    let mut rig = Rig::new(LiveSettings { text_budget: 5 * MS, ..only_text() });
    let slow =
        |rig: &Rig| rig.next(|event| if let LiveEvent::Slow(slow) = event { Some(slow) } else { None });
    rig.fake.takes(Stage::Text, 12 * MS);
    let stop = Instant::now() + SOON;
    let mut factors = Vec::new();
    while factors.is_empty() {
        assert!(Instant::now() < stop);
        rig.show(1);
        while let Ok(event) = rig.events.try_recv() {
            if let LiveEvent::Slow(slow) = event {
                factors.push((slow.stage, slow.factor));
                assert!(slow.p95_ms > slow.budget_ms && slow.to_string().contains("2 times less often"));
            }
        }
    }
    assert_eq!(factors, [(Stage::Text, 2)]);
    rig.fake.takes(Stage::Text, Duration::ZERO);
    let fake = Arc::clone(&rig.fake);
    let feeder = thread::spawn(move || fake.wait_calls(Stage::Text, 10));
    while !feeder.is_finished() {
        rig.show(1);
    }
    feeder.join().unwrap();
    assert_eq!(slow(&rig).factor, 1, "and that it is back");
}

#[test]
fn an_unchanging_scene_leaves_the_machine_idle_and_a_new_one_wakes_it() {
    let settings = LiveSettings { still_duty: 0.1, still_after: 50 * MS, ..only_captions() };
    let mut rig = Rig::new(settings);
    rig.fake.takes(Stage::Vision, 4 * MS);
    let feed = |rig: &mut Rig, scenes: &[u8]| {
        let before = rig.live().stats().analysed;
        for n in 0..100 {
            rig.push(scenes[n % scenes.len()]);
            thread::sleep(4 * MS);
        }
        rig.live().stats().analysed - before
    };
    rig.show(1);
    thread::sleep(60 * MS);
    let (still, moving) = (feed(&mut rig, &[1]), feed(&mut rig, &[1, 2]));
    // 400 ms: at a tenth of the time 4 ms passes are ten; without a rest nearly a hundred.
    assert!((3..=20).contains(&still), "{still} frames of a still scene");
    assert!(moving > 2 * still, "{moving} frames of a changing one, {still} of a still one");
}

#[test]
fn counters_add_up_and_a_listener_that_left_stops_nothing() {
    let mut rig = Rig::new(eager());
    rig.fake.takes(Stage::Vision, 2 * MS);
    let (_, gone) = std::sync::mpsc::channel();
    drop(std::mem::replace(&mut rig.events, gone));
    for n in 0..300u16 {
        rig.push((n / 30) as u8);
        thread::sleep(MS / 2);
        let stats = rig.live().stats();
        let settled = stats.analysed + stats.failed + stats.dropped;
        assert!((settled..=settled + 2).contains(&stats.captured), "{stats:?}");
    }
    let stats = rig.live().stats();
    assert_eq!(stats.captured, 300);
    assert!(stats.captured_fps > 0.0 && stats.analysed_fps > 0.0 && stats.analysed_fps <= stats.captured_fps);
    assert!(stats.vision.count == stats.analysed && stats.vision.p50_ms >= 2.0);
    assert!(
        stats.vision.p95_ms >= stats.vision.p50_ms && stats.glass_to_vision.p50_ms >= stats.vision.p50_ms
    );
    assert!(stats.caption.count > 0 && stats.text.count > 0 && stats.glass_to_caption.count > 0);
}

#[test]
fn statistics_come_by_themselves_once_a_second() {
    let mut rig = Rig::new(eager());
    rig.show(1);
    let stats = rig.next(|event| if let LiveEvent::Stats(stats) = event { Some(stats) } else { None });
    assert_eq!((stats.captured, stats.analysed), (1, 1));
}
