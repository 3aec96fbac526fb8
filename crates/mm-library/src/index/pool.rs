//! The threads of a round: several that read and decode, and one lane that analyses.
//!
//! The channel to the lane holds nothing: a decoding thread keeps its photo until the lane takes it. So there are never
//! more decoded photos than decoding threads and one.

use std::{
    any::Any,
    collections::{HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, SyncSender},
    },
    time::{Duration, Instant},
};

use mm_core::{decode::Limits, geometry::Quad};

use super::{
    analyser::{Analyser, Analysis},
    control::Control,
    meter::Meter,
    strain::{Caution, REST, Strain},
    types::Pace,
};
use crate::{
    error::{LibraryError, Result},
    photo::{self, Exif, Photo, PhotoBytes},
    store::{ContentHash, FileFacts, FileId, FolderId, PhotoRecord, Store, StoredRegion, StoredWord},
};

/// How long to look for better conditions again.
const WAIT: Duration = Duration::from_secs(2);

/// A file to deal with.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub folder: FolderId,
    pub root: std::sync::Arc<PathBuf>,
    /// As the scan found it.
    pub facts: FileFacts,
    /// If it was known before.
    pub known: Option<FileId>,
}

impl Job {
    pub fn path(&self) -> PathBuf {
        self.root.join(&self.facts.path)
    }
}

/// What became of a file. Facts in the job are those of the bytes that were read.
pub(super) enum Outcome {
    /// Analysed.
    Analysed { job: Job, photo: Box<PhotoRecord> },
    /// Its content is in the database.
    Known { job: Job, hash: ContentHash },
    /// It cannot be analysed; the hash if it could be read.
    Failed { job: Job, hash: Option<ContentHash>, error: LibraryError },
    /// Nothing to do any more: it is gone, or its folder is.
    Vanished { job: Job },
    /// Every photo would fail for this reason.
    Fatal(LibraryError),
}

/// A decoded photo on its way to the lane.
pub(super) struct Decoded {
    job: Job,
    hash: ContentHash,
    photo: Photo,
}

/// What the threads of a round share.
pub(super) struct Shared<'a> {
    pub store: &'a Mutex<Store>,
    pub analyser: &'a dyn Analyser,
    pub model: &'a str,
    pub control: &'a Control,
    pub meter: &'a Meter,
    /// Contents being analysed, each with the other files that hold it.
    pub in_work: Mutex<HashMap<ContentHash, Vec<Job>>>,
    /// Folders removed from the library since the round began.
    pub removed: Mutex<HashSet<FolderId>>,
    pub limits: Limits,
}

/// Reads and decodes jobs until there are none.
pub(super) fn decode(
    shared: &Shared<'_>,
    jobs: &Mutex<Receiver<Job>>,
    lane: &SyncSender<Decoded>,
    outcomes: &SyncSender<Outcome>,
) {
    while shared.control.wait_while_paused() {
        let next = lock(jobs).recv();
        let Ok(mut job) = next else { return };
        let prepared = catch_unwind(AssertUnwindSafe(|| prepare(shared, &mut job)));
        let outcome = match prepared.unwrap_or_else(|panic| Step::Failed(None, panicked(&job, &*panic))) {
            Step::Analyse(hash, photo) => {
                if lane.send(Decoded { job, hash, photo: *photo }).is_err() {
                    return;
                }
                continue;
            }
            Step::Waits => continue,
            Step::Known(hash) => Outcome::Known { job, hash },
            Step::Vanished => Outcome::Vanished { job },
            Step::Failed(hash, error) => Outcome::Failed { job, hash, error },
        };
        if outcomes.send(outcome).is_err() {
            return;
        }
    }
}

enum Step {
    Analyse(ContentHash, Box<Photo>),
    /// Another file with the same content is being analysed.
    Waits,
    Known(ContentHash),
    Vanished,
    Failed(Option<ContentHash>, LibraryError),
}

fn prepare(shared: &Shared<'_>, job: &mut Job) -> Step {
    if lock(&shared.removed).contains(&job.folder) {
        return Step::Vanished;
    }
    let bytes = match photo::read(&job.root, &job.facts.path, &shared.limits) {
        Ok(bytes) => bytes,
        Err(error) if is_missing(&error) => return Step::Vanished,
        Err(error) => return Step::Failed(None, error),
    };
    job.facts = bytes.facts.clone();
    match claim(shared, job, &bytes) {
        Ok(None) => {}
        Ok(Some(step)) => return step,
        Err(error) => return Step::Failed(None, error),
    }
    let hash = bytes.hash;
    // Here already, not only around the whole: whoever waits for this content must hear of it.
    let decoded = catch_unwind(AssertUnwindSafe(|| bytes.decode(&shared.limits)));
    match decoded.unwrap_or_else(|panic| Err(panicked(job, &*panic))) {
        Ok(photo) => Step::Analyse(hash, Box::new(photo)),
        Err(error) => Step::Failed(Some(hash), error),
    }
}

/// Takes the content for analysis, unless it is known or somebody has taken it.
fn claim(shared: &Shared<'_>, job: &Job, bytes: &PhotoBytes) -> Result<Option<Step>> {
    let mut in_work = lock(&shared.in_work);
    if let Some(waiting) = in_work.get_mut(&bytes.hash) {
        waiting.push(job.clone());
        return Ok(Some(Step::Waits));
    }
    // Under the lock: a content leaves `in_work` only after it was committed.
    if lock(shared.store).content_of(&bytes.hash, shared.model)?.is_some() {
        return Ok(Some(Step::Known(bytes.hash)));
    }
    in_work.insert(bytes.hash, Vec::new());
    Ok(None)
}

/// Analyses photos until there are none.
pub(super) fn analyse(
    shared: &Shared<'_>,
    mut caution: Caution,
    photos: &Receiver<Decoded>,
    outcomes: &SyncSender<Outcome>,
) -> Caution {
    let mut took = Duration::ZERO;
    while let Ok(Decoded { job, hash, photo }) = photos.recv() {
        if !hold_back(shared, &mut caution, took) {
            return caution;
        }
        shared.meter.current(&job.path());
        let start = Instant::now();
        let analysis =
            catch_unwind(AssertUnwindSafe(|| shared.analyser.analyse(&photo.image, shared.control.token())));
        took = start.elapsed();
        let Photo { image, exif, thumbnail } = photo;
        let size = image.dimensions();
        // Before waiting for the writer: the next photo is on its way.
        drop(image);
        let outcome = match analysis {
            Ok(Ok(analysis)) => {
                caution.note(took, !analysis.page.regions.is_empty());
                let photo = Box::new(record(hash, shared.model, size, exif, thumbnail, analysis));
                Outcome::Analysed { job, photo }
            }
            Ok(Err(_)) if shared.control.is_over() => return caution,
            Ok(Err(error)) if is_fatal(&error) => Outcome::Fatal(error.into()),
            Ok(Err(error)) => Outcome::Failed { job, hash: Some(hash), error: error.into() },
            Err(panic) => {
                let error = panicked(&job, &*panic);
                Outcome::Failed { job, hash: Some(hash), error }
            }
        };
        if outcomes.send(outcome).is_err() {
            return caution;
        }
    }
    caution
}

/// Rests as battery, heat and whoever watches want it; `false` if there is nothing to do any more.
fn hold_back(shared: &Shared<'_>, caution: &mut Caution, took: Duration) -> bool {
    loop {
        if !shared.control.wait_while_paused() {
            return false;
        }
        let strain = match shared.control.pace() {
            Pace::Full => Strain::None,
            Pace::Gentle => caution.strain(),
        };
        match strain {
            Strain::None => {
                shared.meter.strain(None);
                return true;
            }
            Strain::Slow(why) => {
                shared.meter.strain(Some(why));
                shared.control.rest(took * REST);
                return shared.control.wait_while_paused();
            }
            Strain::Stop(why) => {
                shared.meter.strain(Some(why));
                shared.control.rest(WAIT);
            }
        }
    }
}

/// Failures that are the same for every photo: nothing is gained by listing each.
fn is_fatal(error: &mm_core::Error) -> bool {
    let code = error.code();
    code.starts_with("bundle.")
        || matches!(code, "task.unsupported" | "runtime.library_missing" | "runtime.model_invalid")
}

fn is_missing(error: &LibraryError) -> bool {
    matches!(error, LibraryError::Core(mm_core::Error::FileUnreadable { source, .. })
        if source.kind() == std::io::ErrorKind::NotFound)
}

fn panicked(job: &Job, panic: &(dyn Any + Send)) -> LibraryError {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let detail = text.or_else(|| panic.downcast_ref::<String>().cloned());
    LibraryError::PhotoPanicked {
        path: job.path(),
        detail: detail.unwrap_or_else(|| "without a message".to_owned()),
    }
}

fn record(
    hash: ContentHash,
    model: &str,
    (width, height): (u32, u32),
    exif: Exif,
    thumbnail: Vec<u8>,
    analysis: Analysis,
) -> PhotoRecord {
    let quad = |quad: &Quad| quad.0.map(<[f32; 2]>::from);
    let page = analysis.page.regions.into_iter().map(|region| StoredRegion {
        quad: quad(&region.quad),
        confidence: region.confidence,
        words: region
            .words
            .into_iter()
            .map(|word| StoredWord { quad: quad(&word.quad), text: word.text })
            .collect(),
        text: region.text,
    });
    PhotoRecord {
        hash,
        model: model.to_owned(),
        width,
        height,
        taken: exif.taken,
        camera: exif.camera,
        place: exif.place,
        embedding: analysis.embedding,
        caption: analysis.caption,
        caption_confidence: analysis.caption_confidence,
        page: page.collect(),
        thumbnail,
    }
}

/// A panic elsewhere leaves these maps and receivers whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
