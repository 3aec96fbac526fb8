//! The folders of the library and the files known in them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::{ContentId, FileId, Folder, FolderId, KnownFile, Store, commit::remove_all_unused, paths};
use crate::error::{LibraryError, Result};

const FOLDERS: &str = "SELECT f.id, f.path, f.last_scanned,
    (SELECT count(*) FROM files WHERE folder = f.id AND content IS NOT NULL) FROM folders f";

impl Store {
    /// Adds a folder to the library; one that is in it already is given as it is.
    ///
    /// Fails with `folder.not_found`, `folder.unreadable`, `folder.nested` or `library.*`.
    pub fn add_folder(&mut self, path: &Path) -> Result<Folder> {
        let real = resolved(path)?;
        let known = self.folders()?;
        if let Some(same) = known.iter().find(|folder| folder.path == real) {
            return Ok(same.clone());
        }
        if let Some(other) = known.iter().find(|f| f.path.starts_with(&real) || real.starts_with(&f.path)) {
            return Err(LibraryError::FolderNested { path: real, other: other.path.clone() });
        }
        let result = self.write(|transaction| {
            let sql = "INSERT INTO folders (path) VALUES (?1) ON CONFLICT (path) DO UPDATE SET path = path RETURNING id";
            Ok(transaction.query_one(sql, [paths::to_bytes(&real)], |row| row.get(0))?)
        });
        let id = self.noted(result)?;
        Ok(Folder { id: FolderId(id), path: real, photos: 0, last_scanned: None })
    }

    /// Forgets a folder and everything that only its files held; the photos stay where they are.
    ///
    /// Fails with `folder.not_found` if there is none of that number, or `library.*`.
    pub fn remove_folder(&mut self, folder: FolderId) -> Result<()> {
        let result = self.write(|transaction| {
            if transaction.execute("DELETE FROM folders WHERE id = ?1", [folder.0])? == 0 {
                return Err(LibraryError::FolderNotFound {
                    path: PathBuf::from(format!("number {}", folder.0)),
                });
            }
            remove_all_unused(transaction)
        });
        self.noted(result)?;
        // Gives the room back. What is removed is removed even if another program's reading delays that.
        let vacuum =
            self.connection.execute_batch("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)");
        if let Err(error) = vacuum {
            tracing::debug!(%error, "the database keeps its size for now");
        }
        Ok(())
    }

    /// Every folder, in the order they were added.
    pub fn folders(&self) -> Result<Vec<Folder>> {
        let read = || -> Result<Vec<Folder>> {
            let mut statement = self.connection.prepare_cached(&format!("{FOLDERS} ORDER BY f.id"))?;
            let rows = statement.query_map([], folder)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        };
        self.noted(read())
    }

    /// Notes that a folder was scanned to its end.
    pub fn mark_scanned(&mut self, folder: FolderId, at: Timestamp) -> Result<()> {
        let result = self.write(|transaction| {
            transaction.execute(
                "UPDATE folders SET last_scanned = ?2 WHERE id = ?1",
                params![folder.0, at.as_second()],
            )?;
            Ok(())
        });
        self.noted(result)
    }

    /// Every file known in a folder, by path.
    pub fn files_of(&self, folder: FolderId) -> Result<Vec<KnownFile>> {
        let read = || -> Result<Vec<KnownFile>> {
            let sql = "SELECT f.id, f.path, f.size, f.modified_ns, f.content, m.key, f.failure FROM files f
                LEFT JOIN contents c ON c.id = f.content LEFT JOIN models m ON m.id = c.model
                WHERE f.folder = ?1 ORDER BY f.path";
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map([folder.0], known_file)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        };
        self.noted(read())
    }
}

fn folder(row: &Row<'_>) -> rusqlite::Result<Folder> {
    Ok(Folder {
        id: FolderId(row.get(0)?),
        path: paths::from_bytes(row.get(1)?),
        last_scanned: row.get::<_, Option<i64>>(2)?.and_then(|at| Timestamp::from_second(at).ok()),
        photos: row.get::<_, i64>(3)?.unsigned_abs(),
    })
}

fn known_file(row: &Row<'_>) -> rusqlite::Result<KnownFile> {
    Ok(KnownFile {
        id: FileId(row.get(0)?),
        path: paths::from_bytes(row.get(1)?),
        size: row.get::<_, i64>(2)?.unsigned_abs(),
        modified_ns: row.get(3)?,
        content: row.get::<_, Option<i64>>(4)?.map(ContentId),
        model: row.get(5)?,
        failure: row.get(6)?,
    })
}

/// The folder's one true path, so that two names for it are seen to be the same.
fn resolved(path: &Path) -> Result<PathBuf> {
    let refused = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            LibraryError::FolderNotFound { path: path.to_path_buf() }
        }
        _ => LibraryError::FolderUnreadable { path: path.to_path_buf(), source },
    };
    let real = fs::canonicalize(path).map_err(refused)?;
    fs::read_dir(&real).map_err(refused)?;
    Ok(real)
}
