//! Watches the configuration file: a good new version is handed out, a faulty one is told and the last good one stays.

use std::{path::PathBuf, sync::Arc, time::Duration};

use pointsman_core::{config::Config, port::Clock};

use crate::{LoadError, Loaded, Loader, Origin, loader::read};

const EVERY: Duration = Duration::from_secs(1);

/// Editors replace a file by removing and renaming: only after this many looks is it told that it has gone.
const PATIENCE: u32 = 10;

/// What happened to the file.
#[derive(Debug)]
pub enum Update {
    /// A new version without faults.
    Changed {
        /// It. Its `backend`, `listen` and `data` are what the file says now, in force or not.
        loaded: Box<Loaded>,
        /// The keys whose change needs a restart.
        restart: Vec<&'static str>,
    },
    /// A new version cannot be used: to be logged. The last good one stays in force.
    Faulty(LoadError),
}

/// Looks at the file each second. Of one that was not there at the start, it never reports anything.
pub struct Watcher {
    loader: Loader,
    clock: Arc<dyn Clock>,
    path: Option<PathBuf>,
    /// As at the start: what needs a restart is still this.
    started: Config,
    /// The bytes that were handled last.
    handled: Vec<u8>,
    /// Other bytes, seen once: only what two looks agree on was written to its end.
    fresh: Option<Vec<u8>>,
    /// The faults told last, if the handled bytes are faulty. A secret may come without the file changing.
    told: Option<String>,
    absent: u32,
}

impl Watcher {
    /// Watches the file that this was loaded from.
    pub fn new(loader: Loader, loaded: &Loaded, clock: Arc<dyn Clock>) -> Self {
        let path = match &loaded.origin {
            Origin::File(path) => Some(path.clone()),
            Origin::BuiltIn => None,
        };
        let (started, handled) = (loaded.config.clone(), loaded.text.clone());
        Self { loader, clock, path, started, handled, fresh: None, told: None, absent: 0 }
    }

    /// The next thing that happens. Can be dropped at any point and called again.
    pub async fn next(&mut self) -> Update {
        let Some(path) = self.path.clone() else { return std::future::pending().await };
        loop {
            self.clock.sleep(EVERY).await;
            // Bytes, not metadata: two writes within one tick of the file system's clock have the same metadata.
            match read(&path) {
                Ok(bytes) => {
                    self.absent = 0;
                    if self.settled(&bytes)
                        && let Some(update) = self.handle(path.clone(), bytes).await
                    {
                        return update;
                    }
                }
                Err(cause) => {
                    self.fresh = None;
                    self.absent = self.absent.saturating_add(1);
                    if self.absent == PATIENCE {
                        return Update::Faulty(LoadError::Unreadable { path, cause });
                    }
                }
            }
        }
    }

    /// Whether these bytes are to be handled: new ones that were seen twice, or faulty ones once more.
    fn settled(&mut self, bytes: &[u8]) -> bool {
        if bytes == self.handled {
            self.fresh = None;
            return self.told.is_some();
        }
        if self.fresh.as_deref() == Some(bytes) {
            return true;
        }
        self.fresh = Some(bytes.to_vec());
        false
    }

    async fn handle(&mut self, path: PathBuf, bytes: Vec<u8>) -> Option<Update> {
        let outcome = self.loader.checked(path, bytes.clone()).await;
        self.handled = bytes;
        self.fresh = None;
        match outcome {
            Ok(loaded) => {
                self.told = None;
                Some(Update::Changed { restart: self.restart(&loaded.config), loaded: Box::new(loaded) })
            }
            Err(error) => {
                let told = Some(error.to_string());
                let news = told != self.told;
                self.told = told;
                news.then_some(Update::Faulty(error))
            }
        }
    }

    fn restart(&self, config: &Config) -> Vec<&'static str> {
        let backend = (config.backend != self.started.backend).then_some("backend");
        let listen = (config.listen != self.started.listen).then_some("listen");
        let data = (config.data != self.started.data).then_some("data");
        backend.into_iter().chain(listen).chain(data).collect()
    }
}
