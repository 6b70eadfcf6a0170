//! The archive: raw deliveries, written once.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use pointsman_core::port::{Archive, Listed, Object, PortError};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    bodies::{self, Bodies, Packed, Placing},
    store::Store,
    times::time,
    writer::Writer,
};

#[async_trait]
impl Archive for Store {
    async fn put_new(&self, key: &str, object: Object) -> Result<(), PortError> {
        let Object { body, metadata } = object;
        let mut bodies = Bodies::default();
        let (key, row) = (key.to_owned(), ArchiveRow::new(&body, &metadata, &mut bodies));
        self.engine()
            .write(body.len(), move |writer| {
                if find(writer.conn, &key)?.is_some() {
                    return Ok(Err(PortError::conflict(format!("the archive has `{key}` already"))));
                }
                let mut placing = Placing::new(&bodies);
                insert(writer, &key, &row, &mut placing)?;
                placing.finish(writer)?;
                Ok(Ok(()))
            })
            .await?
    }

    async fn get(&self, key: &str) -> Result<Object, PortError> {
        let name = key.to_owned();
        let (metadata, packed) = self
            .readers()
            .read(move |conn| {
                conn.prepare_cached(
                    "SELECT a.metadata, b.size, b.packed, b.data FROM archive a LEFT JOIN bodies b ON b.id = a.body
                     WHERE a.key = ?1",
                )?
                .query_row([name], |row| {
                    Ok((row.get::<_, String>(0)?, Packed::read(row, 1)?))
                })
                .optional()
            })
            .await?
            .ok_or_else(|| PortError::not_found(format!("the archive has no `{key}`")))?;
        let metadata = serde_json::from_str(&metadata).map_err(|error| {
            PortError::internal(format!("the metadata of `{key}` cannot be read")).caused_by(error)
        })?;
        Ok(Object { body: packed.map_or(Ok(Bytes::new()), |packed| packed.unpack())?, metadata })
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, PortError> {
        let (prefix, from) = (prefix.to_owned(), after.unwrap_or("").to_owned());
        self.readers()
            .read(move |conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT key, size, stored_at FROM archive WHERE key >= ?1 AND key > ?2 ORDER BY key LIMIT ?3",
                )?;
                let rows = statement.query_map(params![prefix, from, limit], |row| {
                    Ok(Listed { key: row.get(0)?, size: row.get(1)?, stored: time(row.get(2)?) })
                })?;
                let ours = |row: &rusqlite::Result<Listed>| {
                    row.as_ref().map_or(true, |row| row.key.starts_with(&prefix))
                };
                rows.take_while(ours).collect()
            })
            .await
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        let key = key.to_owned();
        self.engine()
            .write(256, move |writer| {
                let body: Option<Option<i64>> = writer
                    .conn
                    .prepare_cached("DELETE FROM archive WHERE key = ?1 RETURNING body")?
                    .query_row([key], |row| row.get(0))
                    .optional()?;
                body.flatten().map_or(Ok(()), |body| bodies::release(writer.conn, body))
            })
            .await
    }
}

/// An object made ready, away from the engine.
#[derive(Debug)]
pub(crate) struct ArchiveRow {
    metadata: String,
    size: usize,
    /// Its bytes' place among the call's bodies; none for no bytes.
    pub place: Option<usize>,
}

impl ArchiveRow {
    pub fn new(body: &Bytes, metadata: &BTreeMap<String, String>, bodies: &mut Bodies) -> Self {
        let metadata = serde_json::to_string(metadata).expect("strings are always JSON");
        Self { metadata, size: body.len(), place: bodies.place(body) }
    }
}

/// The body's row of an object, if the object is there.
pub(crate) fn find(conn: &Connection, key: &str) -> rusqlite::Result<Option<Option<i64>>> {
    conn.prepare_cached("SELECT body FROM archive WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

/// Writes an object whose key is not there yet.
pub(crate) fn insert(
    writer: &mut Writer<'_>,
    key: &str,
    row: &ArchiveRow,
    bodies: &mut Placing<'_>,
) -> rusqlite::Result<()> {
    let body = row.place.map(|place| bodies.refer(writer, place)).transpose()?;
    writer
        .conn
        .prepare_cached(
            "INSERT INTO archive (key, body, size, stored_at, metadata) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![key, body, row.size, writer.now, row.metadata])?;
    Ok(())
}
