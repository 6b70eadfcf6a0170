//! Receiving. A message that is tried too often dies here: SQS hands it out again and again, whoever expired over it.

use std::{collections::HashSet, time::Duration};

use aws_sdk_sqs::{
    config::{Config, timeout::TimeoutConfig},
    types::{Message, MessageSystemAttributeName},
};
use futures::future::try_join_all;
use jiff::Timestamp;
use pointsman_core::{
    attempts::{NOBODY, TOO_OFTEN, Tally},
    pack::unpack,
    port::{Ask, Delivered, MessageId, PortError, QueueName, Receipt, Received, dead_letter},
};

use super::{BATCH, Place, Sqs, held::Hold, wire};

/// The longest that SQS waits in one call.
const LONGEST_POLL: Duration = Duration::from_secs(20);
/// Also who does not want to wait asks for this long: without, SQS looks at some of its servers only, and an empty answer
/// means nothing.
const SHORTEST_POLL: Duration = Duration::from_secs(1);
/// How far an answer may have travelled: a hold begins when SQS gives a message, not when it arrives.
const ON_THE_WAY: Duration = Duration::from_millis(500);

/// A message as SQS answered with it.
pub fn delivered(message: Message) -> Delivered {
    let system = message.attributes.unwrap_or_default();
    let attributes = message.message_attributes.unwrap_or_default();
    Delivered {
        id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        text: message.body.unwrap_or_default(),
        system: system.into_iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect(),
        attributes: attributes
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.string_value?)))
            .collect(),
    }
}

fn number(message: &Delivered, name: &str) -> Option<i64> {
    message.system.get(name)?.parse().ok()
}

fn receives(message: &Delivered) -> u32 {
    number(message, "ApproximateReceiveCount").and_then(|count| u32::try_from(count).ok()).unwrap_or(1)
}

/// As the port shows it.
pub(super) fn received(message: Delivered, queue: &QueueName, tally: &Tally, until: Timestamp) -> Received {
    let session = wire::session(message.system.get("MessageGroupId"));
    let sent = number(&message, "SentTimestamp").map(Timestamp::from_millisecond).and_then(Result::ok);
    let moved = message.system.contains_key("DeadLetterQueueSourceArn");
    let receives = receives(&message);
    let mut content = unpack(message.text.into(), message.attributes);
    if moved && queue.is_dead_letters() && !content.attributes.contains_key(dead_letter::REASON) {
        // The last resort: SQS has moved it itself, without a word of ours.
        let error = "SQS has moved it: it was received more often than the queue allows";
        let marks = [
            (dead_letter::REASON, TOO_OFTEN.to_owned()),
            (dead_letter::ERROR, error.to_owned()),
            (dead_letter::ATTEMPTS, receives.to_string()),
        ];
        content.attributes.extend(marks.map(|(name, value)| (name.to_owned(), value)));
    }
    Received {
        id: MessageId(message.id),
        receipt: Receipt(message.receipt),
        body: content.body,
        session,
        attributes: content.attributes,
        correlation: content.correlation,
        attempt: tally.failed + 1,
        enqueued: sent.unwrap_or(Timestamp::UNIX_EPOCH),
        visible_at: until,
    }
}

impl Sqs {
    pub(super) async fn receive_some(&self, queue: &QueueName, ask: Ask) -> Result<Vec<Received>, PortError> {
        if let Some(session) = &ask.session {
            let why =
                format!("SQS cannot be asked for one session (`{session}`): receive from all of `{queue}`");
            return Err(PortError::invalid(why));
        }
        let place = self.place(queue).await?;
        let visibility = ask.visibility.unwrap_or_else(|| self.settings(queue).visibility);
        let begun = self.0.clock.now();
        loop {
            let waited = Duration::try_from(self.0.clock.now().duration_since(begun)).unwrap_or_default();
            let left = ask.wait.saturating_sub(waited);
            let most = BATCH.min(ask.max);
            if most == 0 {
                return Ok(Vec::new());
            }
            let poll = left.clamp(SHORTEST_POLL, LONGEST_POLL);
            let (messages, until) = self.poll(queue, &place, most, visibility, poll).await?;
            let none = messages.is_empty();
            let mut holds = self.holds(queue, messages, until).await?;
            if let Some(sessions) = ask.sessions {
                let surplus = beyond(&mut holds, sessions);
                self.give_back(queue, &place, surplus).await?;
            }
            let received = self.keep_living(queue, &place, holds).await?;
            // Where all that came has died, those behind it are free now.
            if !received.is_empty() || (none && left <= poll) {
                return Ok(received);
            }
        }
    }

    /// One call; says also until when what came is held.
    pub(super) async fn poll(
        &self,
        queue: &QueueName,
        place: &Place,
        most: usize,
        visibility: Duration,
        wait: Duration,
    ) -> Result<(Vec<Delivered>, Timestamp), PortError> {
        let limit = TimeoutConfig::builder().operation_attempt_timeout(wait + Duration::from_secs(5)).build();
        let before = self.0.clock.now();
        let call = self
            .0
            .client
            .receive_message()
            .queue_url(&place.url)
            .max_number_of_messages(i32::try_from(most).unwrap_or(1))
            .visibility_timeout(wire::seconds(visibility))
            .wait_time_seconds(wire::seconds(wait))
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            // A call that the SDK repeats gets the same messages, not the ones behind them.
            .set_receive_request_attempt_id(place.ordered.then(|| uuid::Uuid::new_v4().to_string()))
            .customize()
            .config_override(Config::builder().timeout_config(limit));
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(self.failed(queue, place, "sqs:ReceiveMessage", error).await),
        };
        let taken = before.max(self.0.clock.now().checked_sub(ON_THE_WAY).unwrap_or(before));
        let until = taken.checked_add(Duration::from_secs(wire::seconds(visibility).unsigned_abs().into()));
        let messages = answer.messages.unwrap_or_default().into_iter().map(delivered).collect();
        Ok((messages, until.map_err(|error| PortError::invalid("a hold for ever").caused_by(error))?))
    }

    /// Messages with what is known of their attempts.
    pub(super) async fn holds(
        &self,
        queue: &QueueName,
        messages: Vec<Delivered>,
        until: Timestamp,
    ) -> Result<Vec<Hold>, PortError> {
        let mut seen = HashSet::new();
        let first = |message: &Delivered| {
            message.system.get("MessageGroupId").is_none_or(|group| seen.insert(group.clone()))
        };
        let firsts: Vec<bool> = messages.iter().map(first).collect();
        let holds = messages.into_iter().zip(firsts).map(|(message, first)| async move {
            let receives = receives(&message);
            let mut tally = Tally::default();
            // A dead letter has died: it counts no more attempts.
            if receives > 1 && !queue.is_dead_letters() {
                tally = self.0.attempts.read(queue, &message.id).await?;
                if tally.arrive(receives, first) {
                    self.0.attempts.write(queue, &message.id, &tally, self.0.clock.now()).await?;
                }
            }
            let message = received(message, queue, &tally, until);
            Ok::<_, PortError>(Hold { message, receives, tally })
        });
        try_join_all(holds).await
    }

    /// Keeps what may be tried once more; the rest become dead letters.
    pub(super) async fn keep_living(
        &self,
        queue: &QueueName,
        place: &Place,
        holds: Vec<Hold>,
    ) -> Result<Vec<Received>, PortError> {
        let most = self.settings(queue).max_deliveries.max(1);
        let (dead, living): (Vec<_>, Vec<_>) =
            holds.into_iter().partition(|hold| hold.tally.failed >= most && !queue.is_dead_letters());
        for hold in dead {
            self.bury(queue, place, &hold, TOO_OFTEN, NOBODY, hold.tally.failed).await?;
        }
        let received = living.iter().map(|hold| hold.message.clone()).collect();
        self.0.held.add(queue, living, self.0.clock.now());
        Ok(received)
    }
}

/// Takes out what belongs to more sessions than were asked for; a message without one counts as one.
fn beyond(holds: &mut Vec<Hold>, sessions: usize) -> Vec<Hold> {
    let (mut named, mut alone) = (HashSet::new(), 0);
    let mut surplus = Vec::new();
    for hold in std::mem::take(holds) {
        let free = named.len() + alone < sessions;
        let wanted = match &hold.message.session {
            Some(session) => named.contains(session) || (free && named.insert(session.clone())),
            None => free,
        };
        alone += usize::from(wanted && hold.message.session.is_none());
        if wanted { holds.push(hold) } else { surplus.push(hold) }
    }
    surplus
}
