//! The schedule `release.reconcile`: events may never come, so every repository is looked at now and then.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use pointsman_core::port::{Clock, ErrorKind, PortError};
use tokio::select;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// The longest time until the next try after a round that failed.
const AGAIN: Duration = Duration::from_secs(5 * 60);

/// Asks for a look at every repository; says at how many.
pub type Round = Arc<dyn Fn() -> BoxFuture<'static, Result<usize, PortError>> + Send + Sync>;

/// A round at the start, and then one each time.
pub struct Rounds {
    /// From the end of one to the beginning of the next.
    pub every: Duration,
    /// Measures that.
    pub clock: Arc<dyn Clock>,
    /// One of them: run twice = run once.
    pub round: Round,
}

impl Rounds {
    /// Until told to leave. A round that is under way is dropped then: the next start makes it again.
    pub async fn go(self, leave: CancellationToken) {
        loop {
            let wait = select! {
                biased;
                () = leave.cancelled() => return,
                done = (self.round)() => self.told(done),
            };
            select! {
                biased;
                () = leave.cancelled() => return,
                () = self.clock.sleep(wait) => {}
            }
        }
    }

    /// The time until the next one.
    fn told(&self, done: Result<usize, PortError>) -> Duration {
        match done {
            Ok(repositories) => {
                info!(repositories, "asked for a look at every repository");
                self.every
            }
            Err(error) => {
                let soon = self.every.min(AGAIN);
                let wait = match error.kind {
                    ErrorKind::Throttled { after: Some(after) } => after.max(soon),
                    _ => soon,
                };
                warn!(%error, again_s = wait.as_secs(), "not every repository could be looked at");
                wait
            }
        }
    }
}
