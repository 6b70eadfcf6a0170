//! The messages' rows: SQL alone, no scheduling.

use std::{ops::Range, sync::Arc};

use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};

use crate::bodies::Packed;

/// A message as it is to be written.
#[derive(Debug)]
pub(crate) struct NewRow<'a> {
    pub id: i64,
    pub queue: i64,
    pub session: i64,
    pub visible_at: i64,
    pub enqueued_at: i64,
    pub body: Option<i64>,
    pub correlation: Option<&'a str>,
    pub attributes: Option<&'a str>,
    pub head: &'a [u8],
    pub tail: &'a [u8],
}

/// A message as it was read, its shared body still packed.
#[derive(Debug)]
pub(crate) struct StoredRow {
    pub id: i64,
    pub session: Option<Arc<str>>,
    pub attempts: u32,
    pub enqueued_at: i64,
    pub body: Option<i64>,
    pub packed: Option<Packed>,
    pub correlation: Option<String>,
    pub attributes: Option<String>,
    pub head: Vec<u8>,
    pub tail: Vec<u8>,
}

impl StoredRow {
    /// Bytes that it takes in memory, about.
    pub fn weight(&self) -> usize {
        self.head.len() + self.tail.len() + self.packed.as_ref().map_or(0, |packed| packed.data.len()) + 256
    }
}

macro_rules! select {
    ($rest:literal) => {
        select!("", $rest)
    };
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT m.id, m.attempts, m.enqueued_at, m.body, m.correlation, m.attributes, m.head, m.tail, ",
            "b.size, b.packed, b.data, s.name",
            $more,
            " FROM messages m LEFT JOIN bodies b ON b.id = m.body ",
            "LEFT JOIN sessions s ON s.id = m.session ",
            $rest
        )
    };
}

const OF_SESSION: &str =
    select!("WHERE m.session = :session AND m.id >= :from AND m.id < :before ORDER BY m.id LIMIT :limit");
const OF_LOOSE: &str = select!(
    "WHERE m.session = :session AND m.id >= :from AND m.id < :before AND m.visible_at = 0 ORDER BY m.id LIMIT :limit"
);
const ONE: &str = select!("WHERE m.id = ?1");
const OF_QUEUE: &str = select!(
    ", EXISTS (SELECT 1 FROM held h WHERE h.session = m.session AND h.message = m.id)",
    "WHERE m.queue = ?1 AND m.id > ?2 ORDER BY m.id LIMIT ?3"
);

pub(crate) fn insert(conn: &Connection, row: &NewRow<'_>) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO messages (id, queue, session, attempts, visible_at, enqueued_at, body, correlation, attributes,
         head, tail) VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        row.id,
        row.queue,
        row.session,
        row.visible_at,
        row.enqueued_at,
        row.body,
        row.correlation,
        row.attributes,
        (!row.head.is_empty()).then_some(row.head),
        (!row.tail.is_empty()).then_some(row.tail),
    ])?;
    Ok(())
}

pub(crate) fn delete(conn: &Connection, id: i64) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Writes failed attempts, and until when it is held back (0 = not).
pub(crate) fn give_back(conn: &Connection, id: i64, attempts: u32, visible_at: i64) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE messages SET attempts = ?2, visible_at = ?3 WHERE id = ?1")?
        .execute(params![id, attempts, visible_at])?;
    Ok(())
}

/// Writes failed attempts and attributes; it is not held back any more.
pub(crate) fn rewrite(conn: &Connection, row: &StoredRow) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE messages SET attempts = ?2, attributes = ?3, visible_at = 0 WHERE id = ?1")?
        .execute(params![row.id, row.attempts, row.attributes])?;
    Ok(())
}

/// At most `limit` messages of a session from the first of these ids up to the second, as long as they fit into `bytes`;
/// and the id of the next one.
pub(crate) fn of_session(
    conn: &Connection,
    session: i64,
    range: Range<i64>,
    limit: usize,
    bytes: usize,
) -> rusqlite::Result<(Vec<StoredRow>, Option<i64>)> {
    page(conn, OF_SESSION, session, range, limit, bytes)
}

/// The same of unordered messages that nothing holds back.
pub(crate) fn of_loose(
    conn: &Connection,
    session: i64,
    range: Range<i64>,
    limit: usize,
    bytes: usize,
) -> rusqlite::Result<(Vec<StoredRow>, Option<i64>)> {
    page(conn, OF_LOOSE, session, range, limit, bytes)
}

fn page(
    conn: &Connection,
    sql: &str,
    session: i64,
    range: Range<i64>,
    limit: usize,
    bytes: usize,
) -> rusqlite::Result<(Vec<StoredRow>, Option<i64>)> {
    let mut statement = conn.prepare_cached(sql)?;
    let (from, before) = (range.start, range.end);
    let mut rows = statement
        .query(named_params! {":session": session, ":from": from, ":before": before, ":limit": limit + 1})?;
    let (mut found, mut weight) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if found.len() == limit || weight > bytes {
            return Ok((found, Some(row.get(0)?)));
        }
        let row = read(row)?;
        weight += row.weight();
        found.push(row);
    }
    Ok((found, None))
}

pub(crate) fn one(conn: &Connection, id: i64) -> rusqlite::Result<Option<StoredRow>> {
    conn.prepare_cached(ONE)?.query_row([id], read).optional()
}

/// At most `limit` messages of a queue after this id, and whether each is held for a person.
pub(crate) fn of_queue(
    conn: &Connection,
    queue: i64,
    after: i64,
    limit: usize,
) -> rusqlite::Result<Vec<(StoredRow, bool)>> {
    conn.prepare_cached(OF_QUEUE)?
        .query_map(params![queue, after, limit], |row| Ok((read(row)?, row.get(12)?)))?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredRow> {
    Ok(StoredRow {
        id: row.get(0)?,
        session: row.get(11)?,
        attempts: row.get(1)?,
        enqueued_at: row.get(2)?,
        body: row.get(3)?,
        packed: Packed::read(row, 8)?,
        correlation: row.get(4)?,
        attributes: row.get(5)?,
        head: row.get::<_, Option<Vec<u8>>>(6)?.unwrap_or_default(),
        tail: row.get::<_, Option<Vec<u8>>>(7)?.unwrap_or_default(),
    })
}
