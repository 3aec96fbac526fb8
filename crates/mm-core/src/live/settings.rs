//! What the pipeline does and how often.

use std::time::Duration;

/// Which results are wanted without being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveMode {
    /// Caption every new scene.
    pub captions: bool,
    /// Read text at its cadence.
    pub text: bool,
}

/// The pipeline's settings. Values outside a range are brought to its nearer end.
///
/// The distances are measured; docs/live.md has the table and the command that prints it.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveSettings {
    /// What is wanted.
    pub mode: LiveMode,
    /// Cosine distance from the captioned scene above which a scene is another, [0, 2].
    pub scene_change: f32,
    /// Distance below which it is the captioned scene again, [0, `scene_change`]. In between nothing changes.
    pub scene_return: f32,
    /// How long a scene must be another before it counts; a camera in motion is waited for up to four times as long.
    pub scene_settle: Duration,
    /// Least time between the starts of two captions that nobody asked for.
    pub caption_min_interval: Duration,
    /// Time between the starts of two reads; a read is also followed by a rest as long as itself.
    pub text_interval: Duration,
    /// Longest side of the text detector's input while live, pixels; `None` takes the bundle's setting, as frozen
    /// frames do.
    pub text_max_side: Option<u32>,
    /// Most analysed frames a second; `None` sets no limit.
    pub analyse_max_fps: Option<f32>,
    /// Share of the time the picture encoder may work while the scene changes, [0.05, 1].
    pub duty: f32,
    /// The same for a scene that has not changed for [`Self::still_after`]. At least two frames a second are looked at.
    pub still_duty: f32,
    /// When a scene counts as unchanging.
    pub still_after: Duration,
    /// Time a vision pass may take (95th percentile) before frames are analysed less often.
    pub vision_budget: Duration,
    /// The same for captions.
    pub caption_budget: Duration,
    /// The same for reading text.
    pub text_budget: Duration,
}

impl Default for LiveSettings {
    fn default() -> Self {
        Self {
            mode: LiveMode { captions: true, text: true },
            scene_change: 0.2,
            scene_return: 0.12,
            scene_settle: Duration::from_millis(200),
            caption_min_interval: Duration::from_secs(1),
            text_interval: Duration::from_millis(700),
            text_max_side: Some(640),
            analyse_max_fps: None,
            duty: 1.0,
            still_duty: 0.25,
            still_after: Duration::from_secs(2),
            vision_budget: Duration::from_millis(100),
            caption_budget: Duration::from_millis(500),
            text_budget: Duration::from_millis(1500),
        }
    }
}

/// Pauses are never longer than this before back-off, so that a new scene is noticed.
pub(super) const LONGEST_REST: Duration = Duration::from_millis(500);

const LEAST_DUTY: f32 = 0.05;
const LEAST_FPS: f32 = 0.1;

impl LiveSettings {
    /// With every value within its range.
    pub(super) fn checked(mut self) -> Self {
        let within = |value: f32, low: f32, high: f32, otherwise: f32| {
            if value.is_finite() { value.clamp(low, high) } else { otherwise }
        };
        let default = Self::default();
        self.scene_change = within(self.scene_change, 0.0, 2.0, default.scene_change);
        self.scene_return = within(self.scene_return, 0.0, self.scene_change, self.scene_change);
        self.duty = within(self.duty, LEAST_DUTY, 1.0, default.duty);
        self.still_duty = within(self.still_duty, LEAST_DUTY, 1.0, default.still_duty);
        self.analyse_max_fps =
            self.analyse_max_fps.filter(|fps| fps.is_finite()).map(|fps| fps.max(LEAST_FPS));
        self
    }

    /// Least time between the starts of two analyses.
    pub(super) fn least_interval(&self) -> Duration {
        self.analyse_max_fps.map_or(Duration::ZERO, |fps| Duration::from_secs_f32(1.0 / fps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_brought_into_range() {
        let odd = LiveSettings {
            scene_change: f32::NAN,
            scene_return: 7.0,
            duty: -1.0,
            still_duty: 3.0,
            analyse_max_fps: Some(0.0),
            ..LiveSettings::default()
        }
        .checked();
        let default = LiveSettings::default();
        assert!((odd.scene_change - default.scene_change).abs() < 1e-6);
        assert!((odd.scene_return - odd.scene_change).abs() < 1e-6);
        assert!((odd.duty - LEAST_DUTY).abs() < 1e-6 && (odd.still_duty - 1.0).abs() < 1e-6);
        assert_eq!(odd.least_interval(), Duration::from_secs(10));
        let unlimited = LiveSettings { analyse_max_fps: Some(f32::INFINITY), ..default.clone() }.checked();
        assert_eq!(unlimited.least_interval(), Duration::ZERO);
        assert_eq!(default.clone().checked(), default, "the defaults are in range");
    }
}
