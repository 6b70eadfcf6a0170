//! The write-ahead log's length. SQLite folds it in by itself, but begins it anew only at a moment when nobody reads, and
//! under load there is none: it would grow without end, and each transaction would fold in and sync its own few pages.
//! Beyond a length, those who read are waited for (SQLite, "Write-Ahead Logging": avoiding excessively large WAL files).

use std::{fs, path::PathBuf, time::Duration};

use rusqlite::Connection;

/// Four times what SQLite lets come together before it folds in.
pub(crate) const LONG: u64 = 64 << 20;
/// So often, and so long each time: SQLite waits for the places of those who read when it began, and who comes later may
/// take such a place again, so that one long wait may last for good. Nobody writes meanwhile. Who reads for longer, as a
/// backup does, is waited for again once the log is twice as long.
const TRIES: usize = 10;
const PATIENCE: Duration = Duration::from_millis(20);

/// Keeps it short.
#[derive(Debug)]
pub(crate) struct Log {
    file: PathBuf,
    long: u64,
    limit: u64,
}

impl Log {
    /// Of this database, `long` bytes at most while nobody reads for long.
    pub fn of(conn: &Connection, long: u64) -> Self {
        let file = PathBuf::from(format!("{}-wal", conn.path().unwrap_or_default()));
        Self { file, long, limit: long }
    }

    /// Between transactions: what is too long is folded in as a whole.
    pub fn bound(&mut self, conn: &Connection) {
        let length = fs::metadata(&self.file).map_or(0, |file| file.len());
        if length <= self.limit {
            return;
        }
        let folded = fold(conn).unwrap_or_else(|error| {
            tracing::debug!("the store's log could not be folded in ({error}); that is tried again");
            false
        });
        self.limit = if folded { self.long } else { length * 2 };
    }
}

/// Whether nothing is left of it.
fn fold(conn: &Connection) -> rusqlite::Result<bool> {
    let usual: u64 = conn.pragma_query_value(None, "busy_timeout", |row| row.get(0))?;
    conn.busy_timeout(PATIENCE)?;
    let folded = (0..TRIES)
        .map(|_| conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0)))
        .find(|busy| !matches!(busy, Ok(true)));
    conn.busy_timeout(Duration::from_millis(usual))?;
    folded.transpose().map(|end| end.is_some())
}

#[cfg(test)]
mod tests {
    use std::{
        path::Path,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
            mpsc::{Receiver, Sender, channel},
        },
        thread,
    };

    use super::*;
    use crate::schema::{open_reader, open_writer};

    const SHORT: u64 = 1 << 20;
    /// So long somebody reads: a few writes.
    const READ: Duration = Duration::from_millis(5);

    /// Reads until it is over, and lets go only once the other has begun.
    fn read(path: &Path, over: &AtomicBool, (other, began): (Receiver<()>, Sender<()>)) {
        let conn = open_reader(path).unwrap();
        while !over.load(Ordering::Relaxed) {
            conn.execute_batch("BEGIN; SELECT count(*) FROM meta").unwrap();
            if began.send(()).is_err() || other.recv().is_err() {
                return;
            }
            thread::sleep(READ);
            conn.execute_batch("COMMIT").unwrap();
        }
    }

    /// The log's greatest length while so many rows are written and somebody always reads.
    fn longest(rows: usize, long: u64) -> u64 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let conn = open_writer(&path).unwrap();
        let (mut log, mut longest, over) = (Log::of(&conn, long), 0, Arc::new(AtomicBool::new(false)));
        let ((to_one, one), (to_other, other)) = (channel(), channel());
        // It is its turn first.
        to_one.send(()).unwrap();
        let readers = [(one, to_other), (other, to_one)].map(|batons| {
            let (path, over) = (path.clone(), over.clone());
            thread::spawn(move || read(&path, &over, batons))
        });
        for nth in 0..rows {
            let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, randomblob(65536))";
            conn.execute(sql, [nth % 4]).unwrap();
            log.bound(&conn);
            longest = longest.max(fs::metadata(folder.path().join("store-wal")).unwrap().len());
        }
        over.store(true, Ordering::Relaxed);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        longest
    }

    #[test]
    fn it_stays_short_although_somebody_always_reads() {
        let (alone, bounded) = (longest(1000, u64::MAX), longest(1000, SHORT));
        assert!(bounded < 8 * SHORT, "{bounded}");
        assert!(alone > 30 * SHORT, "SQLite alone keeps it short too: {alone}");
    }
}
