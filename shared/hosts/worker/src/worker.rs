//! The worker's settings and its one entrance.

use std::{fmt, sync::Arc, time::Duration};

use pointsman_core::{
    outcome::Handled,
    port::{Clock, PortError, QueueName, QueueSettings, Received, Receiver},
};

use crate::{
    Counts,
    run::{self, Turn},
};

/// Drives one queue. [`Worker::new`] gives the defaults; fields may be set before [`Worker::run`].
#[derive(Clone)]
pub struct Worker {
    /// The queue's consuming side.
    pub receiver: Arc<dyn Receiver>,
    /// Waits, and measures how long messages are held.
    pub clock: Arc<dyn Clock>,
    /// Which queue.
    pub queue: QueueName,
    /// Sessions (and messages without one) handled at the same time. Default 8.
    pub concurrency: usize,
    /// How long messages are held; renewed at half of it. Default 30 s.
    pub visibility: Duration,
    /// Failed attempts after which a message is dead-lettered. Default 5.
    pub max_attempts: u32,
    /// How old a message may become by throttling alone. Default 12 h.
    pub max_age: Duration,
    /// How long one receive waits for messages, and so how long a stop of an idle worker may take. Default 1 s.
    pub wait: Duration,
    /// How long running handlers may go on after a stop; then they are dropped. Default 8 s.
    pub grace: Duration,
    /// Ends after this many messages were handed to the handler. Default: never.
    pub max: Option<u64>,
    /// Ends when nothing more can be received now. Default: waits for more.
    pub once: bool,
}

impl Worker {
    /// A worker with the defaults.
    pub fn new(receiver: Arc<dyn Receiver>, clock: Arc<dyn Clock>, queue: QueueName) -> Self {
        let settings = QueueSettings::default();
        Self {
            receiver,
            clock,
            queue,
            concurrency: 8,
            visibility: settings.visibility,
            max_attempts: settings.max_deliveries,
            max_age: Duration::from_secs(12 * 60 * 60),
            wait: Duration::from_secs(1),
            grace: Duration::from_secs(8),
            max: None,
            once: false,
        }
    }

    /// Hands messages to `handler` until `shutdown` (or `max`, or `once`); everything taken is settled or given back
    /// before it returns. An error is one of receiving that waiting does not cure.
    ///
    /// A handler may see a message again that it has seen before: its effects must be idempotent. After a stop, one that
    /// does not end within `grace` is dropped at its next await, and its message given back.
    pub async fn run<H, F>(self, handler: H, shutdown: impl Future<Output = ()>) -> Result<Counts, PortError>
    where
        H: Fn(Received) -> F + Send + Sync + 'static,
        F: Future<Output = Handled<()>> + Send + 'static,
    {
        let one = move |mut turn: Vec<Received>| handler(turn.pop().expect("a turn has a message"));
        run::run(self, Turn::One, one, shutdown).await
    }

    /// The same for a handler that gets all that waits in a session at once, in order: for one that looks at the truth
    /// itself, so that fifty messages cost it one run. Done or Skipped completes all of them.
    ///
    /// One that fails counts an attempt for the first message alone, and one that failed before is handled alone; so is
    /// each of several that are Rejected together. So it is that, as ever, only the message dies whose fault it is.
    pub async fn run_batches<H, F>(
        self,
        handler: H,
        shutdown: impl Future<Output = ()>,
    ) -> Result<Counts, PortError>
    where
        H: Fn(Vec<Received>) -> F + Send + Sync + 'static,
        F: Future<Output = Handled<()>> + Send + 'static,
    {
        run::run(self, Turn::All, handler, shutdown).await
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("queue", &self.queue)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}
