//! What a queue is told of a message, by its handler's outcome: decided here for every host that has a queue.

use std::time::Duration;

use tracing::Level;

use crate::{
    attempts::TOO_OFTEN,
    handling::Ending,
    outcome::{Outcome, Rejection},
    port::{Abandon, Clock, ErrorKind, PortError, QueueName, Receipt, Receiver},
    scrub::scrub,
};

/// Tries to settle one message; the waits between them double from [`PAUSE`]: 1.5 s in all, well within a hold.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// What the queue is told of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// It is done with.
    Complete,
    /// It comes again.
    Again(Abandon),
    /// It is a dead letter.
    Bury {
        /// As a label.
        reason: String,
        /// For people.
        detail: String,
    },
}

/// How often a message is tried.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Failed attempts after which it is dead-lettered.
    pub max_attempts: u32,
    /// How old it may become by throttling alone.
    pub max_age: Duration,
}

impl Word {
    /// By the outcome of this attempt (1 = the first) at a message that was enqueued `age` ago; and what the log is told.
    ///
    /// Throttling counts no attempt but ends with the message's age; a failure ends with its attempts.
    pub fn of(outcome: Outcome<()>, attempt: u32, age: Duration, bounds: Bounds) -> (Self, Ending) {
        match outcome {
            Outcome::Done(()) => (Self::Complete, Ending::good("done")),
            Outcome::Skipped(why) => (Self::Complete, Ending::good("skipped").because(why)),
            Outcome::Rejected(Rejection { reason, detail }) => Self::bury(reason.label(), detail),
            Outcome::Retry { after, cause } if matches!(cause.kind, ErrorKind::Throttled { .. }) => {
                if age >= bounds.max_age {
                    return Self::bury("max_age", cause.to_string());
                }
                let again = Self::Again(Abandon { after, failed: None });
                (again, Ending::good("throttled").because(cause.to_string()).again(after))
            }
            Outcome::Retry { cause, .. } if attempt >= bounds.max_attempts => {
                Self::bury(TOO_OFTEN, cause.to_string())
            }
            Outcome::Retry { after, cause } => {
                let ending = Ending::new(Level::WARN, "retry").because(cause.to_string()).again(after);
                (Self::Again(Abandon::failed(cause.to_string(), after)), ending)
            }
        }
    }

    fn bury(reason: &'static str, detail: String) -> (Self, Ending) {
        let detail = scrub(&detail).into_owned();
        let ending = Ending::new(Level::ERROR, "dead_lettered").labelled(reason).because(detail.clone());
        (Self::Bury { reason: reason.to_owned(), detail }, ending)
    }

    /// Tells the queue, some times where that may help. What it never takes in comes again: handlers are idempotent.
    pub async fn tell(
        &self,
        receiver: &dyn Receiver,
        clock: &dyn Clock,
        queue: &QueueName,
        receipt: &Receipt,
    ) -> Result<(), PortError> {
        let mut tried = 1;
        loop {
            let Err(error) = self.say(receiver, queue, receipt).await else { return Ok(()) };
            let curable = matches!(
                error.kind,
                ErrorKind::Unavailable | ErrorKind::Internal | ErrorKind::Throttled { .. }
            );
            if !curable || tried == TRIES {
                return Err(error);
            }
            clock.sleep(PAUSE * (1 << (tried - 1))).await;
            tried += 1;
        }
    }

    async fn say(
        &self,
        receiver: &dyn Receiver,
        queue: &QueueName,
        receipt: &Receipt,
    ) -> Result<(), PortError> {
        match self {
            Self::Complete => {
                let answer = receiver.complete(queue, std::slice::from_ref(receipt)).await.pop();
                answer.unwrap_or_else(|| Err(PortError::internal("the queue did not answer a completion")))
            }
            Self::Again(how) => receiver.abandon(queue, receipt, how.clone()).await,
            Self::Bury { reason, detail } => receiver.dead_letter(queue, receipt, reason, detail).await,
        }
    }
}
