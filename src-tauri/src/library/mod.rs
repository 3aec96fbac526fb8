//! The photo library: its index is made in the background while nobody waits for the models, and read from here.

mod indexer;
mod reader;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use mm_core::{
    decode::{self, Limits},
    model::Model,
    tasks::embed::Embedding,
};
use mm_library::{
    LibraryError,
    search::{self, Query},
    store::{Store, Totals},
};

pub use self::indexer::Sink;
use self::{
    indexer::{Events, Indexer, Manner},
    reader::{For, Reader},
};
use crate::{
    engine::Engine,
    error::{AppError, Reply},
    jpeg,
    lane::{self, Lane},
    photos,
    sync::lock,
    types::{
        IndexProgress, LibraryEvent, LibraryFailure, LibraryFolder, LibraryFolderId, LibraryHit, LibraryPage,
        LibraryPhoto, LibraryQuery, LibraryState, PhotoId,
    },
};

/// Environment variable with a folder that is in the library from the start, for tests and kiosks.
pub const FOLDER_VARIABLE: &str = "MM_APP_LIBRARY";

/// Most hits, or failures, given at once.
const MOST: u32 = 500;
/// The code of a database that was found damaged.
const DAMAGED: &str = "library.database_corrupt";
/// What a page of no library says.
const NOTHING: LibraryPage =
    LibraryPage { hits: Vec::new(), total: 0, words: String::new(), without: Vec::new(), when: None };

/// The library. Clones share it.
#[derive(Clone)]
pub struct Library(Arc<Inner>);

struct Inner {
    reader: Reader,
    engine: Engine,
    lane: Lane,
    events: Events,
    control: Mutex<Control>,
    /// [`FOLDER_VARIABLE`], until it is added.
    wanted: Mutex<Option<PathBuf>>,
    /// Tells addresses of one index from those of another, in which a photo has another number.
    index: AtomicU64,
}

#[derive(Default)]
struct Control {
    indexer: Option<Indexer>,
    manner: Manner,
    /// Someone ended it; it does not begin again by itself.
    stopped: bool,
}

impl Library {
    /// The library of the data folder `data`. Nothing is opened or written yet.
    #[must_use]
    pub fn new(data: &Path, engine: Engine, lane: Lane, wanted: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner {
            reader: Reader::new(Store::default_path(data)),
            engine,
            lane,
            events: Events::default(),
            control: Mutex::default(),
            wanted: Mutex::new(wanted),
            index: AtomicU64::new(new_index()),
        }))
    }

    /// Tells `sink` in place of whoever was told before.
    pub fn subscribe(&self, sink: Sink) {
        self.0.events.subscribe(sink);
    }

    /// Folders, totals, and how far the index is. Fails with `library.*`.
    pub fn state(&self) -> Reply<LibraryState> {
        self.add_wanted();
        let (progress, problem) = self.indexing();
        let read = self.read(For::Pictures, |store| Ok((store.folders()?, store.totals()?)))?;
        let (folders, Totals { photos, failed, database_bytes, .. }) = read.unwrap_or_default();
        Ok(LibraryState {
            folders: folders.into_iter().map(LibraryFolder::from).collect(),
            photos,
            failed,
            database_path: self.0.reader.path().display().to_string(),
            database_bytes,
            progress,
            recovered: self.0.reader.recovered(),
            problem,
        })
    }

    /// How far the indexer is, and why it ended by itself; one that met a damaged index begins again.
    fn indexing(&self) -> (Option<IndexProgress>, Option<AppError>) {
        let mut control = self.control();
        let Some(indexer) = &control.indexer else { return (None, None) };
        let (progress, problem) = (indexer.progress(), indexer.problem());
        if problem.as_ref().is_some_and(|problem| problem.code == DAMAGED) {
            let problem = self.rebuild(&mut control).err();
            return (control.indexer.as_ref().and_then(Indexer::progress), problem);
        }
        (progress, problem)
    }

    /// Adds a folder and begins to index it. Fails with `folder.*`, `library.*` or as the model does.
    pub fn add_folder(&self, path: &Path) -> Reply<LibraryFolder> {
        let mut control = self.control();
        let folder = self.0.reader.with(For::Pictures, |store| store.add_folder(path))?;
        self.0.reader.remember_folders();
        (control.stopped, control.manner.paused) = (false, false);
        self.begin(&mut control)?;
        Ok(folder.into())
    }

    /// Forgets a folder, never its photos. Fails with `folder.not_found` or `library.*`.
    pub fn remove_folder(&self, id: LibraryFolderId) -> Reply<()> {
        let mut control = self.control();
        // What is being indexed may be of that folder.
        let ran = control.indexer.take().is_some();
        let removed = self.0.reader.with(For::Pictures, |store| store.remove_folder(id.into()));
        self.0.reader.remember_folders();
        if ran {
            self.begin(&mut control)?;
        }
        self.0.events.tell(LibraryEvent::Changed);
        removed
    }

    /// Scans every folder again. Fails with `library.*` or as the model does.
    pub fn start(&self) -> Reply<()> {
        let mut control = self.control();
        (control.stopped, control.manner.paused) = (false, false);
        self.begin(&mut control)
    }

    /// Makes a break, or goes on.
    pub fn pause(&self, paused: bool) {
        let mut control = self.control();
        control.manner.paused = paused;
        control.take_manner();
    }

    /// Whether the battery and the fans are of no concern.
    pub fn set_pace(&self, full_speed: bool) {
        let mut control = self.control();
        control.manner.full_speed = full_speed;
        control.take_manner();
    }

    /// Ends the indexer until it is started; what is done is kept.
    pub fn cancel(&self) {
        let mut control = self.control();
        control.stopped = true;
        drop(control.indexer.take());
    }

    /// Deletes the index, never a photo. Fails with `file.unwritable`.
    pub fn delete(&self) -> Reply<()> {
        let mut control = self.control();
        drop(control.indexer.take());
        let deleted = self.0.reader.delete();
        self.0.index.store(new_index(), Ordering::Relaxed);
        self.0.events.tell(LibraryEvent::Changed);
        deleted
    }

    /// `model` is loaded: begins to index with it, unless that was ended, or goes on already.
    pub fn model_ready(&self, model: &Arc<Model>) {
        self.add_wanted();
        let mut control = self.control();
        if control.stopped || control.indexer.as_ref().is_some_and(|indexer| indexer.is_on(model)) {
            return;
        }
        if let Err(error) = self.begin(&mut control) {
            tracing::warn!(error.code, "photos are not indexed");
        }
    }

    /// The settings name another model: the old one is not needed any more.
    pub fn model_changed(&self) {
        let mut control = self.control();
        let current = self.0.engine.model().ok();
        let outdated = |indexer: &mut Indexer| current.as_ref().is_none_or(|model| !indexer.is_on(model));
        drop(control.indexer.take_if(outdated));
    }

    /// Files that could not be analysed, by path. Fails with `library.*`.
    pub fn failures(&self, offset: u32, limit: u32) -> Reply<Vec<LibraryFailure>> {
        let (offset, limit) = (offset as usize, limit.min(MOST) as usize);
        let failures = self.read(For::Pictures, |store| store.failures(offset, limit))?;
        Ok(failures.unwrap_or_default().into_iter().map(Into::into).collect())
    }

    /// Photos that fit `query`; `open` gives the embedding of an open photo.
    ///
    /// Fails with `library.*`, `photo.*` or as the model does.
    pub fn search(
        &self,
        query: &LibraryQuery,
        open: impl FnOnce(u32, &Arc<Model>) -> Reply<Embedding>,
    ) -> Reply<LibraryPage> {
        self.0.lane.claim(lane::TYPING);
        let model = self.0.engine.model()?;
        let like = match (query.like_photo, query.like_open) {
            (Some(id), _) => Some(self.embedding(id)?),
            (None, Some(id)) => Some(open(id, &model)?),
            (None, None) => None,
        };
        let wanted = Query {
            text: &query.text,
            like: like.as_ref(),
            offset: query.offset as usize,
            limit: query.limit.min(MOST) as usize,
            today: jiff::Zoned::now().date(),
        };
        let page = self.read(For::Search, |store| search::search(store, &*model, &wanted))?;
        Ok(page.map_or(NOTHING, |page| LibraryPage {
            hits: page
                .hits
                .into_iter()
                .map(|hit| LibraryHit::new(hit, |id| self.thumbnail_address(id)))
                .collect(),
            total: page.total as u64,
            words: page.understood.words,
            without: page.understood.without,
            when: page.understood.when.map(|(_, _, label)| label),
        }))
    }

    /// Loads what the first search needs, so that it need not wait.
    pub fn warm_up(&self) {
        let Ok(model) = self.0.engine.model() else { return };
        if let Err(error) = model.load_text() {
            tracing::warn!(code = error.code(), "searches are not ready");
        }
    }

    /// Everything known about a photo. Fails with `photo.not_found` or `library.*`.
    pub fn photo(&self, id: PhotoId) -> Reply<LibraryPhoto> {
        let details = self.known(id)?;
        let preview = photos::address(&format!("library/{}?{}", id.0, self.version()));
        Ok(LibraryPhoto::new(id, details, self.thumbnail_address(id), preview))
    }

    /// Where a photo's file is. Fails with `photo.not_found`, `file.unreadable` if it is not there, or `library.*`.
    pub fn file(&self, id: PhotoId) -> Reply<PathBuf> {
        let path = self.known(id)?.path;
        match std::fs::metadata(&path) {
            Ok(_) => Ok(path),
            Err(source) => Err(mm_core::Error::FileUnreadable { path, source }.into()),
        }
    }

    /// The JPEG of a photo's thumbnail. Fails with `photo.not_found` or `library.*`.
    pub fn thumbnail(&self, id: PhotoId) -> Reply<Vec<u8>> {
        let jpeg = self.read(For::Pictures, |store| store.thumbnail(id.into()))?.flatten();
        Ok(jpeg.ok_or(LibraryError::PhotoNotFound)?)
    }

    /// A JPEG of a photo, made from its file. Fails with `photo.not_found`, `file.unreadable`, `image.*` or `library.*`.
    pub fn preview(&self, id: PhotoId) -> Reply<Vec<u8>> {
        let image = decode::read_file(&self.known(id)?.path, &Limits::default())?;
        let mut preview = Vec::new();
        jpeg::encode(jpeg::fit(&image, photos::PREVIEW_SIDE)?.as_ref(), jpeg::STILL, &mut preview)?;
        Ok(preview)
    }

    fn known(&self, id: PhotoId) -> Reply<mm_library::store::PhotoDetails> {
        let details = self.read(For::Pictures, |store| store.photo(id.into()))?;
        Ok(details.ok_or(LibraryError::PhotoNotFound)?)
    }

    fn embedding(&self, id: PhotoId) -> Reply<Embedding> {
        let embedding = self.read(For::Pictures, |store| store.embedding(id.into()))?.flatten();
        Ok(embedding.ok_or(LibraryError::PhotoNotFound)?)
    }

    /// A photo's number is not used again in an index, and its thumbnail does not change.
    fn thumbnail_address(&self, id: PhotoId) -> String {
        photos::address(&format!("thumbnail/{}?{}", id.0, self.version()))
    }

    fn version(&self) -> u64 {
        self.0.index.load(Ordering::Relaxed)
    }

    /// As [`Reader::read`]; an index that is found damaged is made again.
    fn read<T>(&self, what: For, work: impl FnOnce(&mut Store) -> mm_library::Result<T>) -> Reply<Option<T>> {
        let outcome = self.0.reader.read(what, work);
        if matches!(&outcome, Err(error) if error.code == DAMAGED)
            && let Err(error) = self.rebuild(&mut self.control())
        {
            tracing::warn!(error.code, "photos are not indexed");
        }
        outcome
    }

    /// Makes the index again; opening it moves the damaged one aside.
    fn rebuild(&self, control: &mut Control) -> Reply<()> {
        self.0.index.store(new_index(), Ordering::Relaxed);
        self.begin(control)
    }

    /// Begins to index in place of what is at work; without a folder there is nothing to do.
    fn begin(&self, control: &mut Control) -> Reply<()> {
        drop(control.indexer.take());
        if !self.0.reader.reopen()? {
            return Ok(());
        }
        self.0.events.tell(LibraryEvent::Changed);
        if self.0.reader.with(For::Pictures, |store| store.folders())?.is_empty() {
            return Ok(());
        }
        let model = self.0.engine.model()?;
        // Every picture would fail for the same reason.
        model.load_language()?;
        model.load_ocr()?;
        let (database, lane) = (self.0.reader.path().to_path_buf(), self.0.lane.clone());
        control.indexer = Some(Indexer::start(database, &model, control.manner, lane, self.0.events.clone()));
        Ok(())
    }

    fn add_wanted(&self) {
        let mut wanted = lock(&self.0.wanted);
        if let Some(folder) = wanted.take() {
            match self.0.reader.with(For::Pictures, |store| store.add_folder(&folder)) {
                Ok(_) => self.0.reader.remember_folders(),
                Err(error) => tracing::warn!(error.code, "{FOLDER_VARIABLE} is not added"),
            }
        }
    }

    fn control(&self) -> MutexGuard<'_, Control> {
        lock(&self.0.control)
    }
}

impl Control {
    fn take_manner(&self) {
        if let Some(indexer) = &self.indexer {
            indexer.set(self.manner);
        }
    }
}

/// No two indexes are made in the same microsecond.
fn new_index() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as u64)
}
