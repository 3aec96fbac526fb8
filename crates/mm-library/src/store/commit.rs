//! Writing what indexing found out: every slice of changes in one transaction.

use std::path::Path;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::{
    Change, ContentHash, ContentId, FileFacts, FolderId, PhotoRecord, Store, paths, vectors::quantised,
};
use crate::error::{LibraryError, Result};

/// What became of a file.
enum Outcome<'a> {
    Content(i64),
    Failure { code: &'a str, message: &'a str },
}

impl Store {
    /// Writes `changes` in one transaction, then removes contents that no file has any more.
    ///
    /// Fails with `library.*`; then nothing of `changes` is kept.
    pub fn commit(&mut self, changes: &[Change]) -> Result<()> {
        let result = self.write(|transaction| {
            let mut left = Vec::new();
            for change in changes {
                apply(transaction, change, &mut left)?;
            }
            left.sort_unstable();
            left.dedup();
            for content in left {
                remove_unused(transaction, content)?;
            }
            Ok(())
        });
        self.noted(result)
    }

    /// The content with this hash, if `model` analysed it; else it is to be analysed (again).
    pub fn content_of(&self, hash: &ContentHash, model: &str) -> Result<Option<ContentId>> {
        let found = || -> Result<Option<ContentId>> {
            let sql = "SELECT c.id FROM contents c JOIN models m ON m.id = c.model WHERE c.hash = ?1 AND m.key = ?2";
            let mut statement = self.connection.prepare_cached(sql)?;
            Ok(statement.query_one(params![hash.0, model], |row| row.get(0).map(ContentId)).optional()?)
        };
        self.noted(found())
    }

    /// Runs `work` in a transaction that may write from its start: two that both began by reading could only fail.
    pub(super) fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}

fn apply(transaction: &Transaction<'_>, change: &Change, left: &mut Vec<i64>) -> Result<()> {
    let (folder, file, outcome) = match change {
        Change::Photo { folder, file, photo } => {
            (folder, file, Outcome::Content(put_content(transaction, photo, file)?))
        }
        Change::Same { folder, file, content } => (folder, file, Outcome::Content(content.0)),
        Change::Failed { folder, file, code, message } => (folder, file, Outcome::Failure { code, message }),
        Change::Gone { file } => {
            let sql = "DELETE FROM files WHERE id = ?1 RETURNING content";
            let before: Option<Option<i64>> =
                transaction.prepare_cached(sql)?.query_one([file.0], |row| row.get(0)).optional()?;
            left.extend(before.flatten());
            return Ok(());
        }
    };
    put_file(transaction, *folder, file, &outcome, left)
}

fn put_file(
    transaction: &Transaction<'_>,
    folder: FolderId,
    file: &FileFacts,
    outcome: &Outcome<'_>,
    left: &mut Vec<i64>,
) -> Result<()> {
    let path = paths::to_bytes(&file.path);
    let before: Option<Option<i64>> = transaction
        .prepare_cached("SELECT content FROM files WHERE folder = ?1 AND path = ?2")?
        .query_one(params![folder.0, path], |row| row.get(0))
        .optional()?;
    let (content, failure, message) = match outcome {
        Outcome::Content(id) => (Some(*id), None, None),
        Outcome::Failure { code, message } => (None, Some(*code), Some(*message)),
    };
    left.extend(before.flatten().filter(|before| Some(*before) != content));
    let name = name_words(transaction, folder, &file.path)?;
    let size = i64::try_from(file.size).unwrap_or(i64::MAX);
    transaction
        .prepare_cached(
            "INSERT INTO files (folder, path, name, size, modified_ns, content, failure, message)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (folder, path) DO UPDATE SET size = excluded.size, modified_ns = excluded.modified_ns,
                 content = excluded.content, failure = excluded.failure, message = excluded.message",
        )?
        .execute(params![folder.0, path, name, size, file.modified_ns, content, failure, message])?;
    Ok(())
}

/// What a person may remember of where a photo is: the chosen folder's own name, the folders in it, the file's name.
fn name_words(transaction: &Transaction<'_>, folder: FolderId, path: &Path) -> Result<String> {
    let root: Option<Vec<u8>> = transaction
        .prepare_cached("SELECT path FROM folders WHERE id = ?1")?
        .query_one([folder.0], |row| row.get(0))
        .optional()?;
    let root = root.map(paths::from_bytes).ok_or_else(|| LibraryError::Failed {
        detail: format!("there is no folder with the number {}", folder.0),
    })?;
    let words = paths::words(path);
    Ok(root.file_name().map_or(words.clone(), |name| format!("{} / {words}", name.to_string_lossy())))
}

fn put_content(transaction: &Transaction<'_>, photo: &PhotoRecord, file: &FileFacts) -> Result<i64> {
    let model = current_model(transaction, &photo.model)?;
    let text = photo.page.iter().map(|region| region.text.as_str()).collect::<Vec<_>>().join("\n");
    let moment = moment(photo.taken, file.modified_ns);
    let known: Option<i64> = transaction
        .prepare_cached("SELECT id FROM contents WHERE hash = ?1")?
        .query_one([photo.hash.0], |row| row.get(0))
        .optional()?;
    let id: i64 = transaction
        .prepare_cached(
            "INSERT INTO contents (hash, model, width, height, taken, moment, caption, caption_confidence, text,
                 camera, latitude, longitude)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (hash) DO UPDATE SET model = excluded.model, width = excluded.width,
                 height = excluded.height, taken = excluded.taken, moment = excluded.moment,
                 caption = excluded.caption, caption_confidence = excluded.caption_confidence, text = excluded.text,
                 camera = excluded.camera, latitude = excluded.latitude, longitude = excluded.longitude
             RETURNING id",
        )?
        .query_one(
            params![
                photo.hash.0,
                model,
                photo.width,
                photo.height,
                photo.taken.map(|taken| taken.to_string()),
                moment,
                photo.caption,
                photo.caption_confidence,
                text,
                photo.camera,
                photo.place.map(|(latitude, _)| latitude),
                photo.place.map(|(_, longitude)| longitude),
            ],
            |row| row.get(0),
        )?;
    if known.is_some() {
        count_replaced(transaction)?;
    }
    let regions = serde_json::to_string(&photo.page)
        .map_err(|error| LibraryError::Failed { detail: error.to_string() })?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO vectors (content, embedding) VALUES (?1, ?2)")?
        .execute(params![id, quantised(&photo.embedding)])?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO thumbnails (content, jpeg) VALUES (?1, ?2)")?
        .execute(params![id, photo.thumbnail])?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO pages (content, regions) VALUES (?1, ?2)")?
        .execute(params![id, regions])?;
    Ok(id)
}

/// The number of the model `key`. Vectors of different models cannot be compared: with the first content of another
/// model those of the last one go, while its captions and words stay until the photos are analysed again.
fn current_model(transaction: &Transaction<'_>, key: &str) -> Result<i64> {
    transaction.prepare_cached("INSERT OR IGNORE INTO models (key) VALUES (?1)")?.execute([key])?;
    let model: i64 = transaction
        .prepare_cached("SELECT id FROM models WHERE key = ?1")?
        .query_one([key], |row| row.get(0))?;
    let changed = transaction
        .prepare_cached("UPDATE settings SET value = ?1 WHERE name = 'model' AND value <> ?1")?
        .execute([model])?;
    if changed > 0 {
        transaction.execute("DELETE FROM vectors", [])?;
        count_replaced(transaction)?;
        // Contents of an older analysis by this very model would count as done, yet their vectors are gone.
        let sql = "UPDATE models SET key = key || ' (replaced ' || id || ')'
            WHERE id <> ?1 AND key NOT LIKE '% (replaced ' || id || ')'";
        transaction.execute(sql, [model])?;
    }
    Ok(model)
}

fn count_replaced(transaction: &Transaction<'_>) -> Result<()> {
    transaction.prepare_cached("UPDATE settings SET value = value + 1 WHERE name = 'vectors'")?.execute([])?;
    Ok(())
}

fn remove_unused(transaction: &Transaction<'_>, content: i64) -> Result<()> {
    let sql = "DELETE FROM contents WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM files WHERE content = ?1)";
    if transaction.prepare_cached(sql)?.execute([content])? > 0 {
        count_replaced(transaction)?;
    }
    Ok(())
}

/// Removes every content without a file; for changes too large to name them.
pub(super) fn remove_all_unused(transaction: &Transaction<'_>) -> Result<()> {
    let sql = "DELETE FROM contents WHERE id NOT IN (SELECT content FROM files WHERE content IS NOT NULL)";
    if transaction.execute(sql, [])? > 0 {
        count_replaced(transaction)?;
    }
    Ok(())
}

/// Seconds since 1970 as the clock on the wall showed them: when the photo was taken, or without EXIF when its file was
/// written, which is what "last summer" means to a person wherever the photo was taken.
fn moment(taken: Option<DateTime>, modified_ns: i64) -> i64 {
    let written = || {
        let at = Timestamp::from_nanosecond(i128::from(modified_ns)).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(TimeZone::system()).datetime()
    };
    seconds(taken.unwrap_or_else(written))
}

/// A local time as a number that sorts, whatever zone it was in.
pub(crate) fn seconds(local: DateTime) -> i64 {
    TimeZone::UTC.to_timestamp(local).map_or(0, Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use mm_core::tasks::embed::Embedding;

    use super::*;

    fn photo(folder: FolderId, number: u8) -> Change {
        let photo = PhotoRecord {
            hash: ContentHash([number; 32]),
            model: "test".to_owned(),
            width: 1,
            height: 1,
            taken: None,
            camera: None,
            place: None,
            embedding: Embedding::normalised(vec![1.0, 2.0], "test").unwrap(),
            caption: format!("caption {number}"),
            caption_confidence: 1.0,
            page: Vec::new(),
            thumbnail: vec![number; 40_000],
        };
        let file = FileFacts { path: format!("{number}.jpg").into(), size: 1, modified_ns: 0 };
        Change::Photo { folder, file, photo: Box::new(photo) }
    }

    #[test]
    fn a_full_disk_keeps_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("library.sqlite")).unwrap().store;
        let folder = store.add_folder(dir.path()).unwrap().id;
        store.commit(&[photo(folder, 0)]).unwrap();
        // SQLite gives the same answer here as on a full disk.
        let pages: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let limit = |store: &Store, pages: i64| {
            store
                .connection
                .pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0))
                .unwrap();
        };
        limit(&store, pages + 20);
        let changes: Vec<Change> = (1..9).map(|number| photo(folder, number)).collect();
        assert_eq!(store.commit(&changes).unwrap_err().code(), "library.disk_full");
        store.check().unwrap();
        assert_eq!(store.totals().unwrap().photos, 1);
        limit(&store, 1 << 30);
        store.commit(&changes).unwrap();
        store.check().unwrap();
        assert_eq!(store.totals().unwrap().photos, 9);
    }

    #[test]
    fn a_photo_without_a_date_has_that_of_its_file() {
        let taken = jiff::civil::date(2023, 6, 15).at(12, 0, 0, 0);
        assert_eq!(moment(Some(taken), 0), 1_686_830_400);
        let here = TimeZone::system().to_offset(Timestamp::UNIX_EPOCH).seconds();
        assert_eq!(moment(None, 0), i64::from(here));
        assert!(moment(None, i64::MAX) > 0 && moment(None, i64::MIN) < 0);
    }
}
