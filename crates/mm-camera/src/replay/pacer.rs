//! When each frame of a replay is due.

use std::time::{Duration, Instant};

use crate::CameraError;

/// A replay that is later than this (the machine slept, or the reader was paused) goes on from where it is; catching
/// up would mean reading for nothing.
const CATCH_UP: Duration = Duration::from_secs(1);

/// The timetable of a fixed rate. Errors do not add up: every frame is due at a multiple of the period.
pub(super) struct Pacer {
    period: Duration,
    /// When frame 0 was due.
    start: Option<Instant>,
}

impl Pacer {
    pub(super) fn new(fps: f64) -> Result<Self, CameraError> {
        if !(fps > 0.0 && fps <= 1000.0) {
            let detail =
                format!("{fps} frames per second cannot be replayed; use more than 0 and at most 1000");
            return Err(CameraError::SourceInvalid { detail });
        }
        // A thousand years for rates that nobody means.
        let period =
            Duration::try_from_secs_f64(1.0 / fps).unwrap_or(Duration::MAX).min(Duration::from_secs(1 << 35));
        Ok(Self { period, start: None })
    }

    /// When frame `index` is due. The first one asked for is due now.
    pub(super) fn due(&mut self, index: u64) -> Instant {
        let now = Instant::now();
        let offset = self.offset(index);
        let start = *self.start.get_or_insert_with(|| now.checked_sub(offset).unwrap_or(now));
        let due = start.checked_add(offset).unwrap_or(now);
        if now.saturating_duration_since(due) > CATCH_UP.max(self.period) {
            self.start = now.checked_sub(offset);
            return now;
        }
        due
    }

    /// Whether the time of frame `index` is over, because the next one is due already.
    pub(super) fn skips(&mut self, index: u64) -> bool {
        self.start.is_some() && self.due(index) + self.period <= Instant::now()
    }

    fn offset(&self, index: u64) -> Duration {
        let nanoseconds = self.period.as_nanos().saturating_mul(index.into());
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_due_at_multiples_of_the_period() {
        let mut pacer = Pacer::new(50.0).unwrap();
        let first = pacer.due(0);
        assert_eq!(pacer.due(1) - first, Duration::from_millis(20));
        assert_eq!(pacer.due(500) - first, Duration::from_secs(10));
        assert!(!pacer.skips(1));
        std::thread::sleep(Duration::from_millis(50));
        assert!(pacer.skips(1) && !pacer.skips(3));
    }

    #[test]
    fn a_long_pause_is_not_caught_up() {
        let mut pacer = Pacer::new(100.0).unwrap();
        pacer.due(0);
        pacer.start = Instant::now().checked_sub(Duration::from_secs(30));
        assert!(!pacer.skips(1));
        assert!(pacer.due(2) > Instant::now());
    }

    #[test]
    fn only_rates_that_exist() {
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1001.0] {
            assert_eq!(Pacer::new(wrong).err().map(|e| e.code()), Some("source.invalid"), "{wrong}");
        }
        let mut slow = Pacer::new(1e-300).unwrap();
        slow.due(0);
        assert!(!slow.skips(1) && slow.due(u64::MAX) > Instant::now());
    }
}
