//! The first stage: a signed webhook in, an ordered queue out.
//!
//! [`handle`] wraps [`pipeline::ingest`] with what only intake needs: rules that can be replaced while it runs, a limit
//! on wrong signatures, and its metrics.

mod fresh;
mod limiter;

use std::sync::{Arc, PoisonError, RwLock};

use pointsman_core::{
    outcome::{Outcome, Reason, Rejection},
    pipeline::{self, Accepted, Request},
    rules::Rules,
    telemetry::{DELIVERIES, ROUTED},
};

pub use fresh::Fresh;
pub use limiter::Limiter;
pub use pipeline::Ports;

/// The stage: its ports, its rules, its limiter.
pub struct Intake {
    ports: Ports,
    rules: RwLock<Arc<Rules>>,
    limiter: Limiter,
}

impl Intake {
    /// Ready to handle requests.
    pub fn new(ports: Ports, rules: Rules) -> Self {
        Self { ports, rules: RwLock::new(Arc::new(rules)), limiter: Limiter::default() }
    }

    /// New rules for the requests that come from now on.
    pub fn replace_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// The rules in force.
    pub fn rules(&self) -> Arc<Rules> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Takes one webhook in. Whatever a port fails with is a Retry: the sender still has the delivery.
pub async fn handle(request: Request, intake: &Intake) -> Outcome<Accepted> {
    let rules = intake.rules();
    let (name, peer) = (request.source.clone(), request.peer);
    let outcome = match pipeline::ingest(request, &rules, &intake.ports).await {
        Ok(Outcome::Rejected(refused)) if refused.reason == Reason::Signature => {
            Outcome::Rejected(intake.limiter.limited(&name, peer, intake.ports.clock.now(), refused))
        }
        Ok(outcome) => outcome,
        Err(cause) => Outcome::Retry { after: pipeline::RETRY_AFTER, cause },
    };
    // A source's name is a label only once it is known to be one of ours.
    let source = if rules.sources.contains_key(&name) { name } else { "unknown".to_owned() };
    record(&source, &outcome);
    outcome
}

fn record(source: &str, outcome: &Outcome<Accepted>) {
    let result = match outcome {
        Outcome::Done(accepted) if accepted.duplicate => "duplicate",
        Outcome::Done(_) | Outcome::Skipped(_) => "accepted",
        Outcome::Retry { .. } => "unavailable",
        Outcome::Rejected(Rejection { reason, .. }) => reason.label(),
    };
    DELIVERIES.add([source, result], 1);
    if let Outcome::Done(accepted) = outcome {
        for subscription in &accepted.subscriptions {
            ROUTED.add([subscription], 1);
        }
    }
}
