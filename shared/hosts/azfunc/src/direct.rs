//! A function that is called by name, with JSON. Nobody waits for the answer: what it did is in the log.

use pointsman_core::{invocation, outcome::Handled};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Call, Failure};

/// Hands what was asked for to the stage: `{"done": ..}` or `{"skipped": why}`.
pub async fn handle<I, T, F>(
    call: &Call,
    stage: &'static str,
    run: impl FnOnce(I) -> F,
) -> Result<Value, Failure>
where
    I: DeserializeOwned,
    T: Serialize,
    F: Future<Output = Handled<T>>,
{
    let input = call.input(&format!("order for {stage}"))?;
    Ok(invocation::run(stage, async move { run(input).await }).await?)
}
