//! A few connections that only read, so that reading never waits for writing.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use pointsman_core::port::PortError;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::{schema, together::Pool};

/// How many reads run at once.
const CONNECTIONS: usize = 4;

/// The pool; connections are opened when they are first needed.
#[derive(Clone)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Arc<Pool<Connection>>,
    room: Arc<Semaphore>,
}

impl Readers {
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            idle: Arc::new(Pool::new()),
            room: Arc::new(Semaphore::new(CONNECTIONS)),
        }
    }

    /// Runs `read` on a connection, away from the async threads.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        let _room = self.room.acquire().await.map_err(|_| crate::engine::closed())?;
        let pool = self.clone();
        let run = move || -> rusqlite::Result<T> {
            let conn = pool.idle.take().map_or_else(|| schema::open_reader(&pool.path), Ok)?;
            let found = read(&conn)?;
            pool.idle.give(conn);
            Ok(found)
        };
        let found = tokio::task::spawn_blocking(run)
            .await
            .map_err(|error| PortError::internal("reading the store was broken off").caused_by(error))?;
        found.map_err(|error| {
            PortError::unavailable("the store could not be read; try again").caused_by(error)
        })
    }

    /// No more reads; open connections are closed, those of running reads when these end.
    pub fn close(&self) {
        self.room.close();
        self.idle.close();
    }
}
