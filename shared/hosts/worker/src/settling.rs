//! Core's word about a message, told to the queue; what it did not take in is logged here.

use std::time::Duration;

use jiff::Timestamp;
use pointsman_core::{
    handling::Ending,
    outcome::Outcome,
    port::{Abandon, Receipt, Received},
    word::{Bounds, Word},
};
use tracing::{debug, warn};

use crate::{Counts, Worker};

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
pub(crate) async fn apply(worker: &Worker, held: &Held, outcome: Outcome<()>) -> (Settled, Ending) {
    let age = Duration::try_from(worker.clock.now().duration_since(held.enqueued)).unwrap_or_default();
    let bounds = Bounds { max_attempts: worker.max_attempts, max_age: worker.max_age };
    let (word, ending) = Word::of(outcome, held.attempt, age, bounds);
    (tell(worker, held, word).await, ending)
}

/// All of them in one call; what it did not take in is told again, one by one.
pub(crate) async fn complete_all(worker: &Worker, held: &[Held]) -> Vec<Settled> {
    let receipts: Vec<Receipt> = held.iter().map(|held| held.receipt.clone()).collect();
    let answers = worker.receiver.complete(&worker.queue, &receipts).await;
    let mut settled = Vec::with_capacity(held.len());
    for (index, held) in held.iter().enumerate() {
        settled.push(match answers.get(index) {
            Some(Ok(())) => Settled::Completed,
            _ => tell(worker, held, Word::Complete).await,
        });
    }
    settled
}

/// Gives one back with no attempt counted.
pub(crate) async fn untouched(worker: &Worker, held: &Held, after: Duration) -> Settled {
    tell(worker, held, Word::Again(Abandon { after, failed: None })).await
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

async fn tell(worker: &Worker, held: &Held, word: Word) -> Settled {
    let settled = match &word {
        Word::Complete => Settled::Completed,
        Word::Again(Abandon { failed: Some(_), .. }) => Settled::Failed,
        Word::Again(_) => Settled::GivenBack,
        Word::Bury { .. } => Settled::Dead,
    };
    match word.tell(&*worker.receiver, &*worker.clock, &worker.queue, &held.receipt).await {
        Ok(()) => settled,
        Err(error) => {
            warn!(%error, ?settled, "the message could not be settled; it comes again");
            Settled::Lost
        }
    }
}
