//! What `/ready` tells: the store, without which nothing can be taken in, targets that are skipped, and the App's key.

use std::sync::Arc;

use pointsman_core::{
    breaker::Circuit,
    ledger::{Ledger, Target},
    port::{PortError, Secrets},
};
use pointsman_embedded::Store;
use pointsman_host_http::Dependency;
use tokio::sync::watch;

use crate::releases::Terms;

/// What is looked at, each time anew.
#[derive(Clone)]
pub struct Readiness {
    store: Store,
    ledger: Arc<dyn Ledger>,
    terms: watch::Receiver<Option<Terms>>,
    secrets: Arc<dyn Secrets>,
}

impl Readiness {
    /// Of the store, of the targets of intake's ledger, and of the release stages' present terms.
    pub fn new(
        store: Store,
        ledger: Arc<dyn Ledger>,
        terms: watch::Receiver<Option<Terms>>,
        secrets: Arc<dyn Secrets>,
    ) -> Self {
        Self { store, ledger, terms, secrets }
    }

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
        let app = self.terms.borrow().as_ref().map(|terms| terms.app.clone());
        if let Some(app) = app {
            all.push(key(app.id, self.secrets.get(&app.private_key).await.map(drop)));
        }
        all
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
}
