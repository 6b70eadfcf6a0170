//! The erasing stage on its queue, while the configuration wants it (`erase_on_uninstall`).

use std::sync::Arc;

use futures::FutureExt as _;
use pointsman_core::{
    config::ERASE,
    outcome::{Handled, Outcome},
    port::{QueueSettings, Received},
};
use pointsman_erase::{Ports, handle};
use pointsman_host_worker::Worker;
use tokio::{pin, select, sync::watch};
use tokio_util::sync::CancellationToken;

use super::{Terms, Tools};
use crate::releases::Stage;

/// Works until told to leave. An erasure that is under way then gets the worker's grace; the next start makes it again.
pub async fn go(mut seen: watch::Receiver<Option<Terms>>, tools: Tools, leave: CancellationToken) {
    while !leave.is_cancelled() {
        let settings = seen.borrow_and_update().as_ref().and_then(|terms| terms.erasing.clone());
        let other = |terms: &Option<Terms>| {
            terms.as_ref().and_then(|terms| terms.erasing.as_ref()) != settings.as_ref()
        };
        let stop = leave.child_token();
        let work = async {
            match &settings {
                Some(settings) => stage(settings, &tools).work(stop.clone()).await,
                None => stop.cancelled().await,
            }
        };
        pin!(work);
        select! {
            () = &mut work => {}
            changed = async { seen.wait_for(other).await.is_ok() } => {
                // Else whoever could change the terms has gone: they stay as they are.
                if changed {
                    stop.cancel();
                }
                work.await;
            }
        }
    }
}

fn stage(settings: &QueueSettings, tools: &Tools) -> Stage {
    let queue = ERASE.parse().expect("the stage's own name is a queue's");
    let worker = Worker {
        // One after another: an erasure reads the whole archive.
        concurrency: 1,
        visibility: settings.visibility,
        max_attempts: settings.max_deliveries,
        max_age: settings.max_age,
        ..Worker::new(tools.receiver.clone(), tools.clock.clone(), queue)
    };
    let ports = Ports {
        archive: tools.archive.clone(),
        queues: tools.queues.clone(),
        records: tools.records.clone(),
        clock: tools.clock.clone(),
    };
    let handle = Arc::new(move |turn: Vec<Received>| {
        let ports = ports.clone();
        async move { all(&turn, &ports).await }.boxed()
    });
    Stage { worker, handle }
}

/// Each of a turn; the first that is not done decides.
async fn all(turn: &[Received], ports: &Ports) -> Handled<()> {
    for message in turn {
        match handle(message, ports).await? {
            Outcome::Done(_) | Outcome::Skipped(_) => {}
            other => return Ok(other.map(drop)),
        }
    }
    Ok(Outcome::Done(()))
}
