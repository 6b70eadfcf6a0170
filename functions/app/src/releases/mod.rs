//! The release stages as tasks of this process: a worker for each queue, and rounds that look at every repository.
//!
//! When their part of the configuration changes, what runs is finished and they begin anew with the new one.

mod crew;
mod hire;
mod rounds;

use tokio::{pin, select, sync::watch};
use tokio_util::sync::CancellationToken;

pub use crew::{Crew, Handle, Stage};
pub use hire::{Terms, Tools, hire};
pub use pointsman_release_orchestrator::Places;
pub use rounds::Rounds;

use crate::task::Task;

/// A task that works by these terms; `hire` makes what runs by them, if anything can.
pub fn start<T: Clone + PartialEq + Send + Sync + 'static>(
    name: &'static str,
    terms: Option<T>,
    hire: impl Fn(&T) -> Option<Crew> + Send + Sync + 'static,
) -> Task<T> {
    Task::start(name, terms, move |seen, stopping| follow(seen, hire, stopping))
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
