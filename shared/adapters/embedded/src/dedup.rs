//! What was enqueued lately: a dedup id within its queue's window enqueues once.
//!
//! Ids are random, so a table sorted by them would be written at a random page for each. Each id goes to the end of a log
//! instead, and to memory; once there are many, they move into the sorted table in its order, step by step round and
//! round, so that those of one page move together. Memory stays small, whatever the window.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use crate::{state::State, writer::Writer};

/// How many stay in memory, and how many move on in one transaction at most.
const KEEP: usize = if cfg!(test) { 64 } else { 32_768 };
const STEP: usize = 1_024;

/// Rows of the table that one transaction looks through for what is forgotten.
const LOOK: usize = 256;

/// A dedup id's hash: where it is sorted, and what tells it from another at the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash {
    key: i64,
    check: i64,
}

impl Hash {
    /// Of a dedup id; nothing for none.
    pub fn of(id: &str) -> Option<Self> {
        let digest: [u8; 32] = Sha256::digest(id.as_bytes()).into();
        let number = |at: usize| i64::from_be_bytes(std::array::from_fn(|byte| digest[at + byte]));
        (!id.is_empty()).then(|| Self { key: number(0), check: number(8) })
    }

    /// The same id in this queue alone.
    pub fn within(self, queue: i64) -> Self {
        Self { key: self.key ^ queue.wrapping_mul(0x5851_F42D_4C95_7F2D), ..self }
    }
}

/// What an id enqueued.
#[derive(Debug, Clone, Copy)]
struct Seen {
    check: i64,
    message: i64,
    expires_at: i64,
}

/// The ids that did not move into the table yet, and how far moving is.
#[derive(Debug, Default)]
pub(crate) struct Dedup {
    pending: BTreeMap<i64, Seen>,
    place: Place,
    before: Place,
    /// Of this transaction: what was added (and what was there), what moved.
    added: Vec<(i64, Option<Seen>)>,
    moved: Vec<(i64, i64)>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Place {
    /// The last key that moved, and the last that was looked through.
    cursor: i64,
    looked: i64,
    /// Ids of messages when the cursor last came round, and the time before: what is older has moved.
    round: i64,
    moved_below: i64,
}

impl Dedup {
    /// What was added and moved is on disk.
    pub fn keep(&mut self) {
        for (key, message) in self.moved.drain(..) {
            if self.pending.get(&key).is_some_and(|seen| seen.message == message) {
                self.pending.remove(&key);
            }
        }
        self.added.clear();
        self.before = self.place;
    }

    /// It is not.
    pub fn undo(&mut self) {
        for (key, old) in std::mem::take(&mut self.added).into_iter().rev() {
            match old {
                Some(seen) => self.pending.insert(key, seen),
                None => self.pending.remove(&key),
            };
        }
        self.moved.clear();
        self.place = self.before;
    }
}

/// At the start: what did not move yet, or may not have.
pub(crate) fn load(conn: &Connection, state: &mut State, now: i64) -> rusqlite::Result<()> {
    let mut log =
        conn.prepare("SELECT key, check_, message, expires_at FROM dedup_log WHERE expires_at > ?1")?;
    let mut rows = log.query([now])?;
    while let Some(row) = rows.next()? {
        let seen = Seen { check: row.get(1)?, message: row.get(2)?, expires_at: row.get(3)? };
        state.dedup.pending.insert(row.get(0)?, seen);
    }
    Ok(())
}

impl Writer<'_> {
    /// The message that this id enqueued within the window.
    pub fn seen(&self, hash: Hash) -> rusqlite::Result<Option<i64>> {
        if let Some(seen) = self.state.dedup.pending.get(&hash.key)
            && seen.check == hash.check
        {
            return Ok((seen.expires_at > self.now).then_some(seen.message));
        }
        self.conn
            .prepare_cached("SELECT message FROM dedup WHERE key = ?1 AND check_ = ?2 AND expires_at > ?3")?
            .query_row(params![hash.key, hash.check, self.now], |row| row.get(0))
            .optional()
    }

    /// Remembers what an id enqueued.
    pub fn remember(&mut self, hash: Hash, message: i64, expires_at: i64) -> rusqlite::Result<()> {
        self.conn
            .prepare_cached(
                "INSERT INTO dedup_log (message, key, check_, expires_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![message, hash.key, hash.check, expires_at])?;
        let seen = Seen { check: hash.check, message, expires_at };
        let dedup = &mut self.state.dedup;
        let old = dedup.pending.insert(hash.key, seen);
        dedup.added.push((hash.key, old));
        Ok(())
    }

    /// Moves on what is too many for memory, and forgets what is over.
    pub fn tidy_dedup(&mut self) -> rusqlite::Result<()> {
        let many = self.state.dedup.pending.len().saturating_sub(KEEP).min(STEP);
        if many == 0 {
            return Ok(());
        }
        self.move_on(many)?;
        self.conn
            .prepare_cached(
                "DELETE FROM dedup_log WHERE message IN
                 (SELECT message FROM dedup_log WHERE message < ?1 ORDER BY message LIMIT ?2)",
            )?
            .execute(params![self.state.dedup.place.moved_below, 2 * STEP])?;
        self.forget()
    }

    fn move_on(&mut self, many: usize) -> rusqlite::Result<()> {
        let dedup = &mut self.state.dedup;
        let after = (std::ops::Bound::Excluded(dedup.place.cursor), std::ops::Bound::Unbounded);
        let next: Vec<(i64, Seen)> =
            dedup.pending.range(after).take(many).map(|(key, seen)| (*key, *seen)).collect();
        if next.len() < many {
            // Round once more: all that was there at the last round's begin has moved by now.
            dedup.place.moved_below = dedup.place.round;
            dedup.place.round = self.state.next_id;
            dedup.place.cursor = i64::MIN;
        } else if let Some((key, _)) = next.last() {
            dedup.place.cursor = *key;
        }
        for (key, seen) in next {
            if seen.expires_at > self.now {
                self.conn
                    .prepare_cached(
                        "REPLACE INTO dedup (key, check_, message, expires_at) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![key, seen.check, seen.message, seen.expires_at])?;
            }
            self.state.dedup.moved.push((key, seen.message));
        }
        Ok(())
    }

    /// Looks through the next rows of the table for ids whose window is over.
    pub fn forget(&mut self) -> rusqlite::Result<()> {
        let from = self.state.dedup.place.looked;
        let to: Option<i64> = self
            .conn
            .prepare_cached("SELECT key FROM dedup WHERE key > ?1 ORDER BY key LIMIT 1 OFFSET ?2")?
            .query_row(params![from, LOOK], |row| row.get(0))
            .optional()?;
        self.conn
            .prepare_cached("DELETE FROM dedup WHERE key > ?1 AND key <= ?2 AND expires_at <= ?3")?
            .execute(params![from, to.unwrap_or(i64::MAX), self.now])?;
        self.state.dedup.place.looked = to.unwrap_or(i64::MIN);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicI64, Ordering},
        },
        time::Duration,
    };

    use async_trait::async_trait;
    use jiff::Timestamp;
    use pointsman_core::port::{Clock, Message, Queue as _, QueueSettings};

    use crate::{Options, Store};

    /// Seconds since 1970, set by hand.
    struct Turned(AtomicI64);

    #[async_trait]
    impl Clock for Turned {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
        }

        async fn sleep(&self, _: Duration) {
            std::future::pending().await
        }
    }

    /// Sends 500 messages with ids of their own, 10 a transaction; how many were duplicates.
    async fn send(store: &Store) -> usize {
        let ids: Vec<_> = (0..500).map(|number| format!("id {number}")).collect();
        let mut duplicates = 0;
        for ids in ids.chunks(10) {
            let message = |id: &String| Message { dedup_id: id.clone(), ..Message::default() };
            let sent = store.send(&"jobs".parse().unwrap(), ids.iter().map(message).collect()).await;
            duplicates += sent.into_iter().filter(|sent| sent.as_ref().unwrap().duplicate).count();
        }
        duplicates
    }

    #[tokio::test]
    async fn an_id_is_known_until_its_window_is_over_wherever_it_lies_and_then_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Turned(AtomicI64::new(1_000_000)));
        let queues = [("jobs".parse().unwrap(), QueueSettings::default())];
        let open =
            || Store::open(folder.path(), Options::new(clock.clone(), "a test").with_queues(queues.clone()));
        let store = open().await.unwrap();
        assert_eq!((send(&store).await, send(&store).await), (0, 500));
        store.close().await;
        let store = open().await.unwrap();
        clock.0.fetch_add(599, Ordering::Relaxed);
        assert_eq!(send(&store).await, 500);
        clock.0.fetch_add(1, Ordering::Relaxed);
        assert_eq!((send(&store).await, send(&store).await), (0, 500));

        for _ in 0..20 {
            clock.0.fetch_add(601, Ordering::Relaxed);
            send(&store).await;
        }
        let conn = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
        let rows = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let (log, table) = (rows("SELECT count(*) FROM dedup_log"), rows("SELECT count(*) FROM dedup"));
        assert!(log < 2_000 && table < 1_000, "{log} in the log, {table} in the table");
        store.close().await;
    }
}
