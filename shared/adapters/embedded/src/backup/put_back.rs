//! Putting a backup back: checked first, exchanged in one step, the old store kept aside.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{BackupError, Contents, Unfinished, check, check_header, create, open, sync_folder};
use crate::{
    lock::{Attempt, Lock},
    store::{DATABASE, LOCK, OpenError, make_folder},
};

/// Ids that the store may have given out after the backup, so that none is given out twice.
const SKIPPED: i64 = 1_000_000_000;

/// A backup that is the store now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// What it holds.
    #[serde(flatten)]
    pub contents: Contents,
    /// Where the store lies that was there before.
    pub before: Option<PathBuf>,
}

/// Makes this backup the store in the folder, which nobody may hold. `replace`: also where a store with something in it
/// is. Blocks; after an error the old store is as it was.
pub fn restore(file: &Path, data: &Path, replace: bool) -> Result<Restored, BackupError> {
    check_header(file)?;
    let folder = |error| OpenError::Folder { data: data.to_owned(), error };
    make_folder(data).map_err(folder)?;
    let lock = match Lock::take(&data.join(LOCK)).map_err(folder)? {
        Attempt::Ours(lock) => lock,
        Attempt::Held(holder) => return Err(OpenError::Held { data: data.to_owned(), holder }.into()),
    };
    let restored = exchange(file, data, replace);
    let released = lock.release().map_err(folder);
    let restored = restored?;
    released?;
    Ok(restored)
}

fn exchange(file: &Path, data: &Path, replace: bool) -> Result<Restored, BackupError> {
    let store = data.join(DATABASE);
    if store.exists() && !replace {
        refuse_content(data, &store)?;
    }
    let fresh = data.join("store.db.restoring");
    let unfinished = Unfinished(&fresh);
    let contents = bring(file, &fresh)?;
    let before = if store.exists() { Some(put_aside(&store)?) } else { None };
    let placed = fs::rename(&fresh, &store).and_then(|()| sync_folder(&store));
    placed.map_err(|error| BackupError::file(&store, error))?;
    drop(unfinished);
    Ok(Restored { contents, before })
}

fn refuse_content(data: &Path, store: &Path) -> Result<(), BackupError> {
    let counted = open(store).and_then(|conn| Contents::of(&conn));
    match counted {
        Ok(contents) if contents.is_empty() => Ok(()),
        Ok(contents) => Err(BackupError::NotEmpty { data: data.to_owned(), contents }),
        Err(error) => Err(BackupError::Unreadable { data: data.to_owned(), why: error.to_string() }),
    }
}

/// Copies the backup beside the store, checks the copy, and moves its ids past those that are lost.
fn bring(file: &Path, fresh: &Path) -> Result<Contents, BackupError> {
    let copied = || -> io::Result<()> {
        // Of an earlier try that was killed.
        match fs::remove_file(fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        io::copy(&mut fs::File::open(file)?, &mut create(fresh)?).map(drop)
    };
    copied().map_err(|error| BackupError::file(file, error))?;
    let contents = check(fresh).map_err(|error| named(error, file))?;
    let damaged =
        |error: rusqlite::Error| BackupError::Damaged { file: file.into(), what: error.to_string() };
    let conn = open(fresh).map_err(damaged)?;
    conn.execute("UPDATE meta SET value = value + ?1 WHERE name = 'high'", [SKIPPED]).map_err(damaged)?;
    drop(conn);
    let synced = fs::File::open(fresh).and_then(|opened| opened.sync_all());
    synced.map_err(|error| BackupError::file(fresh, error))?;
    Ok(contents)
}

/// What is wrong with the copy is wrong with the backup.
fn named(error: BackupError, file: &Path) -> BackupError {
    let file = file.to_owned();
    match error {
        BackupError::Foreign { .. } => BackupError::Foreign { file },
        BackupError::Damaged { what, .. } => BackupError::Damaged { file, what },
        other => other,
    }
}

/// Gives the old store a second name, under which it stays. Its log is folded in first: beside another database it would
/// be taken for that one's.
fn put_aside(store: &Path) -> Result<PathBuf, BackupError> {
    let failed = |error| BackupError::file(store, error);
    let aside = free_name(store);
    // A damaged one keeps its log, under its new name.
    if let Ok(conn) = open(store) {
        let _ = conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    let log = |of: &Path| with_end(of, "-wal");
    let folded = fs::metadata(log(store)).map_or(true, |log| log.len() == 0);
    if folded && fs::hard_link(store, &aside).is_ok() {
        remove(&log(store)).and_then(|()| remove(&with_end(store, "-shm"))).map_err(failed)?;
        return Ok(aside);
    }
    fs::rename(store, &aside).map_err(failed)?;
    if log(store).exists() {
        fs::rename(log(store), log(&aside)).map_err(failed)?;
    }
    remove(&with_end(store, "-shm")).map_err(failed)?;
    Ok(aside)
}

fn free_name(store: &Path) -> PathBuf {
    let first = with_end(store, ".before-restore");
    let numbered = (2..).map(|number| with_end(&first, &format!(".{number}")));
    std::iter::once(first.clone()).chain(numbered).find(|name| !name.exists()).unwrap_or(first)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name: OsString = path.into();
    name.push(end);
    name.into()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
