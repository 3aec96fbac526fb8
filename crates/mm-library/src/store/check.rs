//! Whether the database is whole and its parts agree.

use super::Store;
use crate::error::{LibraryError, Result};

/// Counts of what must not be; each is 0 in a consistent database.
const MISTAKES: [(&str, &str); 6] = [
    ("rows that refer to something missing", "SELECT count(*) FROM pragma_foreign_key_check"),
    (
        "contents that no file has",
        "SELECT count(*) FROM contents WHERE id NOT IN (SELECT content FROM files WHERE content IS NOT NULL)",
    ),
    (
        "contents of the current model without their vector",
        "SELECT count(*) FROM contents WHERE id NOT IN (SELECT content FROM vectors)
            AND model = (SELECT value FROM settings WHERE name = 'model')",
    ),
    (
        "vectors of another model",
        "SELECT count(*) FROM vectors v JOIN contents c ON c.id = v.content
            WHERE c.model <> (SELECT value FROM settings WHERE name = 'model')",
    ),
    ("vectors of different lengths", "SELECT max(count(DISTINCT length(embedding)) - 1, 0) FROM vectors"),
    (
        "contents without their thumbnail or text",
        "SELECT count(*) FROM contents WHERE id NOT IN (SELECT content FROM thumbnails)
            OR id NOT IN (SELECT content FROM pages)",
    ),
];

impl Store {
    /// Reads the whole database: `SQLite`'s own integrity check, the word indexes against the texts they were made from,
    /// and that every file has a content or a failure, every content a file, a vector, a thumbnail and its text.
    ///
    /// Fails with `library.database_corrupt` on the first thing that is wrong, or `library.*`.
    pub fn check(&self) -> Result<()> {
        self.noted(self.find_mistakes())
    }

    fn find_mistakes(&self) -> Result<()> {
        let found: String = self.connection.query_one("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Err(LibraryError::DatabaseCorrupt { detail: found });
        }
        for table in ["content_words", "file_words"] {
            // Rank 1: also against the table the words come from. https://sqlite.org/fts5.html
            let sql = format!("INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)");
            self.connection.execute(&sql, [])?;
        }
        for (what, sql) in MISTAKES {
            let count: i64 = self.connection.query_one(sql, [], |row| row.get(0))?;
            if count > 0 {
                return Err(LibraryError::DatabaseCorrupt { detail: format!("{count} {what}") });
            }
        }
        Ok(())
    }
}
