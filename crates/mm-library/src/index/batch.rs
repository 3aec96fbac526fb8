//! The writer: gathers what becomes of files and commits it in batches.

use std::{
    collections::HashMap,
    sync::mpsc::Sender,
    time::{Duration, Instant},
};

use super::{
    BATCH, BATCH_TIME,
    pool::{Job, Outcome, Shared, lock},
    types::IndexEvent,
};
use crate::{
    error::{LibraryError, Result},
    store::{Change, ContentHash, ContentId},
};

/// How often a commit is tried against a database that another program keeps locked, each after the busy timeout.
const ATTEMPTS: usize = 12;

/// What was found out and is not committed yet.
struct Pending {
    job: Job,
    hash: Option<ContentHash>,
    change: Change,
}

/// Commits what the threads of a round find out.
pub(super) struct Writer<'a> {
    shared: &'a Shared<'a>,
    /// For files that are to be looked at once more.
    again: &'a Sender<Job>,
    pending: Vec<Pending>,
    since: Option<Instant>,
    /// Contents of files that are not where they were: found elsewhere, they have moved.
    missing: HashMap<ContentId, u64>,
    /// Files without an outcome yet.
    left: u64,
    moved: u64,
}

impl<'a> Writer<'a> {
    pub fn new(
        shared: &'a Shared<'a>,
        again: &'a Sender<Job>,
        missing: HashMap<ContentId, u64>,
        left: u64,
    ) -> Self {
        Self { shared, again, pending: Vec::new(), since: None, missing, left, moved: 0 }
    }

    /// Whether every file has its outcome, committed.
    pub fn is_done(&self) -> bool {
        self.left == 0 && self.pending.is_empty()
    }

    /// How many files were found at another place.
    pub fn moved(&self) -> u64 {
        self.moved
    }

    /// How long the next outcome can be waited for.
    pub fn patience(&self) -> Duration {
        let most = Duration::from_millis(100);
        self.since.map_or(most, |since| BATCH_TIME.saturating_sub(since.elapsed()).min(most))
    }

    /// Whether it is time to commit.
    pub fn is_due(&self) -> bool {
        let waited = self.since.is_some_and(|since| since.elapsed() >= BATCH_TIME);
        // Nothing more can come before those are committed that others wait for.
        waited || self.pending.len() >= BATCH || self.pending.len() as u64 >= self.left
    }

    /// Takes an outcome; fails if it is one for all.
    pub fn take(&mut self, outcome: Outcome) -> Result<()> {
        match outcome {
            Outcome::Analysed { job, photo } => {
                let hash = Some(photo.hash);
                let change = Change::Photo { folder: job.folder, file: job.facts.clone(), photo };
                self.push(Pending { job, hash, change });
            }
            Outcome::Known { job, hash } => self.take_known(job, hash)?,
            Outcome::Failed { job, hash, error } => self.take_failed(job, hash, &error),
            Outcome::Vanished { job } => {
                // If it was known, the scan after this one finds it gone.
                tracing::debug!(path = %job.path().display(), "gone before it was read");
                self.left -= 1;
                self.shared.meter.count(|progress| progress.done += 1);
            }
            Outcome::Fatal(error) => return Err(error),
        }
        Ok(())
    }

    fn take_known(&mut self, job: Job, hash: ContentHash) -> Result<()> {
        let content = lock(self.shared.store).content_of(&hash, self.shared.model)?;
        match content {
            Some(content) => {
                let change = Change::Same { folder: job.folder, file: job.facts.clone(), content };
                self.push(Pending { job, hash: Some(hash), change });
            }
            // The last file with it was edited or removed meanwhile.
            None => self.look_again(job),
        }
        Ok(())
    }

    fn take_failed(&mut self, job: Job, hash: Option<ContentHash>, error: &LibraryError) {
        let copies = hash.and_then(|hash| lock(&self.shared.in_work).remove(&hash)).unwrap_or_default();
        for job in std::iter::once(job).chain(copies) {
            let (path, code, message) = (job.path(), error.code().to_owned(), error.to_string());
            self.shared.meter.tell(IndexEvent::Failed { path, code: code.clone(), message: message.clone() });
            let change = Change::Failed { folder: job.folder, file: job.facts.clone(), code, message };
            self.push(Pending { job, hash: None, change });
        }
    }

    fn push(&mut self, pending: Pending) {
        self.since.get_or_insert_with(Instant::now);
        self.pending.push(pending);
    }

    fn look_again(&mut self, job: Job) {
        // The threads that take jobs live as long as the writer.
        if self.again.send(job).is_err() {
            self.left -= 1;
        }
    }

    /// Commits what is pending. On failure it stays pending.
    pub fn commit(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut mended = false;
        let mut attempt = 0;
        loop {
            let changes: Vec<Change> = self.pending.iter().map(|pending| pending.change.clone()).collect();
            let done = lock(self.shared.store).commit(&changes);
            match done {
                Ok(()) => break,
                Err(LibraryError::DatabaseLocked) if attempt < ATTEMPTS && !self.shared.control.is_over() => {
                    attempt += 1;
                    tracing::warn!(attempt, "the photo library is locked by another program; trying again");
                }
                Err(LibraryError::Failed { detail }) if !mended => {
                    tracing::debug!(
                        detail,
                        "folders or contents were removed while this batch was worked on"
                    );
                    mended = true;
                    self.mend()?;
                }
                Err(error) => return Err(error),
            }
        }
        self.since = None;
        for pending in std::mem::take(&mut self.pending) {
            self.account(pending);
        }
        Ok(())
    }

    /// Counts a file that is committed and wakes the files with the same content.
    fn account(&mut self, pending: Pending) {
        self.left -= 1;
        let Pending { job, hash, change } = pending;
        let moved = match &change {
            Change::Same { content, .. } if job.known.is_none() => self.take_missing(*content),
            _ => false,
        };
        self.moved += u64::from(moved);
        self.shared.meter.count(|progress| {
            progress.done += 1;
            match change {
                Change::Failed { .. } => progress.failed += 1,
                Change::Same { .. } if moved => progress.moved += 1,
                // Only its time has changed.
                Change::Same { .. } if job.known.is_some() => progress.unchanged += 1,
                _ => progress.added += 1,
            }
        });
        let copies = match (&change, hash) {
            (Change::Photo { .. }, Some(hash)) => {
                lock(&self.shared.in_work).remove(&hash).map(|jobs| (hash, jobs))
            }
            _ => None,
        };
        for job in copies.into_iter().flat_map(|(_, jobs)| jobs) {
            self.look_again(job);
        }
    }

    fn take_missing(&mut self, content: ContentId) -> bool {
        match self.missing.get_mut(&content) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    /// Drops what belongs to folders that were removed from the library by someone else, and looks again at files whose
    /// content went with them.
    fn mend(&mut self) -> Result<()> {
        let folders: Vec<_> =
            lock(self.shared.store).folders()?.into_iter().map(|folder| folder.id).collect();
        let mut kept = Vec::new();
        for pending in std::mem::take(&mut self.pending) {
            if !folders.contains(&pending.job.folder) {
                lock(&self.shared.removed).insert(pending.job.folder);
                self.left -= 1;
                let copies = pending.hash.and_then(|hash| lock(&self.shared.in_work).remove(&hash));
                copies.into_iter().flatten().for_each(|job| self.look_again(job));
                continue;
            }
            let gone = match (&pending.change, pending.hash) {
                (Change::Same { content, .. }, Some(hash)) => {
                    lock(self.shared.store).content_of(&hash, self.shared.model)? != Some(*content)
                }
                _ => false,
            };
            if gone {
                self.look_again(pending.job);
            } else {
                kept.push(pending);
            }
        }
        self.pending = kept;
        Ok(())
    }
}
