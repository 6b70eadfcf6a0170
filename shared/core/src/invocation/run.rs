//! A run that nobody waits for but the host: what it did is the answer, what it did not do is a fault.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use serde::Serialize;
use serde_json::{Value, json};
use tracing::{Instrument as _, info_span};

use super::Fault;
use crate::{
    outcome::{Handled, Outcome, panicked},
    telemetry,
};

/// Runs the stage once: `{"done": ..}` or `{"skipped": why}`. A panic is this run's fault and no other's.
pub async fn run<T: Serialize>(
    stage: &'static str,
    running: impl Future<Output = Handled<T>>,
) -> Result<Value, Fault> {
    let span = info_span!("invocation", stage);
    let ended = AssertUnwindSafe(running).catch_unwind().instrument(span).await;
    let ended = ended.unwrap_or_else(|panic| Err(panicked(&*panic)));
    telemetry::ran(stage, ended.as_ref().ok());
    match ended? {
        Outcome::Done(done) => {
            let done = serde_json::to_value(done);
            Ok(json!({ "done": done.map_err(|error| Fault::new("Internal", error.to_string()))? }))
        }
        Outcome::Skipped(why) => Ok(json!({ "skipped": why })),
        Outcome::Retry { cause, .. } => Err(cause.into()),
        Outcome::Rejected(rejection) => Err(Fault::new("Rejected", rejection.detail)),
    }
}
