//! What changes in folders while they are watched.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use notify_debouncer_full::{
    DebounceEventResult, Debouncer, NoCache, new_debouncer_opt,
    notify::{self, Event, EventKind, RecommendedWatcher, RecursiveMode},
};

use super::{IGNORE_FILE, NO_MEDIA, has_picture_name};

/// Changes are collected until nothing happened to a file for so long: a copy that is still growing is left alone.
const SETTLE: Duration = Duration::from_secs(1);

/// Folders in which something happened. Paths are absolute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Whether everything below counts too, or only the files in the folder itself.
    folders: BTreeMap<PathBuf, bool>,
}

impl Touched {
    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.folders.is_empty()
    }

    /// The part of it in `root`; `None` if nothing happened there.
    pub fn inside(&self, root: &Path) -> Option<Self> {
        let folders: BTreeMap<PathBuf, bool> = self
            .folders
            .iter()
            .filter(|(folder, deep)| folder.starts_with(root) || **deep && root.starts_with(folder))
            .map(|(folder, deep)| (folder.clone(), *deep))
            .collect();
        (!folders.is_empty()).then_some(Self { folders })
    }

    /// Whether the file or folder `path` is to be looked at again.
    pub fn contains(&self, path: &Path) -> bool {
        path.ancestors()
            .skip(1)
            .enumerate()
            .any(|(above, folder)| self.folders.get(folder).is_some_and(|deep| *deep || above == 0))
            || self.folders.get(path).is_some_and(|deep| *deep)
    }

    /// Whether `folder` is a touched one or leads to one.
    pub(super) fn leads_through(&self, folder: &Path) -> bool {
        self.folders
            .range(folder.to_path_buf()..)
            .next()
            .is_some_and(|(touched, _)| touched.starts_with(folder))
    }

    fn add(&mut self, folder: &Path, deep: bool) {
        *self.folders.entry(folder.to_path_buf()).or_default() |= deep;
    }

    fn note(&mut self, event: &Event, roots: &[PathBuf]) {
        if event.need_rescan() {
            // The system lost track of what happened.
            for root in roots {
                self.add(root, true);
            }
            return;
        }
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        for path in &event.paths {
            self.note_path(path);
        }
    }

    fn note_path(&mut self, path: &Path) {
        let Some(parent) = path.parent() else { return };
        let rules = path.file_name().is_some_and(|name| name == IGNORE_FILE || name == NO_MEDIA);
        if rules {
            self.add(parent, true);
        } else if has_picture_name(path) && !path.is_dir() {
            self.add(parent, false);
        } else if path.is_dir() || !path.exists() {
            // A folder came, or what went may have been one.
            self.add(path, true);
        }
    }
}

/// What a watcher has to say.
#[derive(Debug)]
pub enum Watched {
    /// Something happened.
    Touched(Touched),
    /// Watching fails; only looking again from time to time helps.
    Failed(String),
}

/// Watches folders until it is dropped.
pub struct Watcher {
    debouncer: Debouncer<RecommendedWatcher, NoCache>,
    events: Receiver<DebounceEventResult>,
    roots: Vec<PathBuf>,
}

impl Watcher {
    /// A watcher of nothing yet.
    pub fn new() -> Result<Self, notify::Error> {
        let (sender, events) = mpsc::channel();
        // Moves are recognised by content, so that no map of every file's number is needed.
        let debouncer = new_debouncer_opt(SETTLE, None, sender, NoCache::new(), notify::Config::default())?;
        Ok(Self { debouncer, events, roots: Vec::new() })
    }

    /// Watches `root` and everything below; a folder that is watched already, once.
    pub fn add(&mut self, root: &Path) -> Result<(), notify::Error> {
        if !self.roots.iter().any(|known| known == root) {
            self.debouncer.watch(root, RecursiveMode::Recursive)?;
            self.roots.push(root.to_path_buf());
        }
        Ok(())
    }

    /// Ends watching `root`, which is no longer there: another folder of that name is another one to the system.
    pub fn remove(&mut self, root: &Path) {
        self.roots.retain(|known| known != root);
        // The system has forgotten it itself.
        let _ = self.debouncer.unwatch(root);
    }

    /// Waits for something to happen, at most for `patience`.
    pub fn wait(&self, patience: Duration) -> Option<Watched> {
        let first = self.events.recv_timeout(patience).ok()?;
        let mut touched = Touched::default();
        for batch in std::iter::once(first).chain(self.events.try_iter()) {
            match batch {
                Ok(events) => events.iter().for_each(|event| touched.note(&event.event, &self.roots)),
                Err(errors) => {
                    let text = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    return Some(Watched::Failed(text));
                }
            }
        }
        Some(Watched::Touched(touched))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touched_folders_are_looked_at_and_no_others() {
        let mut touched = Touched::default();
        touched.add(Path::new("/p/a"), false);
        touched.add(Path::new("/p/b"), true);
        for (path, inside) in [
            ("/p/a/x.jpg", true),
            ("/p/a/deeper/x.jpg", false),
            ("/p/b/deeper/x.jpg", true),
            ("/p/x.jpg", false),
            ("/p/ab/x.jpg", false),
        ] {
            assert_eq!(touched.contains(Path::new(path)), inside, "{path}");
        }
        assert!(touched.leads_through(Path::new("/p")) && touched.leads_through(Path::new("/p/a")));
        assert!(!touched.leads_through(Path::new("/p/c")));
        assert!(touched.inside(Path::new("/q")).is_none());
        assert!(touched.inside(Path::new("/p/b/c")).is_some_and(|t| t.contains(Path::new("/p/b/c/d.jpg"))));
    }
}
