//! How often a message's handler failed, kept in Records: a cloud's queue itself counts every receive, also of what was
//! given back untouched. A message that has never come back costs no record.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::Level;

use crate::{
    handling::{Ending, Work},
    port::{ErrorKind, Expect, Message, PortError, Queue, QueueName, Received, Records, dead_letter},
    telemetry,
};

/// As long as a cloud keeps a message at most: 14 days, and one for clocks.
const KEEP: Duration = Duration::from_secs(15 * 24 * 60 * 60);

/// What stands as reason where attempts ran out.
pub const TOO_OFTEN: &str = "max_deliveries";
/// What stands as error where nobody said one.
pub const NOBODY: &str = "nobody settled it in time";
/// An error's text in a dead letter, in bytes: the letter must not become larger than a queue takes.
const LONGEST: usize = 4_000;

/// Sends the dead letter of a message of `queue`; the message itself is still to be removed. A crash in between leaves two of
/// it, never none. `Unavailable`: there is no place for it.
pub async fn bury(
    queues: &dyn Queue,
    queue: &QueueName,
    message: &Received,
    reason: &str,
    error: &str,
    attempts: u32,
    now: Timestamp,
) -> Result<(), PortError> {
    let dead = queue.dead_letters();
    let sent = queues.send(&dead, vec![letter(message, reason, error, attempts, now)]).await.pop();
    let sent = sent.unwrap_or_else(|| Err(PortError::internal(format!("`{dead}` gave no answer"))));
    sent.map_err(|error| match error.kind {
        // The message itself is there: what is missing is the place for its dead letter.
        ErrorKind::NotFound => {
            PortError::unavailable(format!("`{queue}` has no dead-letter queue")).caused_by(error)
        }
        _ => error,
    })?;
    telemetry::died(queue, reason);
    if error == NOBODY {
        // No handler's end: nobody else tells of it.
        let ending = Ending::new(Level::ERROR, "dead_lettered").labelled(reason.to_owned()).because(error);
        Work { attempt: Some(attempts), ..Work::of(queue, message) }.ended(&ending, Duration::ZERO);
    }
    Ok(())
}

/// A message as its dead letter, with a fresh dedup id: it may die again within the queue's window.
fn letter(message: &Received, reason: &str, error: &str, attempts: u32, now: Timestamp) -> Message {
    let mut attributes = message.attributes.clone();
    let marks = [
        (dead_letter::REASON, cut(reason).to_owned()),
        (dead_letter::ERROR, cut(error).to_owned()),
        (dead_letter::ATTEMPTS, attempts.to_string()),
        (dead_letter::TIME, now.to_string()),
    ];
    attributes.extend(marks.map(|(name, value)| (name.to_owned(), value)));
    Message {
        body: message.body.clone().into(),
        session: message.session.clone(),
        dedup_id: String::new(),
        attributes,
        correlation: message.correlation.clone(),
        delay: None,
    }
}

/// As much of an error's text as a dead letter has.
pub fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// What is known of one message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Failed attempts.
    pub failed: u32,
    /// Receives whose end is known. One more that has ended without a word is one that expired.
    pub settled: u32,
    /// What the last failure said, where the dead letter is written by a later receive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Tally {
    /// Takes the receives before this one into account. Of what expired, only the first of a session counts an attempt:
    /// those behind it had not been handed to a handler. Says whether anything is new.
    pub fn arrive(&mut self, receives: u32, first: bool) -> bool {
        let before = receives.saturating_sub(1);
        if before <= self.settled {
            return false;
        }
        self.failed += u32::from(first);
        self.settled = before;
        true
    }
}

/// The tallies of all messages.
#[derive(Clone)]
pub struct Attempts(pub Arc<dyn Records>);

impl Attempts {
    /// What is known of this message.
    pub async fn read(&self, queue: &QueueName, id: &str) -> Result<Tally, PortError> {
        let record = self.0.get(&key(queue, id)).await?;
        // What cannot be read counts from the beginning: a message too often tried is better than one lost.
        Ok(record.and_then(|record| serde_json::from_slice(&record.value).ok()).unwrap_or_default())
    }

    /// Only who holds the message writes.
    pub async fn write(
        &self,
        queue: &QueueName,
        id: &str,
        tally: &Tally,
        now: Timestamp,
    ) -> Result<(), PortError> {
        let value = serde_json::to_vec(tally).expect("numbers are always JSON");
        let expires = now.checked_add(KEEP).ok();
        self.0.put_if(&key(queue, id), value.into(), Expect::Anything, expires).await.map(drop)
    }
}

fn key(queue: &QueueName, id: &str) -> String {
    format!("attempts/{queue}/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_end_without_a_word_counts_and_only_of_the_first() {
        let mut first = Tally::default();
        assert!(!first.arrive(1, true), "nothing came before");
        assert!(first.arrive(2, true));
        assert_eq!(first, Tally { failed: 1, settled: 1, error: None });
        assert!(!first.arrive(2, true), "it is counted once");
        let mut follower = Tally::default();
        assert!(follower.arrive(2, false));
        assert_eq!(follower, Tally { failed: 0, settled: 1, error: None });
        assert!(follower.arrive(3, true), "the one before it is done by now");
        assert_eq!(follower, Tally { failed: 1, settled: 2, error: None });
    }
}
