//! Taking a backup: SQLite copies one moment of the store, packed tight, while others go on writing.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Serialize;

use super::{BackupError, Contents, Unfinished, check, create, open, sync_folder};
use crate::store::DATABASE;

/// How long a lock of another is waited for: that of a start, say.
const PATIENCE: Duration = Duration::from_secs(30);

/// A backup that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BackedUp {
    /// The file's size.
    pub bytes: u64,
    /// What is in it.
    #[serde(flatten)]
    pub contents: Contents,
}

/// Copies the store in this folder into one file, whoever holds it. `begun` is told the file that grows and about how
/// large it will be. Blocks until the file is whole, checked and on disk; before that it has another name.
pub fn backup(
    data: &Path,
    file: &Path,
    replace: bool,
    begun: impl FnOnce(&Path, u64),
) -> Result<BackedUp, BackupError> {
    let source = data.join(DATABASE);
    if !source.exists() {
        return Err(BackupError::NoStore { data: data.to_owned() });
    }
    if !replace && file.exists() {
        return Err(BackupError::Exists { file: file.to_owned() });
    }
    let partial = partial(file);
    let failed = |error| BackupError::file(&partial, error);
    let unfinished = Unfinished(&partial);
    let created = create(&partial).map_err(failed)?;
    copy(&source, &partial, begun).map_err(|error| BackupError::Copy { file: file.to_owned(), error })?;
    let contents = check(&partial)?;
    created.sync_all().map_err(failed)?;
    let bytes = created.metadata().map_err(failed)?.len();
    fs::rename(&partial, file).and_then(|()| sync_folder(file)).map_err(failed)?;
    drop(unfinished);
    Ok(BackedUp { bytes, contents })
}

fn copy(source: &Path, partial: &Path, begun: impl FnOnce(&Path, u64)) -> rusqlite::Result<()> {
    let conn = open(source)?;
    conn.busy_timeout(PATIENCE)?;
    let number = |pragma| conn.pragma_query_value(None, pragma, |row| row.get::<_, u64>(0));
    let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
    begun(partial, pages * number("page_size")?);
    let to = std::path::absolute(partial).unwrap_or_else(|_| partial.to_owned());
    let to = to.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(partial.to_owned()))?;
    conn.execute("VACUUM INTO ?1", [to])?;
    Ok(())
}

/// Beside the file, so that it can be renamed; of this process, so that two do not meet.
fn partial(file: &Path) -> PathBuf {
    let mut name: OsString = file.into();
    name.push(format!(".{}.partial", std::process::id()));
    name.into()
}
