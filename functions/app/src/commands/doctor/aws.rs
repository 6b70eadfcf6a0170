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
                let ordered = match &store.is_ordered {
                    Some(is_ordered) => is_ordered(queue.clone()).await,
                    None => Ok(true),
                };
                match ordered {
                    Ok(ordered) => {
                        of_its_kind(&check, loaded.config.ordered(queue.as_str()), ordered, seen, found)
                    }
                    Err(error) => told(&check, Err(error), "", found),
                }
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

/// A queue is FIFO where its events have sessions, and standard where they have none.
fn of_its_kind(check: &str, wanted: bool, ordered: bool, seen: String, found: &mut Findings) {
    match (wanted, ordered) {
        (true, false) => {
            let seen =
                format!("it is a standard queue, and its events have sessions: each is refused ({seen})");
            let todo = "make it a FIFO queue (infra/aws/queue.yaml with Ordered=true), or give its subscription \
                        `session: none`";
            found.fail(check, seen, todo);
        }
        (false, true) => {
            let seen = format!(
                "it is a FIFO queue, and its events have no session: it costs more, and delays none ({seen})"
            );
            let todo = "make it a standard queue (infra/aws/queue.yaml with Ordered=false), or leave `session: none` out";
            found.doubt(check, seen, todo);
        }
        _ => found.ok(check, seen),
    }
}

pub(super) async fn secrets(loaded: &Loaded, found: &mut Findings) {
    match in_the_cloud(loaded).await {
        Ok(faults) if faults.is_empty() => found.ok("secrets", "all can be read"),
        Ok(faults) => {
            for fault in faults {
                found.fail("secrets", fault.to_string(), "make it, or give the right to read it");
            }
        }
        Err(error) => found.fail("secrets", format!("{error:#}"), "see that the cloud can be reached"),
    }
}

pub(super) fn told(check: &str, done: Result<(), PortError>, fine: &str, found: &mut Findings) {
    match done {
        Ok(()) => found.ok(check, fine),
        Err(error) => {
            let todo = match error.kind {
                ErrorKind::Denied => "give whoever runs this the right or role that is named",
                _ => "see who you are there and the deployment's outputs; then run this again",
            };
            found.fail(check, error.to_string(), todo);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Status;

    #[test]
    fn a_queue_of_the_wrong_kind_is_told_with_what_to_do() {
        let cases = [
            (true, true, Status::Ok, ""),
            (false, false, Status::Ok, ""),
            (true, false, Status::Failed, "make it a FIFO queue"),
            (false, true, Status::Warning, "make it a standard queue"),
        ];
        for (wanted, ordered, status, todo) in cases {
            let mut found = Findings::default();
            of_its_kind("queue triage", wanted, ordered, "3 wait".into(), &mut found);
            let check = &found.checks[0];
            assert!(check.status == status && check.seen.contains("3 wait"), "{}", check.seen);
            assert!(check.todo.as_deref().unwrap_or_default().starts_with(todo), "{:?}", check.todo);
        }
    }
}
