//! SQS batches: a group's records one after another, groups side by side, and an answer that names what was not done.
//!
//! A record's way: `record` (read), adopted by the queue's adapter, `lane` (handled in its group's order, settled), the
//! partial batch response.

mod lane;
mod record;

use std::{
    collections::{BTreeSet, HashSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use pointsman_core::{
    outcome::Handled,
    port::{Archive, Clock, Handover, MessageId, QueueName, QueueSettings, Received},
    session::lanes,
};
use serde_json::{Value, json};
use tracing::info;

use crate::{Event, Fault};
use lane::Lane;

/// No new record is begun this long before the deadline.
const LAST: Duration = Duration::from_secs(5);
/// A handler that still runs this long before the deadline is dropped, so that the others' outcomes are told.
const CUT: Duration = Duration::from_secs(2);

/// The queue that invokes the function. [`Source::new`] gives the defaults.
#[derive(Clone)]
pub struct Source {
    /// Its name, without prefix and `.fifo`.
    pub queue: QueueName,
    /// Takes records over, and settles what Lambda does not.
    pub receiver: Arc<dyn Handover>,
    /// Measures the time that is left.
    pub clock: Arc<dyn Clock>,
    /// Groups handled at the same time. Default 10, a whole batch of a FIFO queue.
    pub concurrency: usize,
    /// Failed attempts and age after which a message is dead-lettered. Default: the port's.
    pub settings: QueueSettings,
    /// Hand over all that waits in a group at once. Default: one record after another.
    pub together: bool,
    /// Where the data of events lies that were too large for the queue. Default: nowhere, and handlers get references.
    pub archive: Option<Arc<dyn Archive>>,
}

impl Source {
    /// A source with the defaults.
    pub fn new(queue: QueueName, receiver: Arc<dyn Handover>, clock: Arc<dyn Clock>) -> Self {
        let settings = QueueSettings::default();
        Self { queue, receiver, clock, concurrency: 10, settings, together: false, archive: None }
    }
}

impl Source {
    /// The same with its queue's settings, of all of them.
    #[must_use]
    pub fn with(mut self, all: impl IntoIterator<Item = (QueueName, QueueSettings)>) -> Self {
        if let Some((_, settings)) = all.into_iter().find(|(name, _)| *name == self.queue) {
            self.settings = settings;
        }
        self
    }

    /// The same for handlers that want events whole: data that was too large for the queue is fetched for them. What is
    /// in the queue must be events.
    #[must_use]
    pub fn fetching(mut self, archive: Arc<dyn Archive>) -> Self {
        self.archive = Some(archive);
        self
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("queue", &self.queue).finish_non_exhaustive()
    }
}

/// When a batch must be done with.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// Nothing is begun from then on.
    last: Timestamp,
    /// What runs is dropped.
    cut: Timestamp,
}

impl Times {
    /// A function with little time of its own keeps half of it for work.
    fn of(now: Timestamp, deadline: Timestamp) -> Self {
        let half = Duration::try_from(deadline.duration_since(now)).unwrap_or_default() / 2;
        let before = |time: Duration| deadline.checked_sub(time).unwrap_or(now);
        Self { last: before(LAST.min(half)), cut: before(CUT.min(half / 2)) }
    }
}

/// Hands a batch to `handler`, settles what was not done, and names it in the answer (`batchItemFailures`).
///
/// Nothing is acknowledged that was not done: what cannot be read, taken over or settled is named, and comes again. A
/// handler may see a message again that it has seen before.
pub async fn handle<H, F>(event: &Event, source: &Source, handler: H) -> Result<Value, Fault>
where
    H: Fn(Vec<Received>) -> F,
    F: Future<Output = Handled<()>>,
{
    let times = Times::of(source.clock.now(), event.deadline);
    let records = record::read(event, &source.queue)?;
    let names: Vec<String> = records.iter().map(|read| read.record.id.clone()).collect();
    let empty: HashSet<MessageId> =
        records.iter().filter(|read| read.empty).map(|read| read.name()).collect();
    // What has no receipt cannot be settled: it is named, and so are the later ones of its group.
    let (whole, mut failed) = record::settleable(records);
    if !whole.is_empty() {
        let adopted = source.receiver.adopt(&source.queue, whole, event.deadline).await?;
        let (handler, empty) = (&handler, &empty);
        let lanes = lanes(adopted)
            .into_iter()
            .map(|(session, hand)| Lane { source, session, hand, handler, times, empty, apart: 0 }.run());
        let told: Vec<_> = stream::iter(lanes).buffer_unordered(source.concurrency.max(1)).collect().await;
        failed.extend(told.into_iter().flatten().map(|id| id.0));
    }
    info!(queue = %source.queue, records = names.len(), returned = failed.len(), "a batch is done");
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
