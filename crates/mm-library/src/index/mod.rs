//! Indexing: every new content once, on whatever pace the machine has.
//!
//! A round scans the folders, compares sizes and times with what is known, and deals with the rest: threads read, hash
//! and decode; one lane analyses; one writer commits at most 16 photos or a second of work at a time. A
//! content that is known (a file moved, copied or touched) is not analysed again; two copies found at once are analysed
//! once. Files that are gone are forgotten after everything else is done, so that a moved file finds its content.

mod analyser;
mod batch;
mod control;
mod meter;
mod pool;
mod round;
mod run;
mod strain;
mod types;

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

pub use self::{
    analyser::{Analyser, Analysis},
    types::{IndexEvent, IndexOptions, IndexProgress, Pace, Phase, Summary, Waiting},
};
use self::{
    control::Control,
    meter::Meter,
    strain::{Device, Sensors},
};
use crate::{
    error::{LibraryError, Result},
    store::Store,
};

/// Most photos in one commit: what a crash can lose, and far more than a commit costs.
const BATCH: usize = 16;
/// Longest that an analysed photo waits for its commit.
const BATCH_TIME: Duration = Duration::from_secs(1);

/// Indexing that runs. Dropping it cancels it at once and waits for its threads.
pub struct IndexHandle {
    control: Arc<Control>,
    meter: Arc<Meter>,
    thread: Option<JoinHandle<Result<Summary>>>,
}

/// Starts indexing. Events come until it has ended; a failure of the whole comes from [`IndexHandle::join`].
pub fn start(options: IndexOptions, analyser: Arc<dyn Analyser>) -> (IndexHandle, Receiver<IndexEvent>) {
    let open = {
        let database = options.database.clone();
        move |meter: &Meter| {
            let opened = Store::open(&database)?;
            if let Some(recovered) = opened.recovered {
                let message = recovered.to_string();
                meter.tell(IndexEvent::Notice { code: "library.recovered", message });
            }
            Ok(opened.store)
        }
    };
    start_with(options, analyser, Box::new(Device::default()), open)
}

fn start_with(
    options: IndexOptions,
    analyser: Arc<dyn Analyser>,
    sensors: Box<dyn Sensors>,
    open: impl FnOnce(&Meter) -> Result<Store> + Send + 'static,
) -> (IndexHandle, Receiver<IndexEvent>) {
    let (sender, events) = mpsc::channel();
    let control = Arc::new(Control::new(options.pace));
    let meter = Arc::new(Meter::new(sender));
    let thread = {
        let (control, meter) = (control.clone(), meter.clone());
        thread::spawn(move || {
            let done = open(&meter)
                .and_then(|store| run::run(&options, store, &*analyser, sensors, &control, &meter));
            meter.phase(Phase::Done);
            meter.close();
            done
        })
    };
    (IndexHandle { control, meter, thread: Some(thread) }, events)
}

impl IndexHandle {
    /// Stops after the photo in hand, or goes on.
    pub fn pause(&self, paused: bool) {
        self.control.pause(paused);
        self.meter.paused(paused);
    }

    /// Ends at once: the photo in hand is given up, what is analysed is committed.
    pub fn cancel(&self) {
        self.control.cancel();
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> IndexProgress {
        self.meter.progress()
    }

    /// From now on considerately, or as fast as it goes.
    pub fn set_pace(&self, pace: Pace) {
        self.control.set_pace(pace);
    }

    /// Waits for the end: of the first round, or when folders are watched until it is cancelled.
    ///
    /// Fails with `library.*` and with what would fail for every photo: `bundle.*`, `runtime.*`, `task.unsupported`.
    /// What was committed before is kept.
    pub fn join(mut self) -> Result<Summary> {
        self.wait().unwrap_or_else(|| Ok(Summary::default()))
    }

    fn wait(&mut self) -> Option<Result<Summary>> {
        let ended = self.thread.take()?.join();
        Some(ended.unwrap_or_else(|_| {
            Err(LibraryError::Failed { detail: "indexing ended unexpectedly".to_owned() })
        }))
    }
}

impl Drop for IndexHandle {
    fn drop(&mut self) {
        self.control.cancel();
        if let Some(Err(error)) = self.wait() {
            tracing::warn!(%error, "indexing failed after nobody waited for it");
        }
    }
}
