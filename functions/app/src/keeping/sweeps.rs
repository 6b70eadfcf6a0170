//! When there is a sweep: shortly after the start and after a change, and then once an hour.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pointsman_core::telemetry::RETENTION_FAILURES;
use pointsman_host_http::Dependency;
use tokio::{select, sync::watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{
    Terms, Tools,
    sweep::{Cut, Expired, Sweep},
};

/// After the start, and after a change: time enough to take a mistake back.
pub const SOON: Duration = Duration::from_secs(60);
/// From the end of one sweep to the next.
pub const EVERY: Duration = Duration::from_secs(60 * 60);
/// After one that failed.
const AGAIN: Duration = Duration::from_secs(5 * 60);

/// How the sweeps stand, as `/ready` tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// When the last one came to its end.
    last: Option<Timestamp>,
    failing: bool,
    last_error: Option<String>,
}

impl Swept {
    fn ended(&mut self, now: Timestamp, error: Option<String>) {
        self.failing = error.is_some();
        match error {
            Some(error) => self.last_error = Some(error),
            None => self.last = Some(now),
        }
    }

    /// A line of `/ready`.
    pub fn dependency(&self) -> Dependency {
        let told = Dependency::ok("retention").because(self.last_error.clone());
        match (self.failing, self.last) {
            (true, None) => told.degraded("no sweep came to its end"),
            (true, Some(last)) => told.degraded(format!("no sweep came to its end since {last:.0}")),
            (false, _) => told,
        }
    }
}

/// Sweeps until told to leave. One that is under way is dropped then, between two batches: the next one goes on.
pub async fn go(mut seen: watch::Receiver<Option<Terms>>, tools: Tools, leave: CancellationToken) {
    let mut wait = SOON;
    loop {
        let terms = seen.borrow_and_update().clone();
        let pause = async {
            match terms {
                Some(terms) => {
                    tools.clock.sleep(wait).await;
                    terms
                }
                None => std::future::pending().await,
            }
        };
        let terms = select! {
            biased;
            () = leave.cancelled() => return,
            changed = seen.changed() => match changed {
                Ok(()) => { wait = SOON; continue }
                Err(_) => return,
            },
            terms = pause => terms,
        };
        wait = select! {
            biased;
            () = leave.cancelled() => return,
            wait = once(&terms, &tools) => wait,
        };
    }
}

/// One sweep; says how long to wait for the next.
pub async fn once(terms: &Terms, tools: &Tools) -> Duration {
    let now = tools.clock.now();
    let cut = Cut { archive: before(now, terms.archive), dead_letters: before(now, terms.dead_letters) };
    let mut sweep = Sweep { archive: &*tools.archive, queues: &*tools.queues, expired: Expired::default() };
    let done = sweep.run(&cut).await;
    let Expired { archive, rejected, dead_letters } = sweep.expired;
    if sweep.expired == Expired::default() {
        debug!("retention: nothing is too old");
    } else {
        info!(archive, rejected, dead_letters, "retention: removed what was kept long enough");
    }
    let error = done.as_ref().err().map(ToString::to_string);
    tools.swept.send_modify(|swept| swept.ended(now, error));
    match done {
        Ok(()) => EVERY,
        Err(error) => {
            RETENTION_FAILURES.add([], 1);
            warn!(%error, again_s = AGAIN.as_secs(), "retention: not everything could be looked at");
            AGAIN
        }
    }
}

/// Before the calendar began there is nothing.
fn before(now: Timestamp, kept: Duration) -> Timestamp {
    let kept = SignedDuration::try_from(kept).unwrap_or(SignedDuration::MAX);
    now.checked_sub(kept).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_that_failed_is_told_until_one_comes_to_its_end() {
        let noon: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let mut swept = Swept::default();
        let mut told = |error: Option<&str>| {
            swept.ended(noon, error.map(str::to_owned));
            let told = swept.dependency();
            assert!(told.ready);
            (told.degraded, told.state, told.last_error)
        };
        assert_eq!(told(None), (false, "ok".to_owned(), None));
        let (full, since) =
            (Some("the disk is full".to_owned()), "no sweep came to its end since 2026-11-21T12:00:00Z");
        assert_eq!(told(Some("the disk is full")), (true, since.to_owned(), full.clone()));
        assert_eq!(told(None), (false, "ok".to_owned(), full), "the last error stays");
    }
}
