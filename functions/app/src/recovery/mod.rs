//! The stage `recover` on its schedule: a run at the start, then one each time, by what the configuration says now.

mod standing;
#[cfg(test)]
mod tests;

use std::{process, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use pointsman_core::port::{Clock, PortError};
use pointsman_recover::Ran;
use tokio::{select, sync::watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use pointsman_recover::{Terms, Tools};
pub use standing::Standing;

use crate::task::Task;

/// One run by these terms: run twice = run once.
pub type Run = Arc<dyn Fn(&Terms) -> BoxFuture<'static, Result<Ran, PortError>> + Send + Sync>;

/// The task, and how it stands, to be looked at at any time. A run that is under way at a stop is dropped: each of its
/// steps is safe to repeat.
pub fn start(clock: Arc<dyn Clock>, run: Run) -> (Task<Terms>, watch::Receiver<Standing>) {
    let (told, standing) = watch::channel(Standing::default());
    let work = |seen, stopping| follow(seen, told, clock, run, stopping);
    (Task::start("`recover`", None, work), standing)
}

async fn follow(
    mut seen: watch::Receiver<Option<Terms>>,
    told: watch::Sender<Standing>,
    clock: Arc<dyn Clock>,
    run: Run,
    stopping: CancellationToken,
) {
    loop {
        let terms = seen.borrow_and_update().clone();
        let wait = match &terms {
            None => {
                told.send_replace(Standing::default());
                None
            }
            Some(terms) => select! {
                biased;
                () = stopping.cancelled() => return,
                done = run(terms) => Some(tell(done, terms, &told, &*clock)),
            },
        };
        let next = async {
            match wait {
                Some(wait) => clock.sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        select! {
            biased;
            () = stopping.cancelled() => return,
            changed = seen.changed() => if changed.is_err() { return },
            () = next => {}
        }
    }
}

/// What came of a run, for the log and for `/ready`; gives the time until the next one.
fn tell(
    done: Result<Ran, PortError>,
    terms: &Terms,
    told: &watch::Sender<Standing>,
    clock: &dyn Clock,
) -> Duration {
    match done {
        Ok(Ran::Done(report)) => {
            told.send_replace(Standing::of(&report));
            terms.every
        }
        Ok(Ran::Held(by)) => {
            info!(by = by.name, until = %by.until, "another run of `recover` is under way");
            let left = by.until.duration_since(clock.now()).max(jiff::SignedDuration::from_secs(1));
            terms.every.min(left.unsigned_abs())
        }
        Err(error) => {
            warn!(%error, "`recover` cannot run; the next try comes");
            told.send_modify(|standing| standing.fail(&error));
            terms.every
        }
    }
}

/// What a run of this process says of itself.
pub fn name(purpose: &str) -> String {
    format!("{purpose} (process {})", process::id())
}
