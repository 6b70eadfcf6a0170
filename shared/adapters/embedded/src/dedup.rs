//! What was enqueued lately: a dedup id within its queue's window enqueues once.

use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

/// A dedup id's first 16 bytes of SHA-256: short, and no two ids share one.
pub(crate) type Hash = [u8; 16];

/// The hash of a dedup id; nothing for none.
pub(crate) fn hash(id: &str) -> Option<Hash> {
    let digest = Sha256::digest(id.as_bytes());
    (!id.is_empty()).then(|| digest[..16].try_into().expect("a SHA-256 has 32 bytes"))
}

/// The message that this id enqueued within the window.
pub(crate) fn seen(conn: &Connection, queue: i64, hash: &Hash, now: i64) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached("SELECT message FROM dedup WHERE queue = ?1 AND hash = ?2 AND expires_at > ?3")?
        .query_row(params![queue, hash, now], |row| row.get(0))
        .optional()
}

/// Remembers what an id enqueued.
pub(crate) fn remember(
    conn: &Connection,
    queue: i64,
    hash: &Hash,
    (message, expires_at): (i64, i64),
) -> rusqlite::Result<()> {
    conn.prepare_cached("REPLACE INTO dedup (queue, hash, message, expires_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![queue, hash, message, expires_at])?;
    Ok(())
}

/// Forgets at most `rows` ids whose window is over.
pub(crate) fn sweep(conn: &Connection, now: i64, rows: i64) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "DELETE FROM dedup WHERE (queue, hash) IN
         (SELECT queue, hash FROM dedup WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
    )?
    .execute(params![now, rows])?;
    Ok(())
}
