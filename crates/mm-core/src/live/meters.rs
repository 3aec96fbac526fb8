//! Counters, rates and percentiles over a sliding window.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use serde::Serialize;

/// Times older than this no longer count.
const WINDOW: Duration = Duration::from_secs(10);
/// Most times kept; at 60 a second this is eight seconds.
const SAMPLES: usize = 512;
/// Rates are counted over this time.
const RATE_WINDOW: Duration = Duration::from_secs(2);

/// How long a stage takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct StageStats {
    /// How often it has run since the start.
    pub count: u64,
    /// Median of the last ten seconds, milliseconds; 0 where nothing ran in them.
    pub p50_ms: f32,
    /// 95th percentile of the same.
    pub p95_ms: f32,
}

/// Where frames went and how long things took.
///
/// `captured` is the sum of `analysed`, `failed`, `dropped` and at most two frames on their way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct LiveStats {
    /// Frames pushed.
    pub captured: u64,
    /// Frames that went through the picture encoder.
    pub analysed: u64,
    /// Frames on which the picture encoder failed, or was not tried because it had just failed.
    pub failed: u64,
    /// Frames replaced by newer ones before their turn, or pushed while paused or frozen.
    pub dropped: u64,
    /// Frames pushed a second, over the last two seconds.
    pub captured_fps: f32,
    /// Frames analysed a second.
    pub analysed_fps: f32,
    /// The picture encoder.
    pub vision: StageStats,
    /// Captions, without the picture encoder.
    pub caption: StageStats,
    /// Reading text.
    pub text: StageStats,
    /// Answers, without the picture encoder.
    pub answer: StageStats,
    /// From a frame's capture to its caption's event. Captions that were asked for count, those of frozen frames do not.
    pub glass_to_caption: StageStats,
    /// From a frame's capture to the end of its vision pass.
    pub glass_to_vision: StageStats,
    /// Results given up because nobody took the events: 0 with a listener that listens.
    pub events_lost: u64,
}

/// The last durations of something.
#[derive(Debug, Default)]
pub(super) struct Window {
    count: u64,
    samples: VecDeque<(Instant, Duration)>,
}

impl Window {
    pub fn record(&mut self, now: Instant, took: Duration) {
        self.count += 1;
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back((now, took));
    }

    pub fn stats(&self, now: Instant) -> StageStats {
        let recent = self.samples.iter().filter(|(at, _)| now.saturating_duration_since(*at) <= WINDOW);
        let mut times: Vec<Duration> = recent.map(|(_, took)| *took).collect();
        times.sort_unstable();
        let ms = |share| percentile(&times, share).map_or(0.0, |d: Duration| d.as_secs_f32() * 1000.0);
        StageStats { count: self.count, p50_ms: ms(50), p95_ms: ms(95) }
    }
}

/// The smallest of the sorted `times` that at least `percent` of them do not exceed (nearest rank).
pub(super) fn percentile(times: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times.get(rank - 1).copied()
}

/// How often something happens.
#[derive(Debug, Default)]
pub(super) struct Rate(VecDeque<Instant>);

impl Rate {
    pub fn record(&mut self, now: Instant) {
        self.forget(now);
        self.0.push_back(now);
    }

    /// Times a second over the last two seconds, or since the first time if that is shorter ago.
    pub fn per_second(&mut self, now: Instant, since: Instant) -> f32 {
        self.forget(now);
        let span = now.saturating_duration_since(since).min(RATE_WINDOW);
        if span.is_zero() { 0.0 } else { self.0.len() as f32 / span.as_secs_f32() }
    }

    fn forget(&mut self, now: Instant) {
        while self.0.front().is_some_and(|at| now.saturating_duration_since(*at) > RATE_WINDOW) {
            self.0.pop_front();
        }
    }
}

/// Everything that is measured.
#[derive(Debug, Default)]
pub(super) struct Meters {
    pub vision: Window,
    pub caption: Window,
    pub text: Window,
    pub answer: Window,
    pub glass_to_caption: Window,
    pub glass_to_vision: Window,
    pub analysed: Rate,
    pub failed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn percentiles_are_nearest_rank() {
        let times: Vec<Duration> = (1..=100).map(ms).collect();
        assert_eq!((percentile(&times, 50), percentile(&times, 95)), (Some(ms(50)), Some(ms(95))));
        assert_eq!(percentile(&times[..1], 95), Some(ms(1)));
        assert_eq!(percentile(&times[..3], 50), Some(ms(2)));
        assert_eq!(percentile(&[], 95), None);
    }

    #[test]
    fn only_the_last_ten_seconds_count_but_all_are_counted() {
        let start = Instant::now();
        let mut window = Window::default();
        for n in 0..20 {
            window.record(start + ms(n * 10), ms(1000));
        }
        window.record(start + Duration::from_secs(15), ms(20));
        let stats = window.stats(start + Duration::from_secs(16));
        assert_eq!(stats.count, 21);
        assert!((stats.p50_ms - 20.0).abs() < 1e-3 && (stats.p95_ms - 20.0).abs() < 1e-3);
        assert!(window.stats(start + Duration::from_mins(1)).p95_ms.abs() < 1e-6);
    }

    #[test]
    fn a_rate_is_right_at_the_start_at_full_pace_and_at_the_end() {
        let start = Instant::now();
        let mut rate = Rate::default();
        for n in 0..90 {
            rate.record(start + ms(n * 33));
        }
        let fps = rate.per_second(start + ms(90 * 33), start);
        assert!((29.0..=31.5).contains(&fps), "{fps}");
        assert!(rate.per_second(start + ms(10_000), start).abs() < 1e-6);
        let mut young = Rate::default();
        for n in 0..15 {
            young.record(start + ms(n * 33));
        }
        let fps = young.per_second(start + ms(500), start);
        assert!((29.0..=31.0).contains(&fps), "{fps}");
    }
}
