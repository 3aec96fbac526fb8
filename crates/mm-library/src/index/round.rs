//! One round: scan, compare, deal with the rest, forget what is gone.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
};

use jiff::Timestamp;
use mm_core::decode::Limits;

use super::{
    BATCH,
    analyser::Analyser,
    batch::Writer,
    control::Control,
    meter::Meter,
    pool::{self, Job, Outcome, Shared, lock},
    strain::Caution,
    types::{IndexEvent, Phase},
};
use crate::{
    error::{LibraryError, Result},
    scan::{self, Scan, Touched},
    store::{Change, ContentId, FileFacts, FileId, Folder, FolderId, KnownFile, Store},
};

/// What all rounds share.
pub(super) struct Rounds<'a> {
    pub store: Mutex<Store>,
    pub analyser: &'a dyn Analyser,
    pub model: String,
    pub control: &'a Control,
    pub meter: &'a Meter,
    pub decode_threads: usize,
    /// Taken by the lane of a round and given back.
    pub caution: Option<Caution>,
}

/// What a round came to besides the counts.
#[derive(Debug, Default)]
pub(super) struct Ended {
    pub online_only: u64,
    pub missing: Vec<PathBuf>,
    /// Whether anything in the library is different now.
    pub changed: bool,
}

/// What there is to do.
#[derive(Default)]
struct Plan {
    /// New files first: one that has moved must find its content before the place it was at gets another.
    new: Vec<Job>,
    changed: Vec<Job>,
    gone: Vec<FileId>,
    /// Contents of what is gone.
    missing: HashMap<ContentId, u64>,
    scanned: Vec<FolderId>,
}

impl Rounds<'_> {
    /// Brings `folders` up to date, or the parts of them that were `touched`.
    pub fn round(&mut self, folders: &[Folder], touched: Option<&Touched>) -> Result<Ended> {
        self.meter.restart();
        self.meter.phase(Phase::Scanning);
        let mut ended = Ended::default();
        let mut plan = Plan::default();
        for folder in folders {
            let part = touched.map(|touched| touched.inside(&folder.path));
            if part.as_ref().is_some_and(Option::is_none) {
                continue;
            }
            if !self.control.wait_while_paused() {
                return Ok(ended);
            }
            self.plan_folder(folder, part.flatten().as_ref(), &mut plan, &mut ended)?;
        }
        self.meter.phase(Phase::Indexing);
        ended.changed = !plan.new.is_empty() || !plan.changed.is_empty() || !plan.gone.is_empty();
        let jobs = plan.new.into_iter().chain(plan.changed).collect();
        let moved = self.work(jobs, plan.missing)?;
        if self.control.is_over() {
            return Ok(ended);
        }
        let mut store = lock(&self.store);
        for some in plan.gone.chunks(256) {
            let changes: Vec<Change> = some.iter().map(|file| Change::Gone { file: *file }).collect();
            store.commit(&changes)?;
        }
        self.meter.count(|progress| progress.removed = (plan.gone.len() as u64).saturating_sub(moved));
        for folder in plan.scanned {
            store.mark_scanned(folder, Timestamp::now())?;
        }
        Ok(ended)
    }

    /// Scans a folder and adds what is to be done there.
    fn plan_folder(
        &self,
        folder: &Folder,
        touched: Option<&Touched>,
        plan: &mut Plan,
        ended: &mut Ended,
    ) -> Result<()> {
        let known = lock(&self.store).files_of(folder.id)?;
        let before = self.meter.progress().found;
        let any_known = known.iter().any(|file| file.content.is_some());
        let found = |pictures| {
            self.meter.count(|progress| progress.found = before + pictures as u64);
            self.meter.tick();
        };
        let scan = match scan::scan(&folder.path, touched, any_known, self.control.token(), found) {
            Ok(scan) => scan,
            Err(LibraryError::Core(mm_core::Error::TaskCancelled)) => return Ok(()),
            Err(error) => {
                // Unplugged, or not for us to read at the moment: everything stays known.
                tracing::warn!(folder = %folder.path.display(), %error, "left as it is");
                self.meter.tell(IndexEvent::FolderMissing { path: folder.path.clone() });
                self.meter.count(|progress| progress.found = before);
                ended.missing.push(folder.path.clone());
                return Ok(());
            }
        };
        self.meter.count(|progress| progress.found = before + scan.pictures.len() as u64);
        ended.online_only += scan.online_only.len() as u64;
        for (part, source) in &scan.unreadable {
            let path = folder.path.join(part);
            let message = format!("cannot list {}: {source}; check its permissions", path.display());
            self.meter.tell(IndexEvent::Failed { path, code: "folder.unreadable".to_owned(), message });
        }
        plan.compare(folder, known, scan, touched, self);
        if touched.is_none() {
            plan.scanned.push(folder.id);
        }
        Ok(())
    }

    /// Deals with every job; how many files turned out to have moved.
    fn work(&mut self, jobs: Vec<Job>, missing: HashMap<ContentId, u64>) -> Result<u64> {
        let Some(caution) = self.caution.take().filter(|_| !jobs.is_empty()) else { return Ok(0) };
        let shared = Shared {
            store: &self.store,
            analyser: self.analyser,
            model: &self.model,
            control: self.control,
            meter: self.meter,
            in_work: Mutex::default(),
            removed: Mutex::new(HashSet::new()),
            limits: Limits::default(),
        };
        let left = jobs.len() as u64;
        let (again, queue) = mpsc::channel();
        for job in jobs {
            // The queue is right here.
            let _ = again.send(job);
        }
        let queue = Mutex::new(queue);
        // Enough that the lane does not wait for a commit, little enough that a locked database stops it soon.
        let (outcome, outcomes) = mpsc::sync_channel(BATCH);
        let (to_lane, photos) = mpsc::sync_channel(0);
        let (caution, done) = thread::scope(|scope| {
            for _ in 0..self.decode_threads.max(1) {
                let (to_lane, outcome) = (to_lane.clone(), outcome.clone());
                let (shared, queue) = (&shared, &queue);
                scope.spawn(move || pool::decode(shared, queue, &to_lane, &outcome));
            }
            drop(to_lane);
            let lane = {
                let shared = &shared;
                // Its ends of the channels are its own: decoding threads see when it is gone, the writer too.
                scope.spawn(move || pool::analyse(shared, caution, &photos, &outcome))
            };
            let mut writer = Writer::new(&shared, &again, missing, left);
            let done = write(&mut writer, &shared, &outcomes);
            let moved = writer.moved();
            if done.is_err() {
                self.control.halt();
            }
            // Whoever waits to hand over an outcome, or for a job, sees that nobody is there.
            drop((again, outcomes));
            (lane.join().ok(), done.map(|()| moved))
        });
        self.caution = caution;
        done
    }
}

/// Takes outcomes and commits them until nothing is left.
fn write(writer: &mut Writer<'_>, shared: &Shared<'_>, outcomes: &Receiver<Outcome>) -> Result<()> {
    while !writer.is_done() && !shared.control.is_over() {
        match outcomes.recv_timeout(writer.patience()) {
            Ok(outcome) => writer.take(outcome)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if writer.is_due() {
            writer.commit()?;
        }
        shared.meter.tick();
    }
    // What was analysed before a cancel is not lost.
    for outcome in outcomes.try_iter() {
        writer.take(outcome)?;
    }
    writer.commit()
}

impl Plan {
    /// Compares what is there with what is known.
    fn compare(
        &mut self,
        folder: &Folder,
        known: Vec<KnownFile>,
        scan: Scan,
        touched: Option<&Touched>,
        rounds: &Rounds<'_>,
    ) {
        let root = Arc::new(folder.path.clone());
        let mut known: HashMap<PathBuf, KnownFile> =
            known.into_iter().map(|file| (file.path.clone(), file)).collect();
        let (mut unchanged, mut failed) = (0, 0);
        for facts in scan.pictures {
            let before = known.remove(&facts.path);
            match before.as_ref().map(|file| state(file, &facts, &rounds.model)) {
                Some(State::Done) => unchanged += 1,
                Some(State::Failed) => failed += 1,
                Some(State::Due) | None => {
                    let new = before.is_none();
                    let job = Job {
                        folder: folder.id,
                        root: root.clone(),
                        facts,
                        known: before.map(|file| file.id),
                    };
                    if new { self.new.push(job) } else { self.changed.push(job) }
                }
            }
        }
        rounds.meter.count(|progress| {
            progress.unchanged += unchanged;
            progress.failed += failed;
            progress.done += unchanged + failed;
        });
        // Not seen; kept all the same where nobody could look, and where only the bytes are elsewhere now.
        for path in &scan.online_only {
            known.remove(path);
        }
        let lost = known.into_values().filter(|file| {
            let looked = touched.is_none_or(|touched| touched.contains(&folder.path.join(&file.path)));
            looked && !scan.unreadable.iter().any(|(part, _)| file.path.starts_with(part))
        });
        for file in lost {
            self.gone.push(file.id);
            if let Some(content) = file.content {
                *self.missing.entry(content).or_default() += 1;
            }
        }
    }
}

enum State {
    Done,
    /// Failed for a reason in its bytes, which have not changed.
    Failed,
    Due,
}

fn state(known: &KnownFile, facts: &FileFacts, model: &str) -> State {
    if known.size != facts.size || known.modified_ns != facts.modified_ns {
        return State::Due;
    }
    match (&known.content, &known.model, &known.failure) {
        (Some(_), Some(by), _) if by == model => State::Done,
        // A missing permission or a failing runtime may be mended while the file stays as it is.
        (None, _, Some(code)) if code.starts_with("image.") => State::Failed,
        _ => State::Due,
    }
}
