//! The indexer at work, and what it tells the page.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, Weak, mpsc::Receiver},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use mm_core::{RgbImage, model::Model, tasks::CancelToken};
use mm_library::index::{self, Analyser, Analysis, IndexEvent, IndexHandle, IndexOptions, Pace, Summary};

use crate::{
    error::AppError,
    lane::Lane,
    sync::lock,
    types::{IndexProgress, LibraryEvent},
};

/// Takes what the library tells.
pub type Sink = Arc<dyn Fn(LibraryEvent) + Send + Sync>;

/// The page's subscription: the newest one, or none.
#[derive(Clone, Default)]
pub struct Events(Arc<Mutex<Option<Sink>>>);

impl Events {
    /// Replaces an older subscription, as after the page was loaded again.
    pub fn subscribe(&self, sink: Sink) {
        *lock(&self.0) = Some(sink);
    }

    /// Tells the page, if there is one.
    pub fn tell(&self, event: LibraryEvent) {
        let sink = lock(&self.0).clone();
        if let Some(sink) = sink {
            sink(event);
        }
    }
}

/// Lets whoever a person waits for go first; see [`Lane`].
struct Polite {
    model: Arc<dyn Analyser>,
    lane: Lane,
}

impl Analyser for Polite {
    fn key(&self) -> String {
        self.model.key()
    }

    fn analyse(&self, image: &RgbImage, cancel: &CancelToken) -> mm_core::Result<Analysis> {
        self.lane.wait(cancel)?;
        self.model.analyse(image, cancel)
    }
}

/// How the indexer is to work.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// Makes a break until it is told to go on.
    pub paused: bool,
    /// Spares neither battery nor fans.
    pub full_speed: bool,
}

impl Manner {
    fn pace(self) -> Pace {
        if self.full_speed { Pace::Full } else { Pace::Gentle }
    }
}

/// The handle, until the indexer has ended.
type Slot = Arc<Mutex<Option<IndexHandle>>>;

/// An indexer at work; dropping it ends it and keeps what is done.
pub struct Indexer {
    handle: Slot,
    /// Why it ended by itself.
    problem: Arc<Mutex<Option<AppError>>>,
    listener: Option<JoinHandle<()>>,
    model: Weak<Model>,
}

impl Indexer {
    /// Begins to index every folder of `database`, and goes on with what changes in them.
    pub fn start(database: PathBuf, model: &Arc<Model>, manner: Manner, lane: Lane, events: Events) -> Self {
        let options = IndexOptions { watch: true, pace: manner.pace(), ..IndexOptions::new(database) };
        let analyser = Polite { model: Arc::<Model>::clone(model), lane };
        let (handle, told) = index::start(options, Arc::new(analyser));
        handle.pause(manner.paused);
        let (slot, problem) = (Slot::new(Mutex::new(Some(handle))), Arc::default());
        let listener = thread::spawn({
            let (slot, problem) = (Arc::clone(&slot), Arc::clone(&problem));
            move || {
                listen(&told, &events);
                let handle = lock(&slot).take();
                if let Some(Err(error)) = handle.map(IndexHandle::join) {
                    tracing::warn!(code = error.code(), "the indexer ended");
                    *lock(&problem) = Some(error.into());
                    events.tell(LibraryEvent::Changed);
                }
            }
        });
        Self { handle: slot, problem, listener: Some(listener), model: Arc::downgrade(model) }
    }

    /// Whether it works with `model`.
    pub fn is_on(&self, model: &Arc<Model>) -> bool {
        self.model.as_ptr() == Arc::as_ptr(model)
    }

    /// Takes another manner of work into use.
    pub fn set(&self, manner: Manner) {
        if let Some(handle) = &*lock(&self.handle) {
            handle.pause(manner.paused);
            handle.set_pace(manner.pace());
        }
    }

    /// How far it is; `None` once it has ended.
    pub fn progress(&self) -> Option<IndexProgress> {
        lock(&self.handle).as_ref().map(|handle| handle.progress().into())
    }

    /// Why it ended by itself, if it did.
    pub fn problem(&self) -> Option<AppError> {
        lock(&self.problem).clone()
    }
}

impl Drop for Indexer {
    fn drop(&mut self) {
        if let Some(handle) = &*lock(&self.handle) {
            handle.cancel();
        }
        if self.listener.take().is_some_and(|listener| listener.join().is_err()) {
            tracing::error!("the listener of the indexer panicked");
        }
    }
}

/// Passes on what the indexer tells until it ends.
fn listen(told: &Receiver<IndexEvent>, events: &Events) {
    let mut watch = Changes::default();
    for event in told {
        match event {
            IndexEvent::Progress(progress) => {
                let changed = watch.seen(&progress, Instant::now());
                events.tell(LibraryEvent::Progress { progress: progress.into() });
                if changed {
                    events.tell(LibraryEvent::Changed);
                }
            }
            IndexEvent::Failed { path, code, message } => {
                tracing::info!(code, "a picture is left out of the index");
                let error = AppError::new(&code, &message);
                events.tell(LibraryEvent::Failed { path: path.display().to_string(), error });
            }
            IndexEvent::FolderMissing { path } => {
                tracing::warn!("a folder of the library is not there");
                events.tell(LibraryEvent::FolderMissing { path: path.display().to_string() });
            }
            IndexEvent::Notice { code, message } => tracing::warn!(code, message, "the indexer notes"),
            IndexEvent::Finished(Summary { progress, cancelled: false, .. }) => {
                tracing::info!(
                    progress.found,
                    progress.added,
                    progress.moved,
                    progress.failed,
                    progress.removed,
                    "the photo index is up to date"
                );
                events.tell(LibraryEvent::Finished { progress: progress.into() });
                events.tell(LibraryEvent::Changed);
            }
            // A round that was cancelled; events of a newer library.
            _ => {}
        }
    }
}

/// When the page is told to look again: a grid that is drawn anew with every photo would not hold still.
#[derive(Default)]
struct Changes {
    told: Option<(Instant, [u64; 3])>,
}

impl Changes {
    const INTERVAL: Duration = Duration::from_secs(2);

    /// Whether photos came or went since the page was last told, and that was a while ago.
    fn seen(&mut self, progress: &index::IndexProgress, now: Instant) -> bool {
        let counts = [progress.added, progress.moved, progress.removed];
        match self.told {
            None => {
                self.told = Some((now, [0; 3]));
                false
            }
            Some((at, told)) if told != counts && now >= at + Self::INTERVAL => {
                self.told = Some((now, counts));
                true
            }
            Some(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_looks_again_after_changes_and_not_too_often() {
        let begun = Instant::now();
        let mut changes = Changes::default();
        let mut at = |seconds, added| {
            let progress = index::IndexProgress { added, ..Default::default() };
            changes.seen(&progress, begun + Duration::from_secs(seconds))
        };
        let told = [at(0, 0), at(1, 1), at(2, 2), at(3, 3), at(4, 3), at(9, 3), at(10, 4)];
        assert_eq!(told, [false, false, true, false, true, false, true]);
    }

    #[test]
    fn a_page_that_was_loaded_again_hears_in_place_of_the_old_one() {
        let events = Events::default();
        events.tell(LibraryEvent::Changed);
        let heard = [Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0))];
        for page in &heard {
            let page = Arc::clone(page);
            events.subscribe(Arc::new(move |_| *page.lock().unwrap() += 1));
            events.tell(LibraryEvent::Changed);
        }
        assert_eq!(heard.map(|page| *page.lock().unwrap()), [1, 1]);
    }
}
