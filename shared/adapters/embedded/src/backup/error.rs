//! Why a backup was not made, or not put back.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::Contents;
use crate::store::OpenError;

/// Why a backup was not made, or not put back. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to back up.
    #[error("there is no store in {}: name its folder with --data", data.display())]
    NoStore {
        /// The data folder.
        data: PathBuf,
    },
    /// The file is there already.
    #[error("{} exists already: name another file, or say --force to replace it", file.display())]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// A store would be replaced that holds something.
    #[error(
        "the store in {} is not empty ({contents}): say --force to put it aside, or name another folder with --data",
        data.display()
    )]
    NotEmpty {
        /// The data folder.
        data: PathBuf,
        /// What it holds.
        contents: Contents,
    },
    /// A store would be replaced that cannot be read.
    #[error(
        "the store in {} cannot be read ({why}): say --force to put it aside, or name another folder with --data",
        data.display()
    )]
    Unreadable {
        /// The data folder.
        data: PathBuf,
        /// Why.
        why: String,
    },
    /// It is something else.
    #[error("{} is no backup of Pointsman: name a file that `pointsman backup` wrote", file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// It was a backup.
    #[error("{} is damaged or cut short ({what}): take another backup", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What SQLite found.
        what: String,
    },
    /// It was written by a newer program.
    #[error(
        "{} has schema {found}, and this program knows schemas up to {known}: use the newer program that wrote it",
        file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be used: {error}; check that it is there, its rights, and that the disk has room", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The database could not be copied.
    #[error("the store could not be copied to {}: {error}; check the disk's room", file.display())]
    Copy {
        /// The file.
        file: PathBuf,
        /// Why.
        error: rusqlite::Error,
    },
    /// The store is in use, or its folder cannot be used.
    #[error(transparent)]
    Store(#[from] OpenError),
}

impl BackupError {
    pub(super) fn file(file: &Path, error: io::Error) -> Self {
        Self::File { file: file.to_owned(), error }
    }
}
