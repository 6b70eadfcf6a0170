//! What is deployed on AWS, by the rights of whoever asks: bucket, table, queues, secrets. An error names the resource
//! and the right that is missing.

use pointsman_core::port::{ErrorKind, PortError};
use pointsman_env::Loaded;

use super::{Findings, house::written};
use crate::{commands::config::in_the_cloud, store::Store};

/// Looks at all of it; a server there is none.
pub async fn look(loaded: &Loaded, found: &mut Findings) {
    let store = match Store::open(&loaded.config, "pointsman doctor").await {
        Ok(store) => store,
        Err(error) => {
            let todo = "the outputs of the stack name its bucket, table and prefix: see infra/aws/README.md";
            return found.fail("aws", format!("{error:#}"), todo);
        }
    };
    let listed = store.archive.list("deliveries/", None, 1).await;
    told("bucket", listed.map(drop), "can be listed", found);
    told("table", written(&store).await, "can be written to", found);
    queues(loaded, &store, found).await;
    secrets(loaded, found).await;
}

async fn queues(loaded: &Loaded, store: &Store, found: &mut Findings) {
    for (queue, _) in loaded.config.queues() {
        let check = format!("queue {queue}");
        match store.admin.stats(&queue).await {
            Ok(stats) => {
                let seen = format!("{} wait, {} dead letters", stats.depth, stats.dead);
                found.ok(&check, seen);
            }
            Err(error) if error.kind == ErrorKind::NotFound => {
                let kind = if loaded.config.ordered(queue.as_str()) { "FIFO" } else { "standard" };
                let todo = format!(
                    "deploy it before the subscription, as a {kind} queue: infra/aws/queue.yaml (release queues come with \
                     Releases=true)"
                );
                found.fail(&check, error.to_string(), todo);
            }
            Err(error) => told(&check, Err(error), "", found),
        }
    }
}

async fn secrets(loaded: &Loaded, found: &mut Findings) {
    match in_the_cloud(loaded).await {
        Ok(faults) if faults.is_empty() => found.ok("secrets", "all can be read"),
        Ok(faults) => {
            for fault in faults {
                found.fail("secrets", fault.to_string(), "make it, or give the right to read it");
            }
        }
        Err(error) => found.fail("secrets", format!("{error:#}"), "see that AWS can be reached"),
    }
}

fn told(check: &str, done: Result<(), PortError>, fine: &str, found: &mut Findings) {
    match done {
        Ok(()) => found.ok(check, fine),
        Err(error) => {
            let todo = match error.kind {
                ErrorKind::Denied => "give whoever runs this the right that is named",
                _ => "see region, credentials and the stack's outputs; then run this again",
            };
            found.fail(check, error.to_string(), todo);
        }
    }
}
