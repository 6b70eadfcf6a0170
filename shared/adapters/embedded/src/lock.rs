//! The house key: whoever has the lock file locked owns the store. The kernel frees it when its holder dies.

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Seek as _, Write as _},
    path::Path,
};

use serde::{Deserialize, Serialize};

/// Who holds a store.
#[derive(Clone, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// What it is, such as `pointsman serve`.
    pub purpose: String,
    /// Where it answers on the loopback; 0 while it starts.
    pub port: u16,
    /// Who may ask: those who can read the file.
    pub(crate) token: String,
}

impl Holder {
    /// This process, with a new token; it answers nowhere yet.
    pub(crate) fn us(purpose: &str) -> io::Result<Self> {
        let mut token = [0; 32];
        getrandom::fill(&mut token).map_err(io::Error::other)?;
        Ok(Self { pid: std::process::id(), purpose: purpose.to_owned(), port: 0, token: hex::encode(token) })
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Holder {{ pid: {}, purpose: {:?}, port: {}, token: *** }}",
            self.pid, self.purpose, self.port
        )
    }
}

/// The key in our hands, until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

/// How an attempt to take it ended.
pub(crate) enum Attempt {
    Ours(Lock),
    /// Another has it; what its file says, unless it just starts or ends.
    Held(Option<Holder>),
}

/// Who says in this lock file that it holds the store.
pub(crate) fn read(path: &Path) -> io::Result<Option<Holder>> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?).ok())
}

impl Lock {
    /// Takes the key, if nobody has it.
    pub fn take(path: &Path) -> io::Result<Attempt> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                Ok(Attempt::Ours(Self { file }))
            }
            Err(TryLockError::WouldBlock) => Ok(Attempt::Held(read(path)?)),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Tells others who we are.
    pub fn tell(&mut self, holder: &Holder) -> io::Result<()> {
        let text = serde_json::to_string(holder)?;
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())
    }

    /// Gives it back; the next one need not think that we are there.
    pub fn release(self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.unlock()
    }
}
