//! The release stages as tasks of this process: a worker for each queue, and rounds that look at every repository.
//!
//! When their part of the configuration changes, what runs is finished and they begin anew with the new one.

mod crew;
mod hire;
mod rounds;

use tokio::{pin, select, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub use crew::{Crew, Handle, Stage};
pub use hire::{Terms, Tools, hire};
pub use pointsman_release_orchestrator::Places;
pub use rounds::Rounds;

/// What runs, by the configuration's terms `T`; `None` = nothing.
pub struct Releases<T> {
    terms: watch::Sender<Option<T>>,
    stopping: CancellationToken,
    running: JoinHandle<()>,
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Releases<T> {
    /// Begins with these terms; `hire` makes what runs by them, if anything can.
    pub fn start(terms: Option<T>, hire: impl Fn(&T) -> Option<Crew> + Send + Sync + 'static) -> Self {
        let (terms, seen) = watch::channel(terms);
        let stopping = CancellationToken::new();
        let running = tokio::spawn(follow(seen, hire, stopping.clone()));
        Self { terms, stopping, running }
    }

    /// Other terms from now on. The same again change nothing.
    pub fn replace(&self, terms: Option<T>) {
        self.terms.send_if_modified(|now| {
            let other = *now != terms;
            *now = terms;
            other
        });
    }

    /// When this is cancelled, nothing new is begun.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// The terms now, to be looked at at any time.
    pub fn terms(&self) -> watch::Receiver<Option<T>> {
        self.terms.subscribe()
    }

    /// Begins nothing new, and returns once what runs is finished or given back.
    pub async fn stop(self) {
        self.stopping.cancel();
        if let Err(error) = self.running.await {
            tracing::error!(%error, "the release stages ended badly; what they held comes again");
        }
    }
}

async fn follow<T: Clone>(
    mut seen: watch::Receiver<Option<T>>,
    hire: impl Fn(&T) -> Option<Crew>,
    stopping: CancellationToken,
) {
    while !stopping.is_cancelled() {
        let crew = seen.borrow_and_update().as_ref().and_then(&hire);
        let leave = stopping.child_token();
        let work = async {
            match crew {
                Some(crew) => crew.work(leave.clone()).await,
                None => leave.cancelled().await,
            }
        };
        pin!(work);
        select! {
            () = &mut work => {}
            changed = seen.changed() => {
                // Whoever could change the terms has gone: they stay as they are.
                if changed.is_ok() {
                    leave.cancel();
                }
                work.await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
