//! Messages that a cloud's event source received for us, and removes once its function has answered: sessions side by side,
//! each session's messages one after another, and what was not done is named.
//!
//! A message's way: read by the host, adopted by the queue's adapter, `lane` (handled in order, settled), the host's answer.

mod lane;
mod later;
mod times;

use std::{collections::HashSet, fmt, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use jiff::Timestamp;

use crate::{
    outcome::Handled,
    port::{Archive, Clock, Delivered, Handover, MessageId, PortError, QueueName, QueueSettings, Received},
    session::lanes,
};
use lane::Lane;

pub use times::{Times, budget};

/// The queue that invokes the function. [`Source::new`] gives the defaults.
#[derive(Clone)]
pub struct Source {
    /// Its name, without what a cloud writes before and behind it.
    pub queue: QueueName,
    /// Takes messages over, and settles what the cloud does not.
    pub receiver: Arc<dyn Handover>,
    /// Measures the time that is left.
    pub clock: Arc<dyn Clock>,
    /// Sessions handled at the same time. Default 10, a whole batch of a FIFO queue.
    pub concurrency: usize,
    /// Failed attempts and age after which a message is dead-lettered. Default: the port's.
    pub settings: QueueSettings,
    /// Hand over all that waits in a session at once. Default: one message after another.
    pub together: bool,
    /// For a stage that looks at the truth itself: of what is throttled for long a copy is sent for later, where the queue
    /// cannot hold it back itself. Default: no copies.
    pub later: bool,
    /// Where the data of events lies that were too large for the queue. Default: nowhere, and handlers get references.
    pub archive: Option<Arc<dyn Archive>>,
}

impl Source {
    /// A source with the defaults.
    pub fn new(queue: QueueName, receiver: Arc<dyn Handover>, clock: Arc<dyn Clock>) -> Self {
        Self {
            queue,
            receiver,
            clock,
            concurrency: 10,
            settings: QueueSettings::default(),
            together: false,
            later: false,
            archive: None,
        }
    }

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

/// What was handed over.
#[derive(Debug, Default)]
pub struct Hand {
    /// All of it, in its order.
    pub messages: Vec<Delivered>,
    /// Those that have no body: they are rejected.
    pub empty: HashSet<MessageId>,
}

/// What is not to be removed: it comes again.
#[derive(Debug, Default)]
pub struct Undone {
    /// These messages.
    pub messages: HashSet<MessageId>,
    /// Not before: the longest time that one of them is to wait.
    pub after: Duration,
}

/// Hands messages to `handler`, settles what was not done, and says what that is.
///
/// Nothing is acknowledged that was not done: what cannot be taken over or settled comes again. A handler may see a message
/// again that it has seen before.
pub async fn handle<H, F>(
    source: &Source,
    Hand { messages, empty }: Hand,
    deadline: Timestamp,
    handler: H,
) -> Result<Undone, PortError>
where
    H: Fn(Vec<Received>) -> F,
    F: Future<Output = Handled<()>>,
{
    if messages.is_empty() {
        return Ok(Undone::default());
    }
    let times = Times::of(source.clock.now(), deadline);
    let adopted = source.receiver.adopt(&source.queue, messages, deadline).await?;
    let (handler, empty) = (&handler, &empty);
    let lanes = lanes(adopted)
        .into_iter()
        .map(|(_, hand)| Lane { source, hand, handler, times, empty, apart: 0 }.run());
    let told: Vec<_> = stream::iter(lanes).buffer_unordered(source.concurrency.max(1)).collect().await;
    let mut undone = Undone::default();
    for Undone { messages, after } in told {
        undone.messages.extend(messages);
        undone.after = undone.after.max(after);
    }
    Ok(undone)
}
