//! Round after round: the first over everything, then one for every change.

use std::{
    path::PathBuf,
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
const POLL: Duration = Duration::from_mins(1);

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
    let mut watch = options.watch.then(|| Watch::new(meter));
    if let Some(watch) = &mut watch {
        // Before the first look, so that nothing that happens after it is missed.
        watch.cover(&folders, meter);
    }
    let ended = rounds.round(&folders, None)?;
    let mut summary = summarise(control, meter, &ended, start);
    if let Some(mut watch) = watch.filter(|_| !summary.cancelled) {
        meter.tell(IndexEvent::Finished(summary.clone()));
        watch.lose(&ended.missing);
        summary = go_on(&mut rounds, options, watch, summary)?;
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
        let touched = match watch.wait(rounds.meter) {
            News::Nothing => continue,
            News::Touched(touched) => Some(touched),
            News::LookAtAll => None,
        };
        let start = Instant::now();
        let folders = chosen(rounds, options)?;
        watch.cover(&folders, rounds.meter);
        let before = rounds.meter.progress();
        let ended = rounds.round(&folders, touched.as_ref())?;
        if touched.is_none() {
            watch.missing = false;
        }
        watch.lose(&ended.missing);
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

/// What happened meanwhile.
enum News {
    Nothing,
    Touched(Touched),
    LookAtAll,
}

/// A watcher, or the clock where watching fails.
struct Watch {
    watcher: Option<Watcher>,
    /// Whether some folder is there and cannot be watched.
    blind: bool,
    /// Whether some folder is not there.
    missing: bool,
    next_poll: Instant,
}

impl Watch {
    fn new(meter: &Meter) -> Self {
        let mut watch =
            Self { watcher: None, blind: false, missing: false, next_poll: Instant::now() + POLL };
        match Watcher::new() {
            Ok(watcher) => watch.watcher = Some(watcher),
            Err(error) => watch.fall_back(&error.to_string(), meter),
        }
        watch
    }

    /// Watches those of `folders` that are there.
    fn cover(&mut self, folders: &[Folder], meter: &Meter) {
        let Some(watcher) = &mut self.watcher else { return };
        let present = folders.iter().filter(|folder| folder.path.is_dir());
        let failed = present.filter_map(|folder| watcher.add(&folder.path).err()).last();
        if let Some(error) = failed {
            self.fall_back(&error.to_string(), meter);
        }
    }

    /// Notes folders that were not there.
    fn lose(&mut self, missing: &[PathBuf]) {
        self.missing |= !missing.is_empty();
        if let Some(watcher) = &mut self.watcher {
            for folder in missing {
                watcher.remove(folder);
            }
        }
    }

    /// Waits a moment.
    fn wait(&mut self, meter: &Meter) -> News {
        let news = if let Some(watcher) = &self.watcher {
            watcher.wait(GLANCE)
        } else {
            std::thread::sleep(GLANCE);
            None
        };
        match news {
            Some(Watched::Touched(touched)) if !touched.is_empty() => return News::Touched(touched),
            Some(Watched::Failed(why)) => {
                self.fall_back(&why, meter);
                return News::LookAtAll;
            }
            _ => {}
        }
        if (self.blind || self.missing) && Instant::now() >= self.next_poll {
            self.next_poll = Instant::now() + POLL;
            return News::LookAtAll;
        }
        News::Nothing
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
