//! What `/ready` tells: the store, without which nothing can be taken in, and the App's key.

use std::sync::Arc;

use pointsman_core::port::{PortError, Secrets};
use pointsman_embedded::Store;
use pointsman_host_http::Dependency;
use tokio::sync::watch;

use crate::releases::Terms;

/// What is looked at, each time anew.
#[derive(Clone)]
pub struct Readiness {
    store: Store,
    terms: watch::Receiver<Option<Terms>>,
    secrets: Arc<dyn Secrets>,
}

impl Readiness {
    /// Of the store, and of the release stages' present terms.
    pub fn new(store: Store, terms: watch::Receiver<Option<Terms>>, secrets: Arc<dyn Secrets>) -> Self {
        Self { store, terms, secrets }
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
