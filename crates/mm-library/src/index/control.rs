//! What its owner asks of indexing while it runs.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use mm_core::tasks::CancelToken;

use super::types::Pace;

/// Shared by the handle and every thread of indexing.
#[derive(Debug)]
pub(super) struct Control {
    cancel: CancelToken,
    asked: Mutex<Asked>,
    changed: Condvar,
}

#[derive(Debug)]
struct Asked {
    paused: bool,
    pace: Pace,
    /// The round has failed: whoever waits for anything ends.
    halted: bool,
}

impl Control {
    pub fn new(pace: Pace) -> Self {
        let asked = Asked { paused: false, pace, halted: false };
        Self { cancel: CancelToken::new(), asked: Mutex::new(asked), changed: Condvar::new() }
    }

    pub fn cancel(&self) {
        self.cancel.cancel();
        self.change(|_| ());
    }

    pub fn halt(&self) {
        self.change(|asked| asked.halted = true);
    }

    pub fn pause(&self, paused: bool) {
        self.change(|asked| asked.paused = paused);
    }

    pub fn set_pace(&self, pace: Pace) {
        self.change(|asked| asked.pace = pace);
    }

    pub fn pace(&self) -> Pace {
        self.lock().pace
    }

    /// Stops a running analysis.
    pub fn token(&self) -> &CancelToken {
        &self.cancel
    }

    pub fn is_over(&self) -> bool {
        self.cancel.is_cancelled() || self.lock().halted
    }

    /// Returns when there is work to do; `false` if there is none any more.
    pub fn wait_while_paused(&self) -> bool {
        let asked = self.lock();
        let over = |asked: &mut Asked| asked.paused && !asked.halted && !self.cancel.is_cancelled();
        let asked = self.changed.wait_while(asked, over).unwrap_or_else(PoisonError::into_inner);
        !asked.halted && !self.cancel.is_cancelled()
    }

    /// Waits for `time`, or until something is asked that makes waiting pointless.
    pub fn rest(&self, time: Duration) {
        let end = Instant::now() + time;
        let mut asked = self.lock();
        while asked.pace == Pace::Gentle && !asked.paused && !asked.halted && !self.cancel.is_cancelled() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            asked = self.changed.wait_timeout(asked, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn change(&self, change: impl FnOnce(&mut Asked)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_end_when_full_speed_is_asked_for_and_waits_when_cancelled() {
        let control = Control::new(Pace::Gentle);
        let start = Instant::now();
        control.rest(Duration::from_millis(20));
        assert!(start.elapsed() >= Duration::from_millis(20));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                control.set_pace(Pace::Full);
            });
            control.rest(Duration::from_mins(1));
        });
        control.pause(true);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                control.cancel();
            });
            assert!(!control.wait_while_paused());
        });
        assert!(control.is_over() && start.elapsed() < Duration::from_secs(30));
    }
}
