//! Small versioned records with an expiry.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use pointsman_core::port::{Expect, PortError, Record, Records, Version};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::{store::Store, times::millis, writer::Writer};

/// Longest value, in bytes.
const LONGEST: usize = 64 * 1024;

#[async_trait]
impl Records for Store {
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError> {
        let (key, now) = (key.to_owned(), millis(self.clock().now()));
        self.readers().read(move |conn| find(conn, &key, now)).await
    }

    async fn put_if(
        &self,
        key: &str,
        value: Bytes,
        expect: Expect,
        expires: Option<Timestamp>,
    ) -> Result<Version, PortError> {
        if value.len() > LONGEST {
            let size = value.len();
            return Err(PortError::invalid(format!(
                "`{key}` has {size} bytes; a record has at most {LONGEST}"
            )));
        }
        let (key, expires) = (key.to_owned(), expires.map(millis));
        self.engine()
            .write(value.len() + 256, move |writer| match check(writer, &key, &expect)? {
                Ok(()) => put(writer, &key, &value, expires).map(Ok),
                Err(error) => Ok(Err(error)),
            })
            .await?
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>, PortError> {
        let (prefix, from) = (prefix.to_owned(), after.unwrap_or("").to_owned());
        let now = millis(self.clock().now());
        self.readers()
            .read(move |conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT key, version, value FROM records WHERE key >= ?1 AND key > ?2
                     AND (expires_at IS NULL OR expires_at > ?3) ORDER BY key LIMIT ?4",
                )?;
                let rows = statement.query_map(params![prefix, from, now, limit], read)?;
                let ours = |row: &rusqlite::Result<Record>| {
                    row.as_ref().map_or(true, |row| row.key.starts_with(&prefix))
                };
                rows.take_while(ours).collect()
            })
            .await
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<(), PortError> {
        let key = key.to_owned();
        self.engine()
            .write(256, move |writer| {
                let absent = find(writer.conn, &key, writer.now)?.is_none();
                if let Err(error) = check(writer, &key, &expect)?
                    && !absent
                {
                    return Ok(Err(error));
                }
                writer.conn.prepare_cached("DELETE FROM records WHERE key = ?1")?.execute([key])?;
                Ok(Ok(()))
            })
            .await?
    }
}

/// The record, unless it is past its expiry.
pub(crate) fn find(conn: &Connection, key: &str, now: i64) -> rusqlite::Result<Option<Record>> {
    conn.prepare_cached(
        "SELECT key, version, value FROM records WHERE key = ?1 AND (expires_at IS NULL OR expires_at > ?2)",
    )?
    .query_row(params![key, now], read)
    .optional()
}

/// Writes a record, whatever is there.
pub(crate) fn put(
    writer: &mut Writer<'_>,
    key: &str,
    value: &[u8],
    expires: Option<i64>,
) -> rusqlite::Result<Version> {
    let version = writer.next_id()?;
    writer
        .conn
        .prepare_cached("REPLACE INTO records (key, version, expires_at, value) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![key, version, expires, value])?;
    Ok(Version(version.to_string()))
}

fn check(writer: &Writer<'_>, key: &str, expect: &Expect) -> rusqlite::Result<Result<(), PortError>> {
    let found = match expect {
        Expect::Anything => return Ok(Ok(())),
        Expect::Absent | Expect::Version(_) => find(writer.conn, key, writer.now)?,
    };
    Ok(match (expect, found) {
        (Expect::Absent, Some(_)) => Err(PortError::conflict(format!("the record `{key}` exists"))),
        (Expect::Version(version), found)
            if found.as_ref().map(|record| &record.version) != Some(version) =>
        {
            Err(PortError::conflict(format!("the record `{key}` was changed or removed; read it again")))
        }
        _ => Ok(()),
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        key: row.get(0)?,
        version: Version(row.get::<_, i64>(1)?.to_string()),
        value: row.get::<_, Vec<u8>>(2)?.into(),
    })
}
