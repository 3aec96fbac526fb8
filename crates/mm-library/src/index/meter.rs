//! How far indexing is and how fast it goes, told at a bearable rate.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError, mpsc::Sender},
    time::{Duration, Instant},
};

use super::types::{IndexEvent, IndexProgress, Phase, Waiting};

/// At most 5 a second.
const BETWEEN_EVENTS: Duration = Duration::from_millis(200);
/// The rate is that of so long: steady enough to read, quick enough to follow the pictures' sizes.
const WINDOW: Duration = Duration::from_secs(20);

pub(super) struct Meter {
    state: Mutex<State>,
    events: Mutex<Option<Sender<IndexEvent>>>,
}

#[derive(Default)]
struct State {
    progress: IndexProgress,
    /// Before a pause.
    phase: Phase,
    strain: Option<Waiting>,
    paused: bool,
    /// When so many photos were worked on.
    window: VecDeque<(Instant, u64)>,
    told: Option<(Instant, IndexProgress)>,
}

impl Meter {
    pub fn new(events: Sender<IndexEvent>) -> Self {
        Self { state: Mutex::default(), events: Mutex::new(Some(events)) }
    }

    /// An event of its own. Nobody may listen any more.
    pub fn tell(&self, event: IndexEvent) {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(events) = events.as_ref() {
            let _ = events.send(event);
        }
    }

    /// No more events: their receiver sees that it has ended, though handles still ask for progress.
    pub fn close(&self) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub fn progress(&self) -> IndexProgress {
        self.lock().progress.clone()
    }

    /// A new round starts from nothing.
    pub fn restart(&self) {
        let mut state = self.lock();
        let (paused, strain) = (state.paused, state.strain);
        *state = State { paused, strain, told: state.told.take(), ..State::default() };
        state.show();
    }

    pub fn phase(&self, phase: Phase) {
        let mut state = self.lock();
        let now = Instant::now();
        // However short a phase was, it had a rate.
        state.measure(now);
        state.phase = phase;
        state.begin(now);
        if phase != Phase::Indexing {
            state.progress.current = None;
            state.progress.seconds_left = None;
        }
        state.show();
        // A change of phase is told at once: it is seldom.
        self.send(&mut state);
    }

    /// Shows that it was paused or told to go on.
    pub fn paused(&self, paused: bool) {
        let mut state = self.lock();
        if state.paused == paused {
            return;
        }
        let now = Instant::now();
        state.measure(now);
        state.paused = paused;
        state.begin(now);
        state.show();
        self.send(&mut state);
    }

    /// Shows why it goes slowly.
    pub fn strain(&self, strain: Option<Waiting>) {
        let mut state = self.lock();
        if state.strain == strain {
            return;
        }
        state.strain = strain;
        state.show();
        self.send(&mut state);
    }

    pub fn current(&self, path: &Path) {
        self.lock().progress.current = Some(path.to_path_buf());
    }

    /// Changes counts.
    pub fn count(&self, change: impl FnOnce(&mut IndexProgress)) {
        change(&mut self.lock().progress);
    }

    /// To be called often: works out the rate and tells if it is time.
    pub fn tick(&self) {
        let mut state = self.lock();
        let now = Instant::now();
        let due = state.told.as_ref().is_none_or(|(at, _)| now.duration_since(*at) >= BETWEEN_EVENTS);
        if due {
            state.measure(now);
            self.send(&mut state);
        }
    }

    fn send(&self, state: &mut State) {
        if state.told.as_ref().is_some_and(|(_, last)| *last == state.progress) {
            return;
        }
        state.told = Some((Instant::now(), state.progress.clone()));
        self.tell(IndexEvent::Progress(state.progress.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn show(&mut self) {
        let ended = self.phase == Phase::Done;
        self.progress.phase = if self.paused && !ended { Phase::Paused } else { self.phase };
        self.progress.waiting = match (self.paused, self.phase) {
            (_, Phase::Done) => None,
            (true, _) => Some(Waiting::Asked),
            (false, Phase::Indexing) => self.strain,
            (false, _) => None,
        };
    }

    /// The rate is that since now.
    fn begin(&mut self, now: Instant) {
        self.window.clear();
        self.window.push_back((now, self.worked()));
    }

    fn worked(&self) -> u64 {
        self.progress.done.saturating_sub(self.progress.unchanged)
    }

    fn measure(&mut self, now: Instant) {
        if self.paused || self.phase != Phase::Indexing {
            return;
        }
        let worked = self.worked();
        self.window.push_back((now, worked));
        while self.window.len() > 2 && now.duration_since(self.window[1].0) >= WINDOW {
            self.window.pop_front();
        }
        let Some(&(since, before)) = self.window.front() else { return };
        let seconds = now.duration_since(since).as_secs_f32();
        let rate = if seconds > 0.0 { worked.saturating_sub(before) as f32 / seconds } else { 0.0 };
        self.progress.photos_per_second = rate;
        let left = self.progress.found.saturating_sub(self.progress.done) as f32;
        self.progress.seconds_left = (rate > 0.0).then(|| left / rate);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_rate_is_that_of_the_window_and_a_pause_does_not_count() {
        let mut state = State { phase: Phase::Indexing, ..State::default() };
        let start = Instant::now();
        state.progress.found = 1000;
        state.progress.unchanged = 100;
        for second in 0..=60 {
            // 2 a second, 5 in the last 20 seconds.
            state.progress.done = 100 + if second < 40 { second * 2 } else { 80 + (second - 40) * 5 };
            state.measure(start + Duration::from_secs(second));
        }
        assert!((state.progress.photos_per_second - 5.0).abs() < 0.3, "{}", state.progress.photos_per_second);
        let left = state.progress.seconds_left.unwrap();
        assert!((left - 720.0 / 5.0).abs() < 10.0, "{left}");
    }

    #[test]
    fn progress_is_told_five_times_a_second_at_most() {
        let (sender, events) = mpsc::channel();
        let meter = Meter::new(sender);
        meter.phase(Phase::Indexing);
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(500) {
            meter.count(|progress| progress.done += 1);
            meter.tick();
        }
        let told = events.try_iter().count();
        assert!((2..=4).contains(&told), "{told}");
    }
}
