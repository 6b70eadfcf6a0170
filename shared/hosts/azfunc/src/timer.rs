//! A schedule: a run of the stage. Hosts tell of it in several shapes; all that is wanted of them is the time.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use pointsman_core::{invocation, outcome::Handled};
use serde::Serialize;
use serde_json::Value;
use tracing::warn;

use crate::{Call, Failure, Fault, Trigger, call::named, metadata::Of};

/// Runs the stage once. A run that failed is told as such: the alarm shows it, and the next run tries again.
pub async fn handle<T, F>(
    call: &Call,
    stage: &'static str,
    run: impl FnOnce(Timestamp) -> F,
) -> Result<Value, Failure>
where
    T: Serialize,
    F: Future<Output = Handled<T>>,
{
    if call.trigger() == Trigger::Queue {
        let why = format!("`{}` was called with a message: give {stage} a schedule only", call.name);
        return Err(Fault::new("Malformed", why).into());
    }
    if let Some(true) = late(call) {
        warn!(stage, "the schedule's time was missed; it runs now");
    }
    let time = time(call).unwrap_or(call.received);
    Ok(invocation::run(stage, async move { run(time).await }).await?)
}

fn late(call: &Call) -> Option<bool> {
    let data: Value = serde_json::from_str(&call.data()?).ok()?;
    match named(&data, "IsPastDue")? {
        Value::Bool(late) => Some(*late),
        other => Some(other.as_str()?.eq_ignore_ascii_case("true")),
    }
}

/// When the host says that it fired. Some write UTC without saying so.
fn time(call: &Call) -> Option<Timestamp> {
    let sys = call.metadata.pairs("sys", Of::One)?;
    let (_, time) = sys.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("UtcNow"))?;
    let naive = |_| time.parse::<DateTime>().and_then(|naive| naive.to_zoned(TimeZone::UTC));
    time.parse().or_else(|error: jiff::Error| naive(error).map(|zoned| zoned.timestamp())).ok()
}
