//! A task of this process that works by a part of the configuration, its terms, and is told when they change.

use std::future::Future;

use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::error;

/// What runs by the terms `T`; `None` = nothing is done.
pub struct Task<T> {
    name: &'static str,
    terms: watch::Sender<Option<T>>,
    stopping: CancellationToken,
    running: JoinHandle<()>,
}

impl<T: PartialEq + Send + Sync + 'static> Task<T> {
    /// Starts it with these terms. `work` follows them until it is told to stop.
    pub fn start<F>(
        name: &'static str,
        terms: Option<T>,
        work: impl FnOnce(watch::Receiver<Option<T>>, CancellationToken) -> F,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (terms, seen) = watch::channel(terms);
        let stopping = CancellationToken::new();
        let running = tokio::spawn(work(seen, stopping.clone()));
        Self { name, terms, stopping, running }
    }

    /// Other terms from now on. The same again change nothing.
    pub fn replace(&self, terms: Option<T>) {
        self.terms.send_if_modified(|now| {
            let other = *now != terms;
            *now = terms;
            other
        });
    }

    /// The terms now, to be looked at at any time.
    pub fn terms(&self) -> watch::Receiver<Option<T>> {
        self.terms.subscribe()
    }

    /// When this is cancelled, nothing new is begun.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Begins nothing new, and returns once what runs is finished or given back.
    pub async fn stop(self) {
        self.stopping.cancel();
        if let Err(error) = self.running.await {
            error!(%error, "{} ended badly; the next start takes up what it left", self.name);
        }
    }
}
