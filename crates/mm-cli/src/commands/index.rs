//! `mm index`: folders of photos, made searchable.

use std::{
    fmt::Write as _,
    io::{IsTerminal as _, stderr},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use mm_library::{
    index::{IndexEvent, IndexHandle, IndexOptions, IndexProgress, Pace, Phase, Summary, Waiting, start},
    store::{FolderId, Store},
};
use serde::Serialize;

use super::{bench::peak_memory, live::stop_on_signal};
use crate::{
    args::{IndexArguments, ModelArguments},
    library::database,
    output::{CommandError, ErrorObject, Outcome, json_line, line, say, show_notices},
};

/// How often to look whether Ctrl-C was pressed.
const GLANCE: Duration = Duration::from_millis(100);

/// The objects of `--json`, each named by its one key.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Failed { path: &'a Path, error: ErrorText<'a> },
    Missing { path: &'a Path },
    Finished(Totals<'a>),
    Folder(FolderLine<'a>),
}

#[derive(Serialize)]
struct ErrorText<'a> {
    code: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Totals<'a> {
    #[serde(flatten)]
    counts: Counts,
    online_only: u64,
    missing: &'a [PathBuf],
    cancelled: bool,
    seconds: f64,
    photos_per_second: f64,
    peak_memory_bytes: Option<u64>,
    photos: u64,
    database_bytes: u64,
    database: &'a Path,
}

#[derive(Serialize)]
struct Counts {
    found: u64,
    done: u64,
    added: u64,
    unchanged: u64,
    moved: u64,
    failed: u64,
    removed: u64,
}

#[derive(Serialize)]
struct FolderLine<'a> {
    path: &'a Path,
    photos: u64,
    last_scanned: Option<String>,
    missing: bool,
}

/// Indexes folders, or shows, forgets or deletes what is indexed.
pub fn run(options: &IndexArguments, model: &ModelArguments) -> Result<Outcome, CommandError> {
    let database = database(options.db.as_deref())?;
    if options.list {
        return list(&database, options.json);
    }
    if let Some(folder) = &options.forget {
        return forget(&database, folder);
    }
    if options.delete {
        Store::delete_index(&database)?;
        say(&format!("deleted the index {}; your photos are as they were", database.display()));
        return Ok(Outcome::AllGood);
    }
    index(options, model, &database).inspect_err(|error| {
        if options.json {
            #[derive(Serialize)]
            struct Failure {
                error: ErrorObject,
            }
            // The reader of the objects is gone when writing one failed.
            let _ = json_line(&Failure { error: ErrorObject::from(error) });
        }
    })
}

fn open(database: &Path) -> Result<Store, CommandError> {
    let opened = Store::open(database)?;
    if let Some(recovered) = opened.recovered {
        say(&format!("notice: {recovered}"));
    }
    Ok(opened.store)
}

fn index(options: &IndexArguments, model: &ModelArguments, database: &Path) -> Result<Outcome, CommandError> {
    let mut store = open(database)?;
    let named = options.folders.iter().map(|folder| Ok(store.add_folder(folder)?.id));
    let named: Vec<FolderId> = named.collect::<Result<_, CommandError>>()?;
    if store.folders()?.is_empty() {
        return Err(CommandError::Usage("name a folder of photos".to_owned()));
    }
    let model = model.open()?;
    // Before the first photo, so that a bundle that cannot do it is refused at once.
    model.load_language()?;
    model.load_ocr()?;
    show_notices(&model.notices());
    let how = IndexOptions {
        folders: (!named.is_empty()).then_some(named),
        watch: options.watch,
        pace: if options.full_speed { Pace::Full } else { Pace::Gentle },
        ..IndexOptions::new(database.to_path_buf())
    };
    let (handle, events) = start(how, Arc::new(model));
    let screen = Screen::new(options.json);
    screen.follow(&handle, &events, &stop_on_signal(), &store, database)?;
    let summary = handle.join()?;
    screen.bar.finish_and_clear();
    if !options.watch {
        screen.finished(&summary, &store, database)?;
    }
    let failed = store.totals()?.failed > 0 || !summary.missing.is_empty();
    Ok(if failed { Outcome::SomeFailed } else { Outcome::AllGood })
}

/// Where progress and results are shown.
struct Screen {
    json: bool,
    bar: ProgressBar,
}

impl Screen {
    fn new(json: bool) -> Self {
        let bar = if stderr().is_terminal() { ProgressBar::no_length() } else { ProgressBar::hidden() };
        Self { json, bar }
    }

    /// Shows what happens until indexing ends.
    fn follow(
        &self,
        handle: &IndexHandle,
        events: &Receiver<IndexEvent>,
        stop: &AtomicBool,
        store: &Store,
        database: &Path,
    ) -> Result<(), CommandError> {
        loop {
            if stop.load(Ordering::Relaxed) {
                handle.cancel();
            }
            match events.recv_timeout(GLANCE) {
                Ok(event) => self.show(&event, store, database)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn show(&self, event: &IndexEvent, store: &Store, database: &Path) -> Result<(), CommandError> {
        match event {
            IndexEvent::Progress(progress) => self.progress(progress),
            IndexEvent::Failed { path, code, message } => self.bar.suspend(|| {
                if self.json {
                    return json_line(&Line::Failed { path, error: ErrorText { code, message } });
                }
                say(&format!("{}: error [{code}]: {message}", path.display()));
                Ok(())
            })?,
            IndexEvent::FolderMissing { path } => self.bar.suspend(|| {
                if self.json {
                    return json_line(&Line::Missing { path });
                }
                say(&format!("{} is not there; what is known of its photos is kept", path.display()));
                Ok(())
            })?,
            IndexEvent::Notice { code, message } => {
                self.bar.suspend(|| say(&format!("notice [{code}]: {message}")));
            }
            // The last one is shown after the end, when its counts are complete.
            IndexEvent::Finished(summary) if summary.progress.phase != Phase::Done => {
                self.bar.suspend(|| self.finished(summary, store, database))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn progress(&self, progress: &IndexProgress) {
        let template = match progress.phase {
            Phase::Scanning | Phase::Watching => "{msg}",
            _ => "{bar:30} {pos}/{len} {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_length(progress.found);
        self.bar.set_position(progress.done);
        self.bar.set_message(said(progress));
    }

    fn finished(&self, summary: &Summary, store: &Store, database: &Path) -> Result<(), CommandError> {
        let totals = store.totals()?;
        let progress = &summary.progress;
        let worked = (progress.done - progress.unchanged.min(progress.done)) as f64;
        let seconds = summary.elapsed.as_secs_f64();
        if self.json {
            return json_line(&Line::Finished(Totals {
                counts: Counts {
                    found: progress.found,
                    done: progress.done,
                    added: progress.added,
                    unchanged: progress.unchanged,
                    moved: progress.moved,
                    failed: progress.failed,
                    removed: progress.removed,
                },
                online_only: summary.online_only,
                missing: &summary.missing,
                cancelled: summary.cancelled,
                seconds,
                photos_per_second: worked / seconds.max(1e-9),
                peak_memory_bytes: peak_memory(),
                photos: totals.photos,
                database_bytes: totals.database_bytes,
                database,
            }));
        }
        let mut text = format!(
            "{} new, {} unchanged, {} moved, {} gone, {} failed",
            progress.added, progress.unchanged, progress.moved, progress.removed, progress.failed
        );
        if summary.online_only > 0 {
            // Writing to a String cannot fail.
            let _ = write!(text, ", {} left out that are in a cloud only", summary.online_only);
        }
        if summary.cancelled {
            text += "; stopped before the end, run it again to go on";
        }
        line(&text)?;
        line(&format!(
            "{} photos in {} ({})",
            totals.photos,
            database.display(),
            HumanBytes(totals.database_bytes)
        ))
    }
}

/// What goes on, in a few words.
fn said(progress: &IndexProgress) -> String {
    match (progress.phase, progress.waiting) {
        (Phase::Scanning, _) => format!("looking for photos: {}", progress.found),
        (Phase::Watching, _) => "watching for changes; Ctrl-C ends".to_owned(),
        (_, Some(Waiting::Battery)) => "slower on battery; --full-speed does not wait".to_owned(),
        (_, Some(Waiting::Heat)) => "slower while the device is warm; --full-speed does not wait".to_owned(),
        _ => {
            let left = progress.seconds_left.map(|seconds| Duration::from_secs_f32(seconds.min(1e6)));
            let left = left.map(|left| format!(", {} left", indicatif::HumanDuration(left)));
            format!("{:.1} photos/s{}", progress.photos_per_second, left.unwrap_or_default())
        }
    }
}

fn list(database: &Path, json: bool) -> Result<Outcome, CommandError> {
    let store = open(database)?;
    for folder in store.folders()? {
        let missing = !folder.path.is_dir();
        let last_scanned = folder.last_scanned.map(|at| at.to_string());
        if json {
            json_line(&Line::Folder(FolderLine {
                path: &folder.path,
                photos: folder.photos,
                last_scanned,
                missing,
            }))?;
        } else {
            let scanned =
                last_scanned.map_or("not indexed to the end yet".to_owned(), |at| format!("indexed {at}"));
            let note = if missing { ", not there now" } else { "" };
            line(&format!("{}: {} photos, {scanned}{note}", folder.path.display(), folder.photos))?;
        }
    }
    Ok(Outcome::AllGood)
}

fn forget(database: &Path, folder: &Path) -> Result<Outcome, CommandError> {
    let mut store = open(database)?;
    // A folder that is gone has no other name than the one it was known by.
    let real = folder
        .canonicalize()
        .or_else(|_| std::path::absolute(folder))
        .unwrap_or_else(|_| folder.to_path_buf());
    let known = store.folders()?.into_iter().find(|known| known.path == real);
    let known = known.ok_or(mm_library::LibraryError::FolderNotFound { path: real })?;
    store.remove_folder(known.id)?;
    say(&format!("forgot {}; its photos are as they were", known.path.display()));
    Ok(Outcome::AllGood)
}
