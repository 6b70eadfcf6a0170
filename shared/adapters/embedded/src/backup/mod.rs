//! A whole store in one file: taken while the store is written to, checked, and put back.

mod error;
mod put_back;
mod take;

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

pub use error::BackupError;
pub use put_back::{Restored, restore};
pub use take::{BackedUp, backup};

use crate::schema;

/// How every SQLite database begins, and where our schema's version stands in it (four bytes, big-endian).
const MAGIC: &[u8] = b"SQLite format 3\0";
const VERSION_AT: usize = 60;
const HEADER: usize = 100;

/// The tables without which a database is not ours.
const TABLES: &str = "'meta', 'queues', 'sessions', 'messages', 'bodies', 'archive', 'records', 'dedup'";

/// What a store holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// Raw deliveries.
    pub deliveries: u64,
    /// Messages in queues.
    pub messages: u64,
    /// Messages among the dead letters.
    pub dead: u64,
    /// Marks, cursors, leases.
    pub records: u64,
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { deliveries, messages, dead, records } = self;
        write!(f, "{deliveries} deliveries, {messages} messages, {dead} dead letters, {records} records")
    }
}

impl Contents {
    /// Whether nothing would be missed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn of(conn: &Connection) -> rusqlite::Result<Self> {
        let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, u64>(0));
        let dead = count(
            "SELECT count(*) FROM messages WHERE queue IN (SELECT id FROM queues WHERE name LIKE '%.dead')",
        )?;
        Ok(Self {
            deliveries: count("SELECT count(*) FROM archive")?,
            messages: count("SELECT count(*) FROM messages")? - dead,
            dead,
            records: count("SELECT count(*) FROM records")?,
        })
    }
}

/// What its first bytes say: a database, and of a schema that this program knows.
fn check_header(file: &Path) -> Result<(), BackupError> {
    let mut header = Vec::new();
    let read = File::open(file).and_then(|opened| opened.take(HEADER as u64).read_to_end(&mut header));
    read.map_err(|error| BackupError::file(file, error))?;
    if header.len() < HEADER || !header.starts_with(MAGIC) {
        return Err(BackupError::Foreign { file: file.to_owned() });
    }
    let version: [u8; 4] = header[VERSION_AT..VERSION_AT + 4].try_into().expect("four bytes");
    let (found, known) = (i64::from(u32::from_be_bytes(version)), schema::known());
    if found > known {
        return Err(BackupError::Newer { file: file.to_owned(), found, known });
    }
    if found == 0 {
        return Err(BackupError::Foreign { file: file.to_owned() });
    }
    Ok(())
}

/// That the whole of it is sound and ours; tells what it holds.
fn check(file: &Path) -> Result<Contents, BackupError> {
    check_header(file)?;
    let damaged = |what: String| BackupError::Damaged { file: file.to_owned(), what };
    let broken = |error: rusqlite::Error| damaged(error.to_string());
    let conn = open(file).map_err(broken)?;
    let found: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(broken)?;
    if found != "ok" {
        return Err(damaged(found));
    }
    let ours = format!("SELECT count(*) = 8 FROM sqlite_master WHERE type = 'table' AND name IN ({TABLES})");
    if !conn.query_row(&ours, [], |row| row.get::<_, bool>(0)).map_err(broken)? {
        return Err(BackupError::Foreign { file: file.to_owned() });
    }
    Contents::of(&conn).map_err(broken)
}

/// One that is there; none is made.
fn open(file: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// A new file that only its owner may read.
fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file under a name that is not yet its own; gone unless it was renamed.
struct Unfinished<'a>(&'a Path);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // One that was renamed is not there any more.
        let _ = std::fs::remove_file(self.0);
    }
}

/// What was renamed in this folder stays so.
fn sync_folder(of: &Path) -> io::Result<()> {
    let folder = of.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
