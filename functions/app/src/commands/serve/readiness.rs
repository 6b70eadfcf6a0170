//! What `/ready` tells: each dependency, its state and its last error. Only the store decides whether webhooks are taken in;
//! what else is not well is degraded, and waits.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use jiff::Timestamp;
use pointsman_core::{
    breaker::Circuit,
    ledger::{Ledger, Target},
    port::{PortError, QueueAdmin, QueueName, QueueStats, Secrets},
};
use pointsman_embedded::Store;
use pointsman_host_http::Dependency;
use tokio::sync::watch;

use super::{disk, watch::Reload};
use crate::{asked, keeping::Swept, recovery, releases::Terms};

/// What is looked at, each time anew.
#[derive(Clone)]
pub struct Readiness {
    /// Without it nothing can be taken in.
    pub store: Store,
    /// Where it lies.
    pub data: PathBuf,
    /// Intake's, with its targets.
    pub ledger: Arc<dyn Ledger>,
    /// The release stages' present terms.
    pub terms: watch::Receiver<Option<Terms>>,
    /// How what runs beside intake stands.
    pub standing: Standing,
    /// How the configuration's file stands.
    pub reload: watch::Receiver<Reload>,
    /// Reads the App's key.
    pub secrets: Arc<dyn Secrets>,
}

/// How what runs beside intake stands.
#[derive(Clone)]
pub struct Standing {
    /// Recovery.
    pub recovery: watch::Receiver<recovery::Standing>,
    /// Retention.
    pub swept: watch::Receiver<Swept>,
    /// GitHub's answers.
    pub github: watch::Receiver<asked::Standing>,
}

impl Readiness {
    /// Every dependency.
    pub async fn look(&self) -> Vec<Dependency> {
        let now = Timestamp::now();
        let health = self.store.health().await.map_err(|error| error.to_string());
        let store = Dependency::ok("store");
        let store = if health.is_ok() { store } else { store.down("cannot write").because(health.err()) };
        let mut all = vec![store, disk::dependency(&self.data), self.reload.borrow().dependency()];
        match queues(&self.store, self.ledger.targets()).await {
            Ok(queues) => all.extend(queues),
            Err(error) => {
                let told = Dependency::ok("queues").degraded("their figures cannot be had");
                all.push(told.because(Some(error.to_string())));
            }
        }
        let app = self.terms.borrow().as_ref().map(|terms| terms.app.clone());
        if let Some(app) = app {
            all.push(key(app.id, self.secrets.get(&app.private_key).await.map(drop)));
        }
        let Standing { recovery, swept, github } = &self.standing;
        all.extend(github.borrow().dependency(now));
        all.extend(recovery.borrow().dependency(now));
        all.push(swept.borrow().dependency());
        all
    }
}

/// Each queue. Webhooks are taken in all the same, whatever it waits for.
async fn queues(admin: &dyn QueueAdmin, targets: Vec<Target>) -> Result<Vec<Dependency>, PortError> {
    let mut targets: HashMap<QueueName, Target> =
        targets.into_iter().map(|target| (target.queue.clone(), target)).collect();
    let mut all = Vec::new();
    for queue in admin.list().await? {
        all.push(told(&queue, &admin.stats(&queue).await?, targets.remove(&queue)));
    }
    Ok(all)
}

/// What a target misses is kept for recover.
fn told(queue: &QueueName, stats: &QueueStats, target: Option<Target>) -> Dependency {
    let (circuit, last_error) =
        target.map_or((Circuit::Closed, None), |target| (target.circuit, target.last_error));
    let skipped = match circuit {
        Circuit::Closed => None,
        Circuit::Open { until } => Some(format!("skipped until {until:.0}: its events wait for recover")),
        Circuit::HalfOpen => Some("skipped but for a probe: its events wait for recover".to_owned()),
    };
    let states: Vec<String> = skipped.into_iter().chain(waits(stats)).collect();
    let told = Dependency::ok(format!("queue {queue}")).because(last_error);
    if states.is_empty() { told } else { told.degraded(states.join(", ")) }
}

/// Why it waits for a person.
fn waits(stats: &QueueStats) -> Option<String> {
    let sessions = if stats.held == 1 { "session" } else { "sessions" };
    let held = format!("{} {sessions} held for a person", stats.held);
    match (stats.paused, stats.held) {
        (false, 0) => None,
        (true, 0) => Some("paused".into()),
        (false, _) => Some(held),
        (true, _) => Some(format!("paused, {held}")),
    }
}

/// Without a key webhooks wait in their queue.
fn key(app: u64, read: Result<(), PortError>) -> Dependency {
    let told = Dependency::ok(format!("key of App {app}"));
    match read {
        Ok(()) => told,
        Err(error) => told.degraded("cannot be read: releases wait").because(Some(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(paused: bool, held: u64) -> QueueStats {
        QueueStats { paused, held, ..QueueStats::default() }
    }

    fn queue(circuit: Circuit, stats: &QueueStats) -> String {
        let last_error = Some("no route to the queue".to_owned());
        let queue: QueueName = "slow".parse().unwrap();
        let target = Target { queue: queue.clone(), circuit, last_error };
        serde_json::to_string(&told(&queue, stats, Some(target))).unwrap()
    }

    #[test]
    fn each_queue_has_a_line_and_a_target_that_is_skipped_is_degraded() {
        let until = "2026-11-21T12:00:05.123Z".parse().unwrap();
        let fine = serde_json::to_string(&told(&"slow".parse().unwrap(), &stats(false, 0), None)).unwrap();
        assert_eq!(fine, r#"{"name":"queue slow","ready":true,"state":"ok"}"#);
        assert_eq!(
            queue(Circuit::Closed, &stats(false, 0)),
            r#"{"name":"queue slow","ready":true,"state":"ok","last_error":"no route to the queue"}"#
        );
        assert_eq!(
            queue(Circuit::Open { until }, &stats(false, 0)),
            r#"{"name":"queue slow","ready":true,"degraded":true,"state":"skipped until 2026-11-21T12:00:05Z: its events wait for recover","last_error":"no route to the queue"}"#
        );
        assert_eq!(
            queue(Circuit::HalfOpen, &stats(true, 0)),
            r#"{"name":"queue slow","ready":true,"degraded":true,"state":"skipped but for a probe: its events wait for recover, paused","last_error":"no route to the queue"}"#
        );
    }

    #[test]
    fn a_queue_is_told_while_it_waits_for_a_person() {
        let told = |paused, held| waits(&stats(paused, held));
        assert_eq!(told(false, 0), None);
        assert_eq!(told(true, 0).as_deref(), Some("paused"));
        assert_eq!(told(false, 1).as_deref(), Some("1 session held for a person"));
        assert_eq!(told(true, 2).as_deref(), Some("paused, 2 sessions held for a person"));
    }
}
