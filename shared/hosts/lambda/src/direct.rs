//! A function that is invoked by name, with JSON: what it did is the answer; what it did not do is a fault, so that Lambda
//! tries an asynchronous invocation again.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use pointsman_core::outcome::{Handled, Outcome, panicked};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tracing::{Instrument as _, info_span};

use crate::{Event, Fault};

/// Hands what was asked for to the stage: `{"done": ..}` or `{"skipped": why}`.
pub async fn handle<I, T, F>(
    event: &Event,
    stage: &'static str,
    run: impl FnOnce(I) -> F,
) -> Result<Value, Fault>
where
    I: DeserializeOwned,
    T: Serialize,
    F: Future<Output = Handled<T>>,
{
    let input = event.read(&format!("order for {stage}"))?;
    answered(stage, async move { run(input).await }).await
}

/// Runs the stage once, and says how it ended.
pub(crate) async fn answered<T: Serialize>(
    stage: &'static str,
    running: impl Future<Output = Handled<T>>,
) -> Result<Value, Fault> {
    let span = info_span!("invocation", stage);
    let ended = AssertUnwindSafe(running).catch_unwind().instrument(span).await;
    match ended.unwrap_or_else(|panic| Err(panicked(&*panic)))? {
        Outcome::Done(done) => {
            let done = serde_json::to_value(done);
            Ok(json!({ "done": done.map_err(|error| Fault::new("Internal", error.to_string()))? }))
        }
        Outcome::Skipped(why) => Ok(json!({ "skipped": why })),
        Outcome::Retry { cause, .. } => Err(cause.into()),
        Outcome::Rejected(rejection) => Err(Fault::new("Rejected", rejection.detail)),
    }
}
