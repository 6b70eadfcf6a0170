//! Why a transaction failed, and what to do about it.

use std::fmt;

use pointsman_core::port::PortError;

/// Why a transaction failed, in words for all whose work was in it.
#[derive(Debug)]
pub(crate) struct Fault(String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Fault {
    pub fn new(error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let what = match error.sqlite_error_code() {
            Some(Code::DiskFull) => "the disk is full: free space, it then goes on by itself",
            Some(Code::ReadOnly | Code::PermissionDenied | Code::CannotOpen) => {
                "its files cannot be written: check the data folder's rights and mount, it then goes on by itself"
            }
            Some(Code::SystemIoFailure) => "the disk failed: check it, it then goes on by itself",
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => {
                "the database is damaged: stop, keep a copy of the data folder, and restore a backup"
            }
            _ => "the database refused it: try again, and see the log",
        };
        Self(format!("the store could not write, {what} ({error})"))
    }

    pub fn to_error(&self) -> PortError {
        PortError::unavailable(self.0.clone())
    }
}
