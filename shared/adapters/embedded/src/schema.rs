//! The database: how it is opened, its tables, and how an older one becomes a current one.

use std::path::Path;

use rusqlite::{Connection, config::DbConfig};

/// One step a version: step n makes version n of version n - 1.
const STEPS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// Bytes a page. Against 8 kB, intake takes a third more deliveries: fewer pages a commit, and a checkpoint (every 1,000
/// pages) half as often.
const PAGE: u32 = 16384;

/// Memory for pages, in kB: of the writer and of each reader.
const WRITER_CACHE: i64 = 16 * 1024;
const READER_CACHE: i64 = 1024;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemaError {
    #[error("the store has schema {found}, and this program knows schemas up to {known}")]
    Newer { found: i64, known: i64 },
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// Opens the writing connection; makes or migrates the schema.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, SchemaError> {
    let conn = Connection::open(path)?;
    conn.pragma_update(None, "page_size", PAGE)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "cache_size", -WRITER_CACHE)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    plan_once(&conn)?;
    migrate(&conn)?;
    Ok(conn)
}

/// Opens a connection that only reads.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open(path)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "cache_size", -READER_CACHE)?;
    plan_once(&conn)?;
    Ok(conn)
}

/// Statements are compiled once: without this, SQLite compiles anew whenever a bound LIMIT is another number.
fn plan_once(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(64);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// The newest version.
pub(crate) fn known() -> i64 {
    i64::try_from(STEPS.len()).expect("a handful of versions")
}

fn migrate(conn: &Connection) -> Result<(), SchemaError> {
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = known();
    if found > known {
        return Err(SchemaError::Newer { found, known });
    }
    for (version, step) in (1..).zip(STEPS).skip(usize::try_from(found).unwrap_or(0)) {
        conn.execute_batch(&format!("BEGIN IMMEDIATE; {step}; PRAGMA user_version = {version}; COMMIT"))?;
    }
    Ok(())
}
