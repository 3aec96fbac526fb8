//! Errors: told once and not sixty times a second, and what failed is tried again with growing patience.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::types::Stage;
use crate::error::Error;

/// The same error of the same stage is told again after this time.
const QUIET: Duration = Duration::from_mins(1);
/// First and longest wait before another attempt.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Failures {
    told: HashMap<(Stage, &'static str), Told>,
    waits: HashMap<Stage, Wait>,
}

#[derive(Debug)]
struct Told {
    at: Instant,
    repeats: u64,
}

#[derive(Debug)]
struct Wait {
    until: Instant,
    length: Duration,
}

impl Failures {
    /// Notes that `stage` failed: it waits before it tries again. `Some` with the errors kept quiet since the last
    /// time if this one should be told.
    pub fn failed(&mut self, now: Instant, stage: Stage, error: &Error) -> Option<u64> {
        let length = self.waits.get(&stage).map_or(FIRST_WAIT, |wait| (wait.length * 2).min(LONGEST_WAIT));
        self.waits.insert(stage, Wait { until: now + length, length });
        match self.told.get_mut(&(stage, error.code())) {
            Some(told) if now.saturating_duration_since(told.at) < QUIET => {
                told.repeats += 1;
                None
            }
            known => {
                let repeats = known.map_or(0, |told| told.repeats);
                self.told.insert((stage, error.code()), Told { at: now, repeats: 0 });
                tracing::warn!(%stage, code = error.code(), %error, repeats, "a live stage failed");
                Some(repeats)
            }
        }
    }

    /// `stage` worked: its next failure is news again.
    pub fn worked(&mut self, stage: Stage) {
        if self.waits.remove(&stage).is_some() {
            self.told.retain(|(of, _), _| *of != stage);
        }
    }

    /// When `stage` may try again; `None` if it did not fail.
    pub fn retry_at(&self, stage: Stage) -> Option<Instant> {
        self.waits.get(&stage).map(|wait| wait.until)
    }

    /// Whether `stage` should still wait.
    pub fn must_wait(&self, now: Instant, stage: Stage) -> bool {
        self.retry_at(stage).is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_error_is_told_once_a_minute_with_its_repeats() {
        let (mut failures, start) = (Failures::default(), Instant::now());
        let at = |s: u64| start + Duration::from_secs(s);
        let tell = |failures: &mut Failures, s| failures.failed(at(s), Stage::Text, &Error::TextEmpty);
        assert_eq!(tell(&mut failures, 0), Some(0));
        assert_eq!((tell(&mut failures, 1), tell(&mut failures, 59)), (None, None));
        assert_eq!(
            failures.failed(at(59), Stage::Text, &Error::ImageEmpty),
            Some(0),
            "another error is news"
        );
        assert_eq!(failures.failed(at(59), Stage::Vision, &Error::TextEmpty), Some(0), "another stage too");
        assert_eq!(tell(&mut failures, 60), Some(2));
        failures.worked(Stage::Text);
        assert_eq!(tell(&mut failures, 61), Some(0), "after a success it is news again");
    }

    #[test]
    fn waits_double_up_to_a_limit_and_end_with_success() {
        let (mut failures, start) = (Failures::default(), Instant::now());
        let mut waits = Vec::new();
        for _ in 0..9 {
            failures.failed(start, Stage::Vision, &Error::TextEmpty);
            waits.push(failures.retry_at(Stage::Vision).unwrap() - start);
        }
        assert_eq!(waits[..3], [500, 1000, 2000].map(Duration::from_millis));
        assert_eq!(waits[8], LONGEST_WAIT);
        assert!(failures.must_wait(start + Duration::from_secs(29), Stage::Vision));
        assert!(!failures.must_wait(start + LONGEST_WAIT, Stage::Vision));
        assert!(!failures.must_wait(start, Stage::Text));
        failures.worked(Stage::Vision);
        assert_eq!(failures.retry_at(Stage::Vision), None);
    }
}
