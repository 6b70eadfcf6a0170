//! A schedule of EventBridge: a run of the stage, at the time that the event names.

use jiff::Timestamp;
use pointsman_core::{invocation, outcome::Handled};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Event, Fault};

/// What EventBridge says of a schedule.
#[derive(Deserialize)]
struct Scheduled {
    #[serde(rename = "detail-type")]
    detail: String,
    time: Timestamp,
}

/// Runs the stage once. A run that failed is a fault: the schedule's alarm shows it, and the next run tries again.
pub async fn handle<T, F>(
    event: &Event,
    stage: &'static str,
    run: impl FnOnce(Timestamp) -> F,
) -> Result<Value, Fault>
where
    T: Serialize,
    F: Future<Output = Handled<T>>,
{
    let Scheduled { detail, time } = event.read("event of a schedule")?;
    if detail != "Scheduled Event" {
        let message = format!("the event is `{detail}`, not `Scheduled Event`: give {stage} a schedule only");
        return Err(Fault::new("Malformed", message));
    }
    invocation::run(stage, async move { run(time).await }).await
}
