//! Opening: settings of the connection, migrations, and what is done about a damaged file.

use std::{
    cell::RefCell,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, TransactionBehavior};

use super::{Opened, Recovered, Store, with_suffix};
use crate::error::{LibraryError, Result};

/// Beside the database: an operation met damage.
pub(super) const DAMAGED: &str = "-damaged";

/// In the database's header: the file is one of ours (`MMpl` as text).
const APPLICATION_ID: i32 = 0x4d4d_706c;
/// The first bytes of every `SQLite` file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Names that say "database": only such a file is moved aside if its header is gone.
const EXTENSIONS: [&str; 3] = ["sqlite", "sqlite3", "db"];
/// How long a statement waits for another program's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Each file takes the schema from the version of its place in this list to the next; the first one creates it.
const MIGRATIONS: [&str; 2] = [include_str!("migrations/001.sql"), include_str!("migrations/002.sql")];
const VERSION: u32 = MIGRATIONS.len() as u32;

impl Store {
    /// Opens the database at `path`, creates it if there is none, brings an older schema up to date, and moves a damaged
    /// one aside (see the module).
    ///
    /// Fails with `library.database_locked`, `library.database_too_new`, `library.not_a_library`, `library.disk_full`,
    /// `library.failed`, or `file.unwritable` for its folder.
    pub fn open(path: &Path) -> Result<Opened> {
        check_is_ours(path)?;
        if let Some(folder) = path.parent() {
            let refused = |source| mm_core::Error::FileUnwritable { path: folder.to_path_buf(), source };
            fs::create_dir_all(folder).map_err(refused)?;
        }
        if with_suffix(path, DAMAGED).exists() {
            return recover(path);
        }
        match connect(path) {
            Ok(store) => Ok(Opened { store, recovered: None }),
            Err(LibraryError::DatabaseCorrupt { detail }) => {
                tracing::error!(path = %path.display(), detail, "the photo library's database is damaged");
                recover(path)
            }
            Err(error) => Err(error),
        }
    }
}

fn connect(path: &Path) -> Result<Store> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    if connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? == 0 {
        // Only a database without tables takes it: removed folders give their pages back to the disk.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    set_write_ahead_log(&connection)?;
    // See the module on what survives what.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // The log is cut back to this after a large transaction; otherwise it would keep its greatest size.
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    // 16 MiB of pages: the words of 100,000 photos are looked up without going to the disk.
    connection.pragma_update(None, "cache_size", -(16 << 10))?;
    migrate(&mut connection, path)?;
    Ok(Store { connection, path: path.to_path_buf(), vectors: RefCell::default() })
}

/// Two connections that switch at the same moment may refuse each other without the busy timeout being asked.
fn set_write_ahead_log(connection: &Connection) -> Result<()> {
    let mut tries = 0;
    loop {
        let set =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match set.map_err(LibraryError::from) {
            Ok(_) => return Ok(()),
            Err(LibraryError::DatabaseLocked) if tries < 20 => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) => return Err(error),
        }
    }
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    let version = |c: &Connection| c.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0));
    if version(connection)? == VERSION {
        return Ok(());
    }
    // One at a time: whoever comes second finds the work done.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let found = version(&transaction)?;
    if found > VERSION {
        return Err(LibraryError::DatabaseTooNew { path: path.to_path_buf(), found, supported: VERSION });
    }
    for (from, script) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        tracing::info!(from, to = from + 1, "migrating the photo library's database");
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}

/// Moves the damaged database aside and makes a new one.
fn recover(path: &Path) -> Result<Opened> {
    let moved_to = free_name(path);
    // The log belongs to the file it was written for: left behind, it would be replayed into the new one.
    for suffix in ["-wal", "-shm", ""] {
        let (from, to) = (with_suffix(path, suffix), with_suffix(&moved_to, suffix));
        match fs::rename(&from, to) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(mm_core::Error::FileUnwritable { path: from, source }.into());
            }
            _ => {}
        }
    }
    // Last, so that a process killed on the way goes on here the next time.
    let note = with_suffix(path, DAMAGED);
    let store = connect(path)?;
    if note.exists() {
        fs::remove_file(&note).map_err(|source| mm_core::Error::FileUnwritable { path: note, source })?;
    }
    tracing::warn!(moved_to = %moved_to.display(), "the damaged database was moved aside");
    Ok(Opened { store, recovered: Some(Recovered { moved_to }) })
}

fn free_name(path: &Path) -> PathBuf {
    let now = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
    let mut name = with_suffix(path, &format!(".damaged-{now}"));
    let mut n = 1;
    while name.exists() {
        n += 1;
        name = with_suffix(path, &format!(".damaged-{now}-{n}"));
    }
    name
}

/// `library.not_a_library` for a file that must neither be changed nor moved: a photo given by mistake, or the database
/// of another program.
pub(super) fn check_is_ours(path: &Path) -> Result<()> {
    let mut header = Vec::with_capacity(72);
    match File::open(path).and_then(|file| file.take(72).read_to_end(&mut header)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(mm_core::Error::FileUnreadable { path: path.to_path_buf(), source }.into()),
        Ok(_) => {}
    }
    let named_like_one = path.extension().and_then(|e| e.to_str()).is_some_and(|e| EXTENSIONS.contains(&e));
    let ours = match header.as_slice() {
        [] => true,
        // The header's fields: https://sqlite.org/fileformat2.html. 0 is a database that was never written to.
        [magic @ .., a, b, c, d] if header.len() == 72 && magic.starts_with(MAGIC) => {
            let id = i32::from_be_bytes([*a, *b, *c, *d]);
            id == APPLICATION_ID || id == 0
        }
        _ => named_like_one,
    };
    if ours { Ok(()) } else { Err(LibraryError::NotALibrary { path: path.to_path_buf() }) }
}
