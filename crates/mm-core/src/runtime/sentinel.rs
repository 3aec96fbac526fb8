//! Remembering a provider that ended the process, so that the next start does without it.
//!
//! A driver that crashes cannot be caught: the process is gone. So while a provider other than the CPU starts, and
//! again during its first run, a file stands in a folder of the app's data. It is locked by the process that wrote it
//! and removed when the work returns, be it with an error. A file that stands without a lock was left by a process
//! that died; its provider is marked and skipped until [`reset`].
//!
//! A process that is killed from outside in those moments leaves the same trace. That is why they are short, and why
//! the user can reset the mark.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{load::SessionOptions, provider::Provider};
use crate::error::{Error, Result};

/// Ends the name of a file that stands while a provider starts.
const STARTING: &str = "starting";
/// Ends the name of a file that says that a provider crashed.
const CRASHED: &str = "crashed";
/// A file is renamed once it is locked, so that nobody finds it before.
const UNLOCKED: &str = "new";

/// The sentinel's place in an app's data folder.
#[must_use]
pub fn folder(app_data: &Path) -> PathBuf {
    app_data.join("providers")
}

/// The providers that crashed and are skipped, in no order. Also marks those whose process has died since.
#[must_use]
pub fn skipped(folder: &Path) -> Vec<Provider> {
    for path in files(folder, STARTING) {
        if was_left_behind(&path) {
            let marked = provider_of(&path).map(|provider| mark(folder, provider));
            if marked.is_none_or(|marked| marked.is_ok()) {
                let _ = fs::remove_file(&path);
            }
        }
    }
    let mut providers: Vec<Provider> =
        files(folder, CRASHED).iter().filter_map(|path| provider_of(path)).collect();
    providers.dedup();
    providers
}

/// Lets every provider be tried again, from the next model that is opened.
///
/// Fails with `file.unwritable` if a mark cannot be removed.
pub fn reset(folder: &Path) -> Result<()> {
    // What died meanwhile is marked first, so that it is removed as well.
    let _ = skipped(folder);
    for path in files(folder, CRASHED) {
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(Error::FileUnwritable { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Does `work`, with the file in place if `folder` is given and the provider is not the CPU. A folder that cannot be
/// written is reported in the log and does not keep the provider from working.
pub(super) fn watch<T>(folder: Option<&Path>, provider: Provider, work: impl FnOnce() -> T) -> T {
    let armed = folder.filter(|_| !matches!(provider, Provider::Auto | Provider::Cpu)).map(|folder| {
        Armed::new(folder, provider)
            .inspect_err(|error| tracing::warn!(folder = %folder.display(), %error, "no crash sentinel"))
    });
    let result = work();
    drop(armed);
    result
}

/// Watches a session until it has run once.
pub(super) struct FirstRun(Option<(PathBuf, Provider)>);

impl FirstRun {
    pub fn new(options: &SessionOptions, provider: Provider) -> Self {
        Self(options.sentinel.clone().map(|folder| (folder, provider)))
    }

    /// Does `work`; the first success ends the watch.
    pub fn run<T, E>(
        &mut self,
        work: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let Some((folder, provider)) = &self.0 else { return work() };
        let result = watch(Some(folder), *provider, work);
        if result.is_ok() {
            self.0 = None;
        }
        result
    }
}

/// A file that stands, locked.
struct Armed {
    path: PathBuf,
    /// Keeps the lock; closed, and so unlocked, after the file is gone.
    _file: File,
}

impl Armed {
    fn new(folder: &Path, provider: Provider) -> io::Result<Self> {
        // Several sessions may start at once, in several processes.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        fs::create_dir_all(folder)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{provider}-{}-{number}.{STARTING}", process::id()));
        let unlocked = path.with_extension(UNLOCKED);
        let mut file = File::create(&unlocked)?;
        let ready = file
            .try_lock()
            .map_err(io::Error::from)
            .and_then(|()| writeln!(file, "{provider} starts in process {}", process::id()))
            // A driver can take the whole machine down.
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&unlocked, &path));
        if let Err(error) = ready {
            let _ = fs::remove_file(&unlocked);
            return Err(error);
        }
        sync_folder(folder);
        Ok(Self { path, _file: file })
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the crash sentinel stays behind");
        }
    }
}

/// On Unix a new name is safe only once its folder is.
fn sync_folder(folder: &Path) {
    if cfg!(unix) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

fn mark(folder: &Path, provider: Provider) -> io::Result<()> {
    tracing::warn!(%provider, "the provider ended an earlier process and is skipped from now on");
    let mut file = File::create(folder.join(format!("{provider}.{CRASHED}")))?;
    writeln!(file, "{provider} ended a process while it started; delete this file to try it again")?;
    file.sync_all()
}

/// Whether the process that wrote the file is gone: then nobody has it locked.
fn was_left_behind(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
    }
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| path.extension().is_some_and(|e| e == extension)).collect()
}

/// The provider that a file's name begins with.
fn provider_of(path: &Path) -> Option<Provider> {
    let stem = path.file_stem()?.to_str()?;
    stem.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use tempfile::TempDir;

    use super::*;

    fn names(folder: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn the_file_stands_while_work_goes_on_and_never_after() {
        let folder = TempDir::new().unwrap();
        let standing = watch(Some(folder.path()), Provider::Qnn, || {
            assert_eq!(skipped(folder.path()), [], "our own process is alive");
            names(&folder)
        });
        assert!(standing.len() == 1 && standing[0].starts_with("qnn-"), "{standing:?}");
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            watch(Some(folder.path()), Provider::Qnn, || panic!("caught, so no crash"));
        }));
        assert!(panicked.is_err());
        assert_eq!(names(&folder), Vec::<String>::new());
        for provider in [Provider::Cpu, Provider::Auto] {
            let standing = watch(Some(folder.path()), provider, || names(&folder));
            assert_eq!(standing, Vec::<String>::new(), "{provider} needs no sentinel");
        }
    }

    #[test]
    fn a_first_run_is_watched_until_it_succeeds() {
        let folder = TempDir::new().unwrap();
        let options =
            SessionOptions { sentinel: Some(folder.path().to_owned()), ..SessionOptions::default() };
        let mut first = FirstRun::new(&options, Provider::CoreMl);
        let mut standing = |succeeds: bool| {
            let mut seen = 0;
            let _ = first.run(|| {
                seen = names(&folder).len();
                if succeeds { Ok(()) } else { Err(()) }
            });
            seen
        };
        assert_eq!([standing(false), standing(true), standing(true)], [1, 1, 0]);
    }

    #[test]
    fn what_a_dead_process_left_is_a_mark_until_it_is_reset() {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("qnn-1-0.starting"), "").unwrap();
        fs::write(folder.path().join("qnn-1-1.starting"), "").unwrap();
        fs::write(folder.path().join("notes.txt"), "somebody else's").unwrap();
        for _ in 0..2 {
            assert_eq!(skipped(folder.path()), [Provider::Qnn]);
        }
        fs::write(folder.path().join("coreml-7-0.starting"), "").unwrap();
        reset(folder.path()).unwrap();
        assert_eq!(skipped(folder.path()), []);
        assert_eq!(names(&folder), ["notes.txt"]);
        reset(&folder.path().join("missing")).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_written_does_not_stop_the_work() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("a file, no folder");
        fs::write(&file, "").unwrap();
        assert_eq!(watch(Some(&file), Provider::Qnn, || 7), 7);
        assert_eq!(skipped(&file), []);
    }
}
