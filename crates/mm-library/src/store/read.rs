//! Reading one photo, the failures and the totals.

use std::{fs, path::PathBuf};

use rusqlite::{OptionalExtension, Row, params};

use super::{ContentId, Failure, PhotoDetails, Store, Totals, paths, with_suffix};
use crate::error::{LibraryError, Result};

impl Store {
    /// Files that could not be analysed, by path: `limit` of them after the first `offset`.
    pub fn failures(&self, offset: usize, limit: usize) -> Result<Vec<Failure>> {
        let read = || -> Result<Vec<Failure>> {
            let sql =
                "SELECT d.path, f.path, f.failure, f.message FROM files f JOIN folders d ON d.id = f.folder
                WHERE f.failure IS NOT NULL ORDER BY d.id, f.path LIMIT ?2 OFFSET ?1";
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![number(offset), number(limit)], |row| {
                Ok(Failure {
                    path: absolute(row)?,
                    code: row.get(2)?,
                    message: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        };
        self.noted(read())
    }

    /// How much the library holds.
    pub fn totals(&self) -> Result<Totals> {
        let read = || -> Result<Totals> {
            let sql = "SELECT (SELECT count(*) FROM contents), count(content), count(failure) FROM files";
            let mut statement = self.connection.prepare_cached(sql)?;
            let count = |row: &Row<'_>, i| row.get::<_, i64>(i).map(i64::unsigned_abs);
            let (photos, files, failed) =
                statement.query_one([], |row| Ok((count(row, 0)?, count(row, 1)?, count(row, 2)?)))?;
            Ok(Totals { photos, files, failed, database_bytes: self.bytes() })
        };
        self.noted(read())
    }

    fn bytes(&self) -> u64 {
        let size = |suffix| fs::metadata(with_suffix(&self.path, suffix)).map_or(0, |facts| facts.len());
        size("") + size("-wal")
    }

    /// The thumbnail: a JPEG whose longest side has 320 pixels. `None` once the photo is gone.
    pub fn thumbnail(&self, content: ContentId) -> Result<Option<Vec<u8>>> {
        let read = || -> Result<Option<Vec<u8>>> {
            let mut statement =
                self.connection.prepare_cached("SELECT jpeg FROM thumbnails WHERE content = ?1")?;
            Ok(statement.query_one([content.0], |row| row.get(0)).optional()?)
        };
        self.noted(read())
    }

    /// The embedding a photo is found by, for "find similar"; `None` if it waits for its analysis by another model.
    pub fn embedding(&self, content: ContentId) -> Result<Option<mm_core::tasks::embed::Embedding>> {
        let read = || -> Result<Option<Vec<u8>>> {
            let mut statement =
                self.connection.prepare_cached("SELECT embedding FROM vectors WHERE content = ?1")?;
            Ok(statement.query_one([content.0], |row| row.get(0)).optional()?)
        };
        self.noted(read())?.map(|bytes| super::vectors::restored(&bytes)).transpose()
    }

    /// Everything known about a photo; fails with `photo.not_found` or `library.*`.
    pub fn photo(&self, content: ContentId) -> Result<PhotoDetails> {
        self.noted(self.read_photo(content))
    }

    fn read_photo(&self, content: ContentId) -> Result<PhotoDetails> {
        let paths = self.paths_of(content)?;
        let sql = "SELECT width, height, taken, camera, latitude, longitude, caption, caption_confidence,
            (SELECT regions FROM pages WHERE content = id) FROM contents WHERE id = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let details = |row: &Row<'_>| {
            let place = row.get::<_, Option<f64>>(4)?.zip(row.get::<_, Option<f64>>(5)?);
            let taken = row.get::<_, Option<String>>(2)?.and_then(|taken| taken.parse().ok());
            let details = PhotoDetails {
                path: PathBuf::new(),
                paths: Vec::new(),
                width: row.get(0)?,
                height: row.get(1)?,
                taken,
                camera: row.get(3)?,
                place,
                caption: row.get(6)?,
                caption_confidence: row.get(7)?,
                lines: Vec::new(),
                regions: Vec::new(),
            };
            Ok((details, row.get::<_, Option<String>>(8)?))
        };
        let found = statement.query_one([content.0], details).optional()?;
        let (mut details, regions) = found.ok_or(LibraryError::PhotoNotFound)?;
        let damaged = |error: serde_json::Error| LibraryError::DatabaseCorrupt { detail: error.to_string() };
        details.regions =
            regions.map_or(Ok(Vec::new()), |json| serde_json::from_str(&json).map_err(damaged))?;
        details.lines = details.regions.iter().map(|region| region.text.clone()).collect();
        details.path = existing(&paths).ok_or(LibraryError::PhotoNotFound)?;
        details.paths = paths;
        Ok(details)
    }

    /// Every file with this content, absolute, the oldest entry first.
    pub(crate) fn paths_of(&self, content: ContentId) -> Result<Vec<PathBuf>> {
        let sql = "SELECT d.path, f.path FROM files f JOIN folders d ON d.id = f.folder
            WHERE f.content = ?1 ORDER BY f.id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([content.0], absolute)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// The first of `paths` that is there; the first one if none is.
pub(crate) fn existing(paths: &[PathBuf]) -> Option<PathBuf> {
    // A single one is not looked for: that costs a disk's answer per photo of a page, and changes nothing.
    let found = if paths.len() > 1 { paths.iter().find(|path| path.exists()) } else { None };
    found.or(paths.first()).cloned()
}

fn absolute(row: &Row<'_>) -> rusqlite::Result<PathBuf> {
    Ok(paths::from_bytes(row.get(0)?).join(paths::from_bytes(row.get(1)?)))
}

fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
