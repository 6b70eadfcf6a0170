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
use rusqlite::Connection;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    alarm, control,
    engine::{Engine, Op},
    ensure, load,
    lock::{Attempt, Holder, Lock},
    readers::Readers,
    schema::{self, SchemaError},
    state::State,
    times::millis,
};

/// The database's name in the data folder.
pub(crate) const DATABASE: &str = "store.db";
pub(crate) const LOCK: &str = "lock";

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

pub(crate) struct Inner {
    engine: Engine,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
    readers: Readers,
    clock: Arc<dyn Clock>,
    /// The alarm and the control port.
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Inner {
    fn stop_tasks(&self) {
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
        self.readers.close();
    }
}

/// A store that nobody has any more is closed: when this returns, its folder is free.
impl Drop for Inner {
    fn drop(&mut self) {
        self.stop_tasks();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        while !thread.is_finished() && !self.engine.try_send(Op::Close(oneshot::channel().0)) {
            std::thread::yield_now();
        }
        if thread.join().is_err() {
            tracing::error!("the store's thread broke; what was answered is on disk");
        }
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
        let failed = |error| OpenError::Folder { data: data.to_owned(), error };
        make_folder(data).map_err(failed)?;
        let path = data.join(LOCK);
        let mut lock = match Lock::take(&path).map_err(failed)? {
            Attempt::Ours(lock) => lock,
            Attempt::Held(holder) => return Err(OpenError::Held { data: data.to_owned(), holder }),
        };
        let mut holder = Holder::us(&options.purpose).map_err(failed)?;
        lock.tell(&holder).map_err(failed)?;
        let (conn, state) = load_from(data, millis(options.clock.now())).await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        holder.port = listener.local_addr().map_err(failed)?.port();
        lock.tell(&holder).map_err(failed)?;
        let (engine, due, thread) =
            Engine::start((conn, state, lock), options.clock.clone()).map_err(failed)?;
        let alarm = tokio::spawn(alarm::run(engine.clone(), due, options.clock.clone()));
        let inner = Arc::new(Inner {
            engine,
            thread: Mutex::new(Some(thread)),
            readers: Readers::new(&data.join(DATABASE)),
            clock: options.clock,
            tasks: Mutex::new(vec![alarm]),
        });
        let store = Self { inner };
        store.ensure_queues(&options.queues).await.map_err(|error| failed(io::Error::other(error)))?;
        let control = control::serve(listener, holder.token, Arc::downgrade(&store.inner));
        store.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(tokio::spawn(control));
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
        // As much as a few deliveries take: a disk that has room for a row only is full.
        for statement in [
            "INSERT OR REPLACE INTO meta (name, value) VALUES ('room', zeroblob(262144))",
            "DELETE FROM meta WHERE name = 'room'",
        ] {
            self.engine().write(0, move |writer| writer.conn.execute(statement, []).map(|_| ())).await?;
        }
        Ok(())
    }

    /// Finishes what was begun, folds the log into the database, and lets go of the store.
    pub async fn close(&self) {
        self.inner.stop_tasks();
        let (done, closed) = oneshot::channel();
        if self.engine().send(Op::Close(done)).await.is_ok() {
            // It ends in any case; there is nothing to do about how.
            let _ = closed.await;
        }
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Self {
        Self { inner }
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

/// Whether there is a store in this folder. Looks, and makes nothing.
#[must_use]
pub fn exists(data: &Path) -> bool {
    data.join(DATABASE).exists()
}

/// The database, made or migrated, and what memory knows of it.
async fn load_from(data: &Path, now: i64) -> Result<(Connection, State), OpenError> {
    let path = data.join(DATABASE);
    let load = move || {
        let conn = schema::open_writer(&path)?;
        let state = load::load(&conn, now)?;
        Ok((conn, state))
    };
    let loaded = tokio::task::spawn_blocking(load).await;
    let loaded = loaded
        .map_err(|error| OpenError::Folder { data: data.to_owned(), error: io::Error::other(error) })?;
    loaded.map_err(|error| match error {
        SchemaError::Newer { found, known } => OpenError::Newer { data: data.to_owned(), found, known },
        SchemaError::Sqlite(error) => OpenError::Database { data: data.to_owned(), error },
    })
}

/// Only its owner may look into it.
pub(crate) fn make_folder(data: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data)
}
