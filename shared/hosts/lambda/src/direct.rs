//! A function that is invoked by name, with JSON: what it did is the answer; what it did not do is a fault, so that Lambda
//! tries an asynchronous invocation again.

use pointsman_core::{invocation, outcome::Handled};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

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
    invocation::run(stage, async move { run(input).await }).await
}
