//! SQS batches: what SQS handed over goes to core's lanes, and an answer names what was not done.
//!
//! A record's way: `record` (read), core's `handed` (adopted, handled in its group's order, settled), the partial batch response.

mod record;

use std::collections::{BTreeSet, HashSet};

use pointsman_core::{
    handed::{self, Hand},
    outcome::Handled,
    port::{MessageId, Received},
};
use serde_json::{Value, json};

use crate::{Event, Fault};

pub use pointsman_core::handed::Source;

/// Hands a batch to `handler`, settles what was not done, and names it in the answer (`batchItemFailures`).
///
/// Nothing is acknowledged that was not done: what cannot be read, taken over or settled is named, and comes again. A
/// handler may see a message again that it has seen before.
pub async fn handle<H, F>(event: &Event, source: &Source, handler: H) -> Result<Value, Fault>
where
    H: Fn(Vec<Received>) -> F,
    F: Future<Output = Handled<()>>,
{
    let records = record::read(event, &source.queue)?;
    let names: Vec<String> = records.iter().map(|read| read.record.id.clone()).collect();
    let empty: HashSet<MessageId> =
        records.iter().filter(|read| read.empty).map(|read| read.name()).collect();
    // What has no receipt cannot be settled: it is named, and so are the later ones of its group.
    let (messages, mut failed) = record::settleable(records);
    let undone = handed::handle(source, Hand { messages, empty }, event.deadline, handler).await?;
    failed.extend(undone.messages.into_iter().map(|id| id.0));
    Ok(answer(&names, &failed))
}

/// The same for a stage that takes one message after another, and says more than the queue wants to know.
pub async fn each<T>(
    event: &Event,
    source: &Source,
    stage: impl AsyncFn(&Received) -> Handled<T>,
) -> Result<Value, Fault> {
    let (source, stage) = (&Source { together: false, ..source.clone() }, &stage);
    let one = |turn: Vec<Received>| async move { Ok(stage(&turn[0]).await?.map(drop)) };
    handle(event, source, one).await
}

/// The same for a stage that takes all that waits in a group at once.
pub async fn together<T>(
    event: &Event,
    source: &Source,
    stage: impl AsyncFn(&[Received]) -> Handled<T>,
) -> Result<Value, Fault> {
    let (source, stage) = (&Source { together: true, ..source.clone() }, &stage);
    let all = |turn: Vec<Received>| async move { Ok(stage(&turn).await?.map(drop)) };
    handle(event, source, all).await
}

/// The partial batch response, in the records' order.
fn answer(names: &[String], failed: &BTreeSet<String>) -> Value {
    let named = names.iter().filter(|name| failed.contains(*name));
    let items: Vec<Value> = named.map(|name| json!({ "itemIdentifier": name })).collect();
    json!({ "batchItemFailures": items })
}
