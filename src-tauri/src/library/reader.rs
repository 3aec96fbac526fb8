//! The database, for reading and for the few changes a person makes to it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use mm_library::{LibraryError, store::Store};

use crate::{error::Reply, sync::lock};

/// Beside the database: its folders, so that a damaged one can be made again without asking for them.
const FOLDERS_FILE: &str = "library-folders.json";

/// What a connection is for: what one does does not hold up the other.
#[derive(Debug, Clone, Copy)]
pub enum For {
    /// Searches. This connection alone keeps the vectors in memory.
    Search,
    /// Thumbnails, details, lists.
    Pictures,
}

/// Two connections, opened when first used.
pub struct Reader {
    database: PathBuf,
    // Where both are locked, in this order.
    search: Mutex<Option<Store>>,
    pictures: Mutex<Option<Store>>,
    /// A damaged database was moved aside: what to tell about it.
    recovered: Mutex<Option<String>>,
}

impl Reader {
    /// Of the database at `database`, which need not exist.
    #[must_use]
    pub fn new(database: PathBuf) -> Self {
        Self { database, search: Mutex::default(), pictures: Mutex::default(), recovered: Mutex::default() }
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.database
    }

    /// Whether there is one: before the first folder is added nothing is written.
    pub fn exists(&self) -> bool {
        self.database.exists()
    }

    /// What to tell about a database that was damaged, if one was.
    pub fn recovered(&self) -> Option<String> {
        lock(&self.recovered).clone()
    }

    /// Works on the database, which is made if there is none. Fails with `library.*` or as `work` does.
    pub fn with<T>(&self, what: For, work: impl FnOnce(&mut Store) -> mm_library::Result<T>) -> Reply<T> {
        let mut slot = lock(match what {
            For::Search => &self.search,
            For::Pictures => &self.pictures,
        });
        let store = match &mut *slot {
            Some(store) => store,
            None => slot.insert(self.open()?),
        };
        Ok(work(store)?)
    }

    /// As [`Self::with`]; `None` if there is no database.
    pub fn read<T>(
        &self,
        what: For,
        work: impl FnOnce(&mut Store) -> mm_library::Result<T>,
    ) -> Reply<Option<T>> {
        if self.exists() { self.with(what, work).map(Some) } else { Ok(None) }
    }

    /// Opens the database anew, which moves it aside if it was found damaged. Whether there is one.
    pub fn reopen(&self) -> Reply<bool> {
        let (mut search, mut pictures) = (lock(&self.search), lock(&self.pictures));
        let before = self.recovered();
        *pictures = None;
        if self.exists() {
            *pictures = Some(self.open()?);
        }
        if pictures.is_none() || self.recovered() != before {
            // It still has the old file.
            *search = None;
        }
        Ok(pictures.is_some())
    }

    /// Notes the folders beside the database. Without the note a damaged one loses them, nothing else.
    pub fn remember_folders(&self) {
        let noted = self.with(For::Pictures, |store| store.folders()).map(|folders| {
            let paths: Vec<&str> = folders.iter().filter_map(|folder| folder.path.to_str()).collect();
            serde_json::to_vec(&paths)
                .map_err(Into::into)
                .and_then(|json| fs::write(self.folders_file(), json))
        });
        match noted {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the library's folders are not noted"),
            Err(error) => tracing::warn!(error.code, "the library's folders are not noted"),
        }
    }

    /// Closes both connections and deletes the database, never a photo. Nothing else may have it open.
    pub fn delete(&self) -> Reply<()> {
        let (mut search, mut pictures) = (lock(&self.search), lock(&self.pictures));
        (*search, *pictures) = (None, None);
        *lock(&self.recovered) = None;
        // First: whatever fails afterwards, the folders are not taken up again.
        let _ = fs::remove_file(self.folders_file());
        Ok(Store::delete_index(&self.database)?)
    }

    fn open(&self) -> mm_library::Result<Store> {
        let opened = Store::open(&self.database)?;
        let mut store = opened.store;
        if let Some(recovered) = opened.recovered {
            tracing::warn!("the photo index was damaged and is made again");
            *lock(&self.recovered) = Some(format!(
                "The photo index was damaged. It was moved to {} and is now made again from your photos.",
                recovered.moved_to.display()
            ));
            for folder in self.remembered() {
                match store.add_folder(&folder) {
                    Ok(_) | Err(LibraryError::FolderNested { .. }) => {}
                    Err(error) => tracing::warn!(code = error.code(), "a folder of the library is left out"),
                }
            }
        }
        Ok(store)
    }

    fn remembered(&self) -> Vec<PathBuf> {
        let read = fs::read(self.folders_file()).ok();
        read.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }

    fn folders_file(&self) -> PathBuf {
        self.database.with_file_name(FOLDERS_FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_before_there_is_something_to_keep() {
        let folder = tempfile::tempdir().unwrap();
        let reader = Reader::new(Store::default_path(folder.path()));
        assert_eq!(reader.read(For::Pictures, |store| store.totals()).unwrap(), None);
        assert!(!reader.reopen().unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(reader.with(For::Pictures, |store| store.totals()).unwrap().photos, 0);
        reader.remember_folders();
        assert!(reader.exists());
        reader.delete().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_damaged_database_is_moved_aside_told_and_keeps_its_folders() {
        let (data, photos) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let database = Store::default_path(data.path());
        let reader = Reader::new(database.clone());
        let added = reader.with(For::Pictures, |store| store.add_folder(photos.path())).unwrap();
        reader.remember_folders();
        drop(reader);
        for file in fs::read_dir(data.path()).unwrap().flatten().map(|file| file.path()) {
            if file != data.path().join(FOLDERS_FILE) {
                fs::remove_file(file).unwrap();
            }
        }
        fs::write(&database, [7; 9000]).unwrap();

        let reader = Reader::new(database);
        assert!(reader.reopen().unwrap());
        assert!(reader.recovered().unwrap().contains("damaged"));
        let folders = reader.with(For::Search, |store| store.folders()).unwrap();
        assert_eq!(folders.iter().map(|folder| &folder.path).collect::<Vec<_>>(), [&added.path]);
        let kept = fs::read_dir(data.path()).unwrap().flatten();
        assert!(kept.filter_map(|file| fs::read(file.path()).ok()).any(|bytes| bytes == [7; 9000]));
    }
}
