//! How often a stage may work: its rests, and its back-off when the machine is slow or hot.

use std::time::Duration;

use super::meters::percentile;

/// Pauses grow at most eightfold.
const DEEPEST: u32 = 3;
/// Recovery needs the 95th percentile below this share of the budget: a stage at the edge does not swing.
const RECOVERED: f32 = 0.75;

/// A stage's level of back-off: its pauses are `2^level` times as long.
///
/// The percentile is taken over the last [`Self::runs`] runs since the level last changed, so every level is judged by
/// what was measured under it.
#[derive(Debug)]
pub(super) struct Pace {
    runs: usize,
    level: u32,
    times: std::collections::VecDeque<Duration>,
    judged: usize,
}

/// A changed level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shift {
    pub factor: u32,
    pub p95: Duration,
}

impl Pace {
    /// Judges over `runs` runs at a time.
    pub fn new(runs: usize) -> Self {
        Self { runs, level: 0, times: std::collections::VecDeque::with_capacity(runs), judged: 0 }
    }

    /// How many times longer pauses are.
    pub fn factor(&self) -> u32 {
        1 << self.level
    }

    /// Takes in a run; `Some` if the level changes with it.
    pub fn record(&mut self, took: Duration, budget: Duration) -> Option<Shift> {
        if self.times.len() == self.runs {
            self.times.pop_front();
        }
        self.times.push_back(took);
        self.judged += 1;
        if self.judged < self.runs {
            return None;
        }
        let mut sorted: Vec<Duration> = self.times.iter().copied().collect();
        sorted.sort_unstable();
        let p95 = percentile(&sorted, 95)?;
        let level = if p95 > budget {
            (self.level + 1).min(DEEPEST)
        } else if p95 < budget.mul_f32(RECOVERED) {
            self.level.saturating_sub(1)
        } else {
            self.level
        };
        if level == self.level {
            return None;
        }
        self.level = level;
        self.times.clear();
        self.judged = 0;
        Some(Shift { factor: self.factor(), p95 })
    }
}

/// From the start of a run that took `took` to the start of the next, if it may work `duty` of the time.
pub(super) fn interval(took: Duration, duty: f32, least: Duration) -> Duration {
    took.div_f64(f64::from(duty)).max(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn feed(pace: &mut Pace, runs: usize, took: u64) -> Vec<u32> {
        (0..runs).filter_map(|_| pace.record(ms(took), ms(100))).map(|shift| shift.factor).collect()
    }

    #[test]
    fn a_slow_stage_backs_off_step_by_step_and_recovers_the_same_way() {
        let mut pace = Pace::new(20);
        assert!(feed(&mut pace, 200, 30).is_empty(), "within the budget");
        let slow = feed(&mut pace, 200, 150);
        assert_eq!(slow, [2, 4, 8], "one event per change, and no deeper than that");
        assert!(feed(&mut pace, 200, 150).is_empty());
        assert_eq!(feed(&mut pace, 200, 30), [4, 2, 1]);
        assert_eq!(pace.factor(), 1);
    }

    #[test]
    fn single_slow_runs_and_the_edge_of_the_budget_change_nothing() {
        let mut pace = Pace::new(20);
        for n in 0..400 {
            // One run in forty is slow: the 95th percentile of twenty runs is the second slowest.
            let took = if n % 40 == 39 { 900 } else { 40 };
            assert_eq!(pace.record(ms(took), ms(100)), None, "{n}");
        }
        for _ in 0..2 {
            while feed(&mut pace, 1, 150).is_empty() {}
        }
        let deeper = pace.factor();
        assert!(feed(&mut pace, 400, 90).is_empty(), "90 of 100 ms is neither slow nor recovered");
        assert_eq!((pace.factor(), deeper), (4, 4));
    }

    #[test]
    fn a_duty_is_a_share_of_the_time() {
        assert_eq!(interval(ms(20), 0.25, Duration::ZERO), ms(80));
        assert_eq!(interval(ms(20), 1.0, ms(33)), ms(33));
    }
}
