//! The store: one folder, one database, one engine. All ports of it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use pointsman_core::{
    ledger::Ledger,
    port::{Archive, Clock, PortError, Queue, QueueAdmin, QueueName, QueueSettings, Receiver, Records},
};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{
    alarm,
    engine::{Engine, Op, millis},
    ensure, load,
    lock::{Attempt, Holder, Lock},
    readers::Readers,
    schema::{self, SchemaError},
};

/// The database's name in the data folder.
const DATABASE: &str = "store.db";
const LOCK: &str = "lock";

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// The only source of time.
    pub clock: Arc<dyn Clock>,
    /// What others are told who find the store held, such as `pointsman serve`.
    pub purpose: String,
    /// Queues that are to be there, each with its dead letters.
    pub queues: Vec<(QueueName, QueueSettings)>,
}

impl Options {
    /// No queues but those that are there.
    pub fn new(clock: Arc<dyn Clock>, purpose: impl Into<String>) -> Self {
        Self { clock, purpose: purpose.into(), queues: Vec::new() }
    }

    /// With these queues.
    #[must_use]
    pub fn with_queues(mut self, queues: impl IntoIterator<Item = (QueueName, QueueSettings)>) -> Self {
        self.queues.extend(queues);
        self
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "the store in {} is held by {}: stop that first, or use another data folder",
        data.display(),
        holder.as_ref().map_or("a program that just starts or ends".into(),
            |holder| format!("`{}` (process {})", holder.purpose, holder.pid))
    )]
    Held {
        /// The data folder.
        data: PathBuf,
        /// Who it is, as far as it told yet.
        holder: Option<Holder>,
    },
    /// It was written by a newer program.
    #[error(
        "the store in {} has schema {found}, and this program knows schemas up to {known}: use the newer program that \
         wrote it, or another data folder",
        data.display()
    )]
    Newer {
        /// The data folder.
        data: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// The data folder cannot be used.
    #[error("the data folder {} cannot be used: {error}; check that it may be written to", data.display())]
    Folder {
        /// The data folder.
        data: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The database cannot be used.
    #[error("the database in {} cannot be used: {error}", data.display())]
    Database {
        /// The data folder.
        data: PathBuf,
        /// Why.
        error: rusqlite::Error,
    },
}

/// An open store. Clones are the same store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    readers: Readers,
    clock: Arc<dyn Clock>,
    alarm: JoinHandle<()>,
    lock: Mutex<Option<Lock>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.alarm.abort();
    }
}

/// Every port that a store implements, each to be handed to who needs it.
#[derive(Clone)]
pub struct Ports {
    /// For those who send.
    pub queue: Arc<dyn Queue>,
    /// For hosts.
    pub receiver: Arc<dyn Receiver>,
    /// For operators.
    pub admin: Arc<dyn QueueAdmin>,
    /// Raw deliveries.
    pub archive: Arc<dyn Archive>,
    /// Marks, cursors, leases.
    pub records: Arc<dyn Records>,
    /// Ingest's one transaction.
    pub ledger: Arc<dyn Ledger>,
}

impl Ports {
    /// All ports of one thing that implements them all.
    pub fn of<T>(all: T) -> Self
    where
        T: Queue + Receiver + QueueAdmin + Archive + Records + Ledger + 'static,
    {
        let all = Arc::new(all);
        Self {
            queue: all.clone(),
            receiver: all.clone(),
            admin: all.clone(),
            archive: all.clone(),
            records: all.clone(),
            ledger: all,
        }
    }
}

impl Store {
    /// Opens the store in this folder; makes the folder, the database and the queues where they are missing.
    pub async fn open(data: &Path, options: Options) -> Result<Self, OpenError> {
        let data = data.to_owned();
        let folder = |error| OpenError::Folder { data: data.clone(), error };
        make_folder(&data).map_err(folder)?;
        let mut lock = match Lock::take(&data.join(LOCK)).map_err(folder)? {
            Attempt::Ours(lock) => lock,
            Attempt::Held(holder) => return Err(OpenError::Held { data, holder }),
        };
        let token = String::new();
        let holder = Holder { pid: std::process::id(), purpose: options.purpose.clone(), port: 0, token };
        lock.tell(&holder).map_err(folder)?;
        let path = data.join(DATABASE);
        let now = millis(options.clock.now());
        let opened = tokio::task::spawn_blocking({
            let path = path.clone();
            move || {
                let conn = schema::open_writer(&path)?;
                let state = load::load(&conn, now)?;
                Ok((conn, state))
            }
        });
        let opened = opened.await.map_err(|error| folder(io::Error::other(error)))?;
        let (conn, state) = opened.map_err(|error| match error {
            SchemaError::Newer { found, known } => OpenError::Newer { data: data.clone(), found, known },
            SchemaError::Sqlite(error) => OpenError::Database { data: data.clone(), error },
        })?;
        let (engine, due) = Engine::start(conn, state, options.clock.clone()).map_err(folder)?;
        let alarm = tokio::spawn(alarm::run(engine.clone(), due, options.clock.clone()));
        let readers = Readers::new(&path);
        let inner = Inner { engine, readers, clock: options.clock, alarm, lock: Mutex::new(Some(lock)) };
        let store = Self { inner: Arc::new(inner) };
        store.ensure_queues(&options.queues).await.map_err(|error| folder(io::Error::other(error)))?;
        Ok(store)
    }

    /// These queues are there from now on, with these settings, and each has its dead letters. Others are kept, shown as
    /// unattached.
    pub async fn ensure_queues(&self, queues: &[(QueueName, QueueSettings)]) -> Result<(), PortError> {
        ensure::ensure(self.engine(), queues.to_vec()).await
    }

    /// All ports.
    pub fn ports(&self) -> Ports {
        Ports::of(self.clone())
    }

    /// Whether the store can write: whether its last transaction worked, or a tiny one now does.
    pub async fn health(&self) -> Result<(), PortError> {
        if !self.engine().is_failing() {
            return Ok(());
        }
        self.engine()
            .write(0, |writer| {
                writer.conn.execute("UPDATE meta SET value = value + 1 WHERE name = 'health'", []).map(|_| ())
            })
            .await
    }

    /// Finishes what was begun, folds the log into the database, and lets go of the store.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.engine().send(Op::Close(done)).await.is_ok() {
            // It ends in any case; there is nothing to do about how.
            let _ = closed.await;
        }
        self.inner.alarm.abort();
        self.inner.readers.close();
        let lock = self.inner.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(error)) = lock.map(Lock::release) {
            tracing::warn!("the lock file could not be emptied ({error}); it is free all the same");
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn readers(&self) -> &Readers {
        &self.inner.readers
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.inner.clock
    }
}

/// Only its owner may look into it.
fn make_folder(data: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data)
}
