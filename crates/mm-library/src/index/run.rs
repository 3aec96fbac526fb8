//! Round after round: the first over everything, then one for every change.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use super::{
    analyser::Analyser,
    control::Control,
    meter::Meter,
    round::{Ended, Rounds},
    strain::{Caution, Sensors},
    types::{IndexEvent, IndexOptions, Phase, Summary},
};
use crate::{
    error::Result,
    index::pool::lock,
    scan::{Touched, Watched, Watcher},
    store::{Folder, Store},
};

/// How often to look whether watching is to end.
const GLANCE: Duration = Duration::from_millis(100);
/// How often folders are looked at that cannot be watched, or were not there.
const POLL: Duration = Duration::from_secs(60);

/// Indexes until everything is, or when watching until it is cancelled.
pub(super) fn run(
    options: &IndexOptions,
    store: Store,
    analyser: &dyn Analyser,
    sensors: Box<dyn Sensors>,
    control: &Control,
    meter: &Meter,
) -> Result<Summary> {
    let start = Instant::now();
    let mut rounds = Rounds {
        store: Mutex::new(store),
        analyser,
        model: analyser.key(),
        control,
        meter,
        decode_threads: options.decode_threads,
        caution: Some(Caution::new(sensors)),
    };
    let folders = chosen(&rounds, options)?;
    // Before the first look, so that nothing that happens after it is missed.
    let watch = options.watch.then(|| Watch::new(&folders, meter));
    let ended = rounds.round(&folders, None)?;
    let mut summary = summarise(control, meter, &ended, start);
    if let Some(mut watch) = watch {
        if !summary.cancelled {
            meter.tell(IndexEvent::Finished(summary.clone()));
            watch.missing = !ended.missing.is_empty();
            summary = go_on(&mut rounds, options, watch, summary)?;
        }
    }
    meter.phase(Phase::Done);
    summary.progress = meter.progress();
    meter.tell(IndexEvent::Finished(summary.clone()));
    Ok(summary)
}

/// Deals with changes until cancelled.
fn go_on(
    rounds: &mut Rounds<'_>,
    options: &IndexOptions,
    mut watch: Watch,
    mut summary: Summary,
) -> Result<Summary> {
    rounds.meter.phase(Phase::Watching);
    while rounds.control.wait_while_paused() {
        let Some(touched) = watch.wait(rounds.meter) else { continue };
        let start = Instant::now();
        let folders = chosen(rounds, options)?;
        let before = rounds.meter.progress();
        let ended = rounds.round(&folders, touched.as_ref())?;
        if touched.is_none() {
            watch.missing = !ended.missing.is_empty();
        }
        if ended.changed {
            summary = summarise(rounds.control, rounds.meter, &ended, start);
            rounds.meter.tell(IndexEvent::Finished(summary.clone()));
        } else {
            // A look that found nothing leaves the counts of the last one that did.
            rounds.meter.count(|progress| *progress = before);
        }
        rounds.meter.phase(Phase::Watching);
    }
    summary.cancelled = true;
    Ok(summary)
}

fn summarise(control: &Control, meter: &Meter, ended: &Ended, start: Instant) -> Summary {
    Summary {
        progress: meter.progress(),
        online_only: ended.online_only,
        missing: ended.missing.clone(),
        cancelled: control.is_over(),
        elapsed: start.elapsed(),
    }
}

/// The folders asked for that are in the library.
fn chosen(rounds: &Rounds<'_>, options: &IndexOptions) -> Result<Vec<Folder>> {
    let mut folders = lock(&rounds.store).folders()?;
    if let Some(wanted) = &options.folders {
        folders.retain(|folder| wanted.contains(&folder.id));
    }
    Ok(folders)
}

/// A watcher, or the clock where watching fails.
struct Watch {
    watcher: Option<Watcher>,
    /// Whether some folder is not watched.
    blind: bool,
    missing: bool,
    next_poll: Instant,
}

impl Watch {
    fn new(folders: &[Folder], meter: &Meter) -> Self {
        let mut watch =
            Self { watcher: None, blind: false, missing: false, next_poll: Instant::now() + POLL };
        match Watcher::new() {
            Ok(mut watcher) => {
                for folder in folders.iter().filter(|folder| folder.path.is_dir()) {
                    if let Err(error) = watcher.add(&folder.path) {
                        watch.fall_back(&error.to_string(), meter);
                    }
                }
                watch.watcher = Some(watcher);
            }
            Err(error) => watch.fall_back(&error.to_string(), meter),
        }
        watch
    }

    /// Waits a moment. `Some(None)`: look at everything.
    fn wait(&mut self, meter: &Meter) -> Option<Option<Touched>> {
        let news = match &self.watcher {
            Some(watcher) => watcher.wait(GLANCE),
            None => {
                std::thread::sleep(GLANCE);
                None
            }
        };
        match news {
            Some(Watched::Touched(touched)) if !touched.is_empty() => return Some(Some(touched)),
            Some(Watched::Failed(why)) => {
                self.fall_back(&why, meter);
                return Some(None);
            }
            _ => {}
        }
        if (self.blind || self.missing) && Instant::now() >= self.next_poll {
            self.next_poll = Instant::now() + POLL;
            return Some(None);
        }
        None
    }

    fn fall_back(&mut self, why: &str, meter: &Meter) {
        tracing::warn!(why, "folders cannot be watched");
        if !self.blind {
            self.blind = true;
            let message = format!(
                "changes in the folders cannot be watched ({why}); they are looked at every minute instead"
            );
            meter.tell(IndexEvent::Notice { code: "folder.not_watched", message });
        }
    }
}
