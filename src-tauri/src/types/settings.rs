//! The settings a person can change.

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

use crate::error::ShellError;

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// How much of a caption is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Brevity {
    /// With how sure it is.
    #[default]
    Full,
    /// The sentence alone.
    Short,
}

/// Spoken captions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SpeechSettings {
    /// Whether captions are spoken.
    pub enabled: bool,
    /// A voice's id; `null` is the system's own choice.
    pub voice: Option<String>,
    /// Times the normal speed, 0.5 to 2.
    #[specta(type = Number)]
    pub rate: f32,
    /// How much is said.
    pub brevity: Brevity,
}

impl Default for SpeechSettings {
    fn default() -> Self {
        Self { enabled: false, voice: None, rate: 1.0, brevity: Brevity::default() }
    }
}

/// Everything that is remembered between two starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the settings page")]
pub struct Settings {
    /// Light or dark.
    pub theme: Theme,
    /// Times the normal size of text, 1 to 2.
    #[specta(type = Number)]
    pub text_scale: f32,
    /// Whether the preview is mirrored, as one sees oneself.
    pub mirror: bool,
    /// Whether speed and provider are shown.
    pub show_readout: bool,
    /// The camera's id; `null` is the first.
    pub camera: Option<String>,
    /// Whether scenes are captioned.
    pub captions: bool,
    /// Whether text is read.
    pub text: bool,
    /// Least time between two captions, 0 to 60 seconds.
    #[specta(type = Number)]
    pub caption_every_seconds: f32,
    /// Time between two reads of text, 0 to 60 seconds.
    #[specta(type = Number)]
    pub text_every_seconds: f32,
    /// Most frames analysed per second, 0.1 to 240; `null` sets no limit.
    #[specta(type = Option<Number>)]
    pub max_fps: Option<f32>,
    /// `auto`, `cpu`, `qnn` or `coreml`.
    pub provider: String,
    /// Threads within one operator, 1 to 64; `null` takes every core.
    pub threads: Option<u32>,
    /// Name or path of the bundle.
    pub model: String,
    /// Spoken captions.
    pub speech: SpeechSettings,
    /// A folder of pictures or a video shown in place of a camera.
    pub replay_path: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            text_scale: 1.0,
            mirror: false,
            show_readout: false,
            camera: None,
            captions: true,
            text: true,
            caption_every_seconds: 1.0,
            text_every_seconds: 1.0,
            max_fps: None,
            provider: "auto".to_owned(),
            threads: None,
            model: mm_core::model::DEFAULT_BUNDLE.to_owned(),
            speech: SpeechSettings::default(),
            replay_path: None,
        }
    }
}

impl Settings {
    /// `settings.invalid` for what no control offers, so that a file never holds what the next start cannot use.
    pub fn check(&self) -> Result<(), ShellError> {
        let within = |name: &str, value: f32, low: f32, high: f32| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(ShellError::SettingsInvalid { detail: format!("{name} is {value}, not {low} to {high}") })
            }
        };
        within("the text size", self.text_scale, 1.0, 2.0)?;
        within("the caption interval", self.caption_every_seconds, 0.0, 60.0)?;
        within("the text interval", self.text_every_seconds, 0.0, 60.0)?;
        within("the speaking rate", self.speech.rate, 0.5, 2.0)?;
        within("the frame limit", self.max_fps.unwrap_or(1.0), 0.1, 240.0)?;
        within("the number of threads", self.threads.map_or(1.0, |n| n as f32), 1.0, 64.0)?;
        if self.model.trim().is_empty() {
            return Err(ShellError::SettingsInvalid { detail: "no model is named".to_owned() });
        }
        self.provider
            .parse::<mm_core::runtime::Provider>()
            .map(drop)
            .map_err(|error| ShellError::SettingsInvalid { detail: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        Settings::default().check().unwrap();
    }

    #[test]
    fn what_no_control_offers_is_refused() {
        let wrong: [fn(&mut Settings); 6] = [
            |s| s.text_scale = 9.0,
            |s| s.speech.rate = f32::NAN,
            |s| s.threads = Some(0),
            |s| s.provider = "gpu".to_owned(),
            |s| s.model = " ".to_owned(),
            |s| s.max_fps = Some(0.0),
        ];
        for change in wrong {
            let mut settings = Settings::default();
            change(&mut settings);
            assert_eq!(settings.check().unwrap_err().code(), "settings.invalid");
        }
    }
}
