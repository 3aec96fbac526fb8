//! Speaking through the platform's own voices.
//!
//! The voices live on one thread: on most systems they may not move between threads, and a speech service that does not
//! answer must not hold up anything else.

use std::{
    sync::{
        Mutex, PoisonError,
        mpsc::{self, Sender},
    },
    thread,
    time::Duration,
};

use tts::Tts;

use crate::{error::ShellError, types::Voice};

/// A speech service that is being started by its first client takes about a second.
const PATIENCE: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce(&mut Option<Tts>) + Send>;

/// The platform's voices; nothing is started before the first use.
#[derive(Default)]
pub struct Speech {
    jobs: Mutex<Option<Sender<Job>>>,
}

impl Speech {
    /// Every voice there is. Fails with `speech.unavailable` if there is none.
    pub fn voices(&self) -> Result<Vec<Voice>, ShellError> {
        self.with(|tts| {
            let voices = tts.voices().map_err(unavailable)?;
            if voices.is_empty() {
                return Err(unavailable("there is a speech service, but it has no voice"));
            }
            Ok(voices
                .iter()
                .map(|v| Voice { id: v.id(), name: v.name(), language: v.language().to_string() })
                .collect())
        })
    }

    /// Says `text`, cutting off what is being said. `rate` is times the normal speed, 0.5 to 2; a voice that is no longer
    /// there is replaced by the system's own.
    pub fn speak(&self, text: String, voice: Option<String>, rate: f32) -> Result<(), ShellError> {
        self.with(move |tts| {
            if let Some(id) = voice {
                let voices = tts.voices().map_err(unavailable)?;
                if let Some(voice) = voices.iter().find(|v| v.id() == id) {
                    tts.set_voice(voice).map_err(unavailable)?;
                } else {
                    tracing::warn!("the chosen voice is gone");
                }
            }
            let platform = platform_rate(rate, tts.min_rate(), tts.normal_rate(), tts.max_rate());
            tts.set_rate(platform).map_err(unavailable)?;
            tts.speak(text, true).map(drop).map_err(unavailable)
        })
    }

    /// Says nothing more. Nothing to stop is no error.
    pub fn stop(&self) -> Result<(), ShellError> {
        if self.jobs.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Ok(());
        }
        self.with(|tts| tts.stop().map(drop).map_err(unavailable))
    }

    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tts) -> Result<T, ShellError> + Send + 'static,
    ) -> Result<T, ShellError> {
        let (reply, answer) = mpsc::channel();
        let job: Job = Box::new(move |slot| {
            let outcome = connected(slot).and_then(work);
            if outcome.is_err() {
                // The service may have gone away; the next call starts afresh.
                *slot = None;
            }
            // Whoever asked may have lost patience.
            let _ = reply.send(outcome);
        });
        {
            let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            jobs.get_or_insert_with(start).send(job).map_err(|_| unavailable("its thread has ended"))?;
        }
        let outcome = answer.recv_timeout(PATIENCE);
        outcome.unwrap_or_else(|_| {
            // The thread is left to its fate; the next call gets a new one.
            *self.jobs.lock().unwrap_or_else(PoisonError::into_inner) = None;
            Err(unavailable("the speech service does not answer"))
        })
    }
}

fn start() -> Sender<Job> {
    let (jobs, queue) = mpsc::channel::<Job>();
    thread::spawn(move || {
        let mut tts = None;
        for job in queue {
            job(&mut tts);
        }
    });
    jobs
}

fn connected(slot: &mut Option<Tts>) -> Result<&mut Tts, ShellError> {
    match slot {
        Some(tts) => Ok(tts),
        None => Ok(slot.insert(Tts::default().map_err(unavailable)?)),
    }
}

fn unavailable(detail: impl std::fmt::Display) -> ShellError {
    ShellError::SpeechUnavailable { detail: detail.to_string(), next: INSTALL }
}

const INSTALL: &str = if cfg!(target_os = "macos") {
    "add a voice in System Settings > Accessibility > Spoken Content"
} else if cfg!(windows) {
    "add a voice in Settings > Time & language > Speech"
} else {
    "install a speech service with a voice (Debian and Ubuntu: sudo apt-get install speech-dispatcher espeak-ng, \
     Fedora: sudo dnf install speech-dispatcher espeak-ng) and try again"
};

/// Where `rate`, times the normal speed, lies on the platform's scale. A scale whose normal is not 0 is proportional to
/// the speed; Speech Dispatcher's, -100 to 100 around 0, is taken as logarithmic, twice the speed being its end.
fn platform_rate(rate: f32, min: f32, normal: f32, max: f32) -> f32 {
    let rate = if rate.is_finite() { rate.clamp(0.5, 2.0) } else { 1.0 };
    let value = if normal > 0.0 {
        normal * rate
    } else if rate >= 1.0 {
        (max - normal).mul_add(rate.log2(), normal)
    } else {
        (normal - min).mul_add(rate.log2(), normal)
    };
    value.clamp(min, max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_keep_their_meaning_on_every_scale() {
        let near = |a: f32, b: f32| (a - b).abs() < 1e-3;
        // Speech Dispatcher, macOS (words a minute), Windows (times).
        assert!(
            [(0.5, -100.0), (1.0, 0.0), (2.0, 100.0)]
                .iter()
                .all(|&(r, x)| near(platform_rate(r, -100.0, 0.0, 100.0), x))
        );
        assert!(near(platform_rate(2.0, 10.0, 175.0, 500.0), 350.0));
        assert!(near(platform_rate(0.5, 0.5, 1.0, 6.0), 0.5));
        assert!(near(platform_rate(f32::NAN, -100.0, 0.0, 100.0), 0.0));
        assert!(near(platform_rate(99.0, 10.0, 300.0, 500.0), 500.0));
    }

    #[test]
    fn what_to_install_is_the_next_step() {
        let error = crate::error::AppError::from(unavailable("none; really"));
        assert_eq!(error.code, "speech.unavailable");
        assert_eq!(error.message, "No voice is available here (none; really).");
        assert!(error.next.unwrap().ends_with("try again.") || !cfg!(target_os = "linux"));
    }

    #[test]
    fn stopping_before_speaking_starts_nothing() {
        let speech = Speech::default();
        speech.stop().unwrap();
        assert!(speech.jobs.lock().unwrap().is_none());
    }
}
