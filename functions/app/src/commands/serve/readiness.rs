//! What `/ready` tells: the store, without which nothing can be taken in, targets that are skipped, queues that wait for a
//! person, the App's key, and what is lost on the way.

use std::sync::Arc;

use jiff::Timestamp;
use pointsman_core::{
    breaker::Circuit,
    ledger::{Ledger, Target},
    port::{PortError, QueueAdmin, QueueStats, Secrets},
};
use pointsman_embedded::Store;
use pointsman_host_http::Dependency;
use tokio::sync::watch;

use crate::{recovery::Standing, releases::Terms};

/// What is looked at, each time anew.
#[derive(Clone)]
pub struct Readiness {
    /// Without it nothing can be taken in.
    pub store: Store,
    /// Intake's, with its targets.
    pub ledger: Arc<dyn Ledger>,
    /// The release stages' present terms.
    pub terms: watch::Receiver<Option<Terms>>,
    /// How recovery stands.
    pub standing: watch::Receiver<Standing>,
    /// Reads the App's key.
    pub secrets: Arc<dyn Secrets>,
}

impl Readiness {
    /// Every dependency.
    pub async fn look(&self) -> Vec<Dependency> {
        let health = self.store.health().await;
        let mut all = vec![Dependency {
            name: "store".into(),
            ready: health.is_ok(),
            state: if health.is_ok() { "ok" } else { "cannot write" }.into(),
            last_error: health.err().map(|error| error.to_string()),
        }];
        all.extend(self.ledger.targets().into_iter().filter_map(skipped));
        match queues(&self.store).await {
            Ok(waiting) => all.extend(waiting),
            // The line above tells what is wrong with the store.
            Err(error) => tracing::debug!(%error, "the queues' figures cannot be had"),
        }
        let app = self.terms.borrow().as_ref().map(|terms| terms.app.clone());
        if let Some(app) = app {
            all.push(key(app.id, self.secrets.get(&app.private_key).await.map(drop)));
        }
        all.extend(self.standing.borrow().dependency(Timestamp::now()));
        all
    }
}

/// The queues that are paused, or have sessions that wait for a person. Webhooks are taken in all the same.
async fn queues(admin: &dyn QueueAdmin) -> Result<Vec<Dependency>, PortError> {
    let mut waiting = Vec::new();
    for queue in admin.list().await? {
        if let Some(state) = state(&admin.stats(&queue).await?) {
            waiting.push(Dependency { name: format!("queue {queue}"), ready: true, state, last_error: None });
        }
    }
    Ok(waiting)
}

fn state(stats: &QueueStats) -> Option<String> {
    let sessions = if stats.held == 1 { "session" } else { "sessions" };
    let held = format!("{} {sessions} held for a person", stats.held);
    match (stats.paused, stats.held) {
        (false, 0) => None,
        (true, 0) => Some("paused".into()),
        (false, _) => Some(held),
        (true, _) => Some(format!("paused, {held}")),
    }
}

/// Webhooks are taken in all the same: without a key they wait in their queue.
fn key(app: u64, read: Result<(), PortError>) -> Dependency {
    Dependency {
        name: format!("key of App {app}"),
        ready: true,
        state: if read.is_ok() { "ok" } else { "cannot be read: releases wait" }.into(),
        last_error: read.err().map(|error| error.to_string()),
    }
}

/// Webhooks are taken in all the same: what a target misses is kept for recover.
fn skipped(target: Target) -> Option<Dependency> {
    let state = match target.circuit {
        Circuit::Closed => return None,
        Circuit::Open { until } => format!("skipped until {until:.0}: its events wait for recover"),
        Circuit::HalfOpen => "skipped but for a probe: its events wait for recover".to_owned(),
    };
    let name = format!("queue {}", target.queue);
    Some(Dependency { name, ready: true, state, last_error: target.last_error })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(circuit: Circuit) -> Option<String> {
        let last_error = Some("no route to the queue".to_owned());
        let told = skipped(Target { queue: "slow".parse().unwrap(), circuit, last_error })?;
        Some(serde_json::to_string(&told).unwrap())
    }

    #[test]
    fn a_target_that_is_skipped_is_told_and_one_that_works_is_not() {
        let until = "2026-11-21T12:00:05.123Z".parse().unwrap();
        assert_eq!(told(Circuit::Closed), None);
        assert_eq!(
            told(Circuit::Open { until }).as_deref(),
            Some(
                r#"{"name":"queue slow","ready":true,"state":"skipped until 2026-11-21T12:00:05Z: its events wait for recover","last_error":"no route to the queue"}"#
            )
        );
        assert_eq!(
            told(Circuit::HalfOpen).as_deref(),
            Some(
                r#"{"name":"queue slow","ready":true,"state":"skipped but for a probe: its events wait for recover","last_error":"no route to the queue"}"#
            )
        );
    }

    #[test]
    fn a_queue_is_told_while_it_waits_for_a_person() {
        let told = |paused, held| state(&QueueStats { paused, held, ..QueueStats::default() });
        assert_eq!(told(false, 0), None);
        assert_eq!(told(true, 0).as_deref(), Some("paused"));
        assert_eq!(told(false, 1).as_deref(), Some("1 session held for a person"));
        assert_eq!(told(true, 2).as_deref(), Some("paused, 2 sessions held for a person"));
    }
}
