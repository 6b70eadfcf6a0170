//! A worker for each stage's queue, and the rounds: all until told to leave, then to the end of what was begun.

use std::{sync::Arc, time::Duration};

use futures::{
    FutureExt as _,
    future::{BoxFuture, OptionFuture, join, join_all},
};
use pointsman_core::{outcome::Handled, port::Received};
use pointsman_host_worker::Worker;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::Rounds;

/// After a worker gave up, as when its queue cannot be read: the time until the next try.
const AGAIN: Duration = Duration::from_secs(30);

/// Does what all waiting messages of one repository ask for.
pub type Handle = Arc<dyn Fn(Vec<Received>) -> BoxFuture<'static, Handled<()>> + Send + Sync>;

/// One stage on its queue.
pub struct Stage {
    /// Takes the messages; it names the queue.
    pub worker: Worker,
    /// The stage itself.
    pub handle: Handle,
}

/// All that runs for one configuration.
pub struct Crew {
    /// The stages.
    pub stages: Vec<Stage>,
    /// The rounds, if there are any.
    pub rounds: Option<Rounds>,
}

impl Crew {
    /// Works until told to leave; everything taken is settled or given back before it returns.
    pub async fn work(self, leave: CancellationToken) {
        let stages = self.stages.into_iter().map(|stage| stage.work(leave.clone()));
        let rounds = OptionFuture::from(self.rounds.map(|rounds| rounds.go(leave.clone())));
        join(join_all(stages), rounds).await;
    }
}

impl Stage {
    /// Works until told to leave; everything taken is settled or given back before it returns.
    pub async fn work(self, leave: CancellationToken) {
        let Self { worker, handle } = self;
        while !leave.is_cancelled() {
            let handle = Arc::clone(&handle);
            let running =
                worker.clone().run_batches(move |turn| handle(turn), leave.clone().cancelled_owned());
            // A box: a worker's future is large.
            if let Err(error) = running.boxed().await {
                error!(queue = %worker.queue, %error, "the stage cannot receive; trying again in {} s", AGAIN.as_secs());
                tokio::select! {
                    () = worker.clock.sleep(AGAIN) => {}
                    () = leave.cancelled() => {}
                }
            }
        }
    }
}
