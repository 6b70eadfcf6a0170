//! An outcome, told to the queue. Logged once, here.

use std::time::Duration;

use jiff::Timestamp;
use pointsman_core::{
    outcome::{Outcome, Rejection},
    port::{Abandon, ErrorKind, PortError, Receipt, Received},
};
use tracing::{debug, error, warn};

use crate::{Counts, Worker};

/// Tries to settle one message; the waits between them double from [`PAUSE`]: 1.5 s in all, well within a hold.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// What must be known of a message to settle it.
pub(crate) struct Held {
    pub(crate) receipt: Receipt,
    pub(crate) attempt: u32,
    enqueued: Timestamp,
}

impl Held {
    pub(crate) fn of(message: &Received) -> Self {
        Self { receipt: message.receipt.clone(), attempt: message.attempt, enqueued: message.enqueued }
    }
}

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    Completed,
    Failed,
    Dead,
    GivenBack,
    Lost,
}

impl Settled {
    pub(crate) fn count(self, counts: &mut Counts) {
        *match self {
            Self::Completed => &mut counts.completed,
            Self::Failed => &mut counts.failed,
            Self::Dead => &mut counts.dead,
            Self::GivenBack => &mut counts.given_back,
            Self::Lost => &mut counts.lost,
        } += 1;
    }
}

/// Completes, abandons or buries the message, as its outcome says.
pub(crate) async fn apply(worker: &Worker, held: &Held, outcome: Outcome<()>) -> Settled {
    match outcome {
        Outcome::Done(()) => complete(worker, held).await,
        Outcome::Skipped(why) => {
            debug!(why, "skipped");
            complete(worker, held).await
        }
        Outcome::Retry { after, cause } => again(worker, held, after, &cause).await,
        Outcome::Rejected(Rejection { reason, detail }) => bury(worker, held, reason.label(), &detail).await,
    }
}

async fn complete(worker: &Worker, held: &Held) -> Settled {
    tell(worker, held, Word::Complete, Settled::Completed).await
}

/// All of them in one call; what it did not take in is told again, one by one.
pub(crate) async fn complete_all(worker: &Worker, held: &[Held]) -> Vec<Settled> {
    let receipts: Vec<Receipt> = held.iter().map(|held| held.receipt.clone()).collect();
    let answers = worker.receiver.complete(&worker.queue, &receipts).await;
    let mut settled = Vec::with_capacity(held.len());
    for (index, held) in held.iter().enumerate() {
        settled.push(match answers.get(index) {
            Some(Ok(())) => Settled::Completed,
            _ => complete(worker, held).await,
        });
    }
    settled
}

/// Throttling counts no attempt but ends with the message's age; a failure ends with its attempts.
async fn again(worker: &Worker, held: &Held, after: Duration, cause: &PortError) -> Settled {
    if matches!(cause.kind, ErrorKind::Throttled { .. }) {
        let age = worker.clock.now().duration_since(held.enqueued);
        if Duration::try_from(age).is_ok_and(|age| age >= worker.max_age) {
            return bury(worker, held, "max_age", &cause.to_string()).await;
        }
        debug!(%cause, after_ms = after.as_millis(), "throttled");
        return untouched(worker, held, after).await;
    }
    if held.attempt >= worker.max_attempts {
        return bury(worker, held, "max_deliveries", &cause.to_string()).await;
    }
    warn!(%cause, after_ms = after.as_millis(), "failed; tried again later");
    tell(worker, held, Word::Abandon(Abandon::failed(cause.to_string(), after)), Settled::Failed).await
}

async fn bury(worker: &Worker, held: &Held, reason: &str, detail: &str) -> Settled {
    error!(reason, detail, "dead-lettered");
    tell(worker, held, Word::Bury { reason, detail }, Settled::Dead).await
}

/// Gives one back with no attempt counted.
pub(crate) async fn untouched(worker: &Worker, held: &Held, after: Duration) -> Settled {
    tell(worker, held, Word::Abandon(Abandon { after, failed: None }), Settled::GivenBack).await
}

/// Gives these back untouched, the last one first; says how many. What cannot be given back comes back by expiry.
pub(crate) async fn give_back(worker: &Worker, hand: &[Received], after: Duration) -> u64 {
    let mut given = 0;
    for message in hand.iter().rev() {
        let how = Abandon { after, failed: None };
        match worker.receiver.abandon(&worker.queue, &message.receipt, how).await {
            Ok(()) => given += 1,
            Err(error) => debug!(%error, "a message was not given back; it comes back when its hold ends"),
        }
    }
    given
}

/// What the queue is told of one message.
enum Word<'a> {
    Complete,
    Abandon(Abandon),
    Bury { reason: &'a str, detail: &'a str },
}

impl Word<'_> {
    async fn say(&self, worker: &Worker, receipt: &Receipt) -> Result<(), PortError> {
        let Worker { receiver, queue, .. } = worker;
        match self {
            Self::Complete => {
                let answer = receiver.complete(queue, std::slice::from_ref(receipt)).await.pop();
                answer.unwrap_or_else(|| Err(PortError::internal("the queue did not answer a completion")))
            }
            Self::Abandon(how) => receiver.abandon(queue, receipt, how.clone()).await,
            Self::Bury { reason, detail } => receiver.dead_letter(queue, receipt, reason, detail).await,
        }
    }
}

/// Tells the queue, some times where that may help. What it never took in comes again: handlers are idempotent.
async fn tell(worker: &Worker, held: &Held, word: Word<'_>, settled: Settled) -> Settled {
    let mut tried = 1;
    loop {
        let Err(error) = word.say(worker, &held.receipt).await else { return settled };
        let curable =
            matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Internal | ErrorKind::Throttled { .. });
        if !curable || tried == TRIES {
            warn!(%error, ?settled, "the message could not be settled; it comes again");
            return Settled::Lost;
        }
        worker.clock.sleep(PAUSE * (1 << (tried - 1))).await;
        tried += 1;
    }
}
