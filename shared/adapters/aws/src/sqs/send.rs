//! Sending: ten messages and one MiB in a call, never two of one session in the same: SQS may take the second and refuse
//! the first.

use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

use async_trait::async_trait;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use futures::future::join_all;
use pointsman_core::{
    pack::ATTRIBUTE,
    port::{ErrorKind, Message, MessageId, PortError, Queue, QueueName, Sent},
    telemetry,
};

use super::{
    BATCH, Place, Sqs, again,
    dedup::Claim,
    wire::{Entry, LARGEST},
};
use crate::fault::Asked;

type Outcome = Result<Sent, PortError>;

#[async_trait]
impl Queue for Sqs {
    async fn send(&self, queue: &QueueName, messages: Vec<Message>) -> Vec<Outcome> {
        if messages.is_empty() {
            return Vec::new();
        }
        let place = match self.place(queue).await {
            Ok(place) => place,
            Err(error) => return messages.iter().map(|_| Err(again(&error))).collect(),
        };
        let begun = Instant::now();
        let outcomes = if place.ordered {
            self.send_all(queue, &place, messages).await
        } else {
            self.send_once(queue, &place, messages).await
        };
        telemetry::sent(queue, &outcomes, begun.elapsed());
        outcomes
    }
}

impl Sqs {
    /// Sends to a standard queue what was not sent within the window.
    async fn send_once(&self, queue: &QueueName, place: &Place, messages: Vec<Message>) -> Vec<Outcome> {
        let mut first: HashMap<String, usize> = HashMap::new();
        let claims = messages.iter().enumerate().map(|(index, message)| {
            let id = message.dedup_id.clone();
            let twin =
                (!id.is_empty()).then(|| *first.entry(id.clone()).or_insert(index)).filter(|it| *it < index);
            async move {
                match twin {
                    _ if id.is_empty() => Ok(Part::Free),
                    Some(twin) => Ok(Part::Twin(twin)),
                    None => self.claim(queue, &id).await.map(Part::Claimed),
                }
            }
        });
        let parts = join_all(claims.collect::<Vec<_>>()).await;
        let sends =
            |part: &Result<Part, _>| matches!(part, Ok(Part::Free | Part::Claimed(Claim::Ours { .. })));
        let wanted =
            messages.into_iter().zip(&parts).filter(|(_, part)| sends(part)).map(|(message, _)| message);
        let mut sent = self.send_all(queue, place, wanted.collect()).await.into_iter();
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(parts.len());
        for part in parts {
            let outcome = match part {
                Ok(Part::Twin(twin)) => match &outcomes[twin] {
                    Ok(sent) => Ok(Sent { duplicate: true, ..sent.clone() }),
                    Err(error) => Err(again(error)),
                },
                Ok(Part::Claimed(Claim::Before(id))) => Ok(Sent { id, duplicate: true }),
                Ok(Part::Claimed(Claim::Ours { key, version })) => {
                    let outcome = sent.next().unwrap_or_else(|| Err(silence(place)));
                    self.claimed(&key, version, &outcome).await;
                    outcome
                }
                Ok(Part::Free) => sent.next().unwrap_or_else(|| Err(silence(place))),
                Err(error) => Err(error),
            };
            outcomes.push(outcome);
        }
        outcomes
    }

    async fn send_all(&self, queue: &QueueName, place: &Place, messages: Vec<Message>) -> Vec<Outcome> {
        let entries: Vec<_> = messages.iter().map(|message| entry(message, place)).collect();
        drop(messages);
        let mut outcomes: Vec<Option<Outcome>> = entries.iter().map(|_| None).collect();
        let mut waiting = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            match entry {
                Ok(entry) => waiting.push((index, entry)),
                Err(error) => outcomes[index] = Some(Err(error)),
            }
        }
        // Groups of which a message could not be sent: what comes behind it must not overtake it.
        let mut broken: HashMap<String, ErrorKind> = HashMap::new();
        while !waiting.is_empty() {
            let (batch, rest) = next_batch(waiting);
            waiting = rest;
            for (index, group, outcome) in self.send_batch(queue, place, batch).await {
                if let (Some(group), Err(error)) = (group, &outcome) {
                    broken.insert(group, error.kind);
                }
                outcomes[index] = Some(outcome);
            }
            waiting.retain(|(index, entry)| {
                match entry.place.as_ref().and_then(|(group, _)| broken.get(group)) {
                    Some(kind) => {
                        let why = "not sent: an earlier message of its session could not be sent";
                        outcomes[*index] = Some(Err(PortError::new(*kind, why)));
                        false
                    }
                    None => true,
                }
            });
        }
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| Err(silence(place)))).collect()
    }
}

/// A message for this queue; the error names it.
fn entry(message: &Message, place: &Place) -> Result<Entry, PortError> {
    Entry::of(message, place.ordered)
        .map_err(|error| PortError::new(error.kind, format!("{} refuses it: {error}", place.shown)))
}

/// What is done with one message for a standard queue.
enum Part {
    /// It is nobody's duplicate.
    Free,
    Claimed(Claim),
    /// The same as this one of its batch.
    Twin(usize),
}

fn silence(place: &Place) -> PortError {
    PortError::internal(format!("SQS says nothing of a message to {}", place.shown))
}

/// Entries, each with its place among the results.
type Indexed = Vec<(usize, Entry)>;

/// The first entries that can go in one call, and the others, in order.
fn next_batch(waiting: Indexed) -> (Indexed, Indexed) {
    let (mut batch, mut rest, mut size) = (Vec::new(), Vec::new(), 0);
    let mut groups = HashSet::new();
    for (index, entry) in waiting {
        // A group is in this call, or one of it was left for the next.
        let group = entry.place.as_ref().map(|(group, _)| group.clone());
        let free = group.is_none_or(|group| groups.insert(group));
        if free && batch.len() < BATCH && size + entry.size() <= LARGEST {
            size += entry.size();
            batch.push((index, entry));
        } else {
            rest.push((index, entry));
        }
    }
    (batch, rest)
}

impl Sqs {
    /// Sends one batch; says of each message its group and what became of it.
    async fn send_batch(
        &self,
        queue: &QueueName,
        place: &Place,
        batch: Indexed,
    ) -> Vec<(usize, Option<String>, Outcome)> {
        let indexes: Vec<_> = batch
            .iter()
            .map(|(index, entry)| (*index, entry.place.as_ref().map(|it| it.0.clone())))
            .collect();
        let mut call = self.0.client.send_message_batch().queue_url(&place.url);
        for (number, (_, entry)) in batch.into_iter().enumerate() {
            call = call.entries(request(number, entry));
        }
        let mut outcomes: HashMap<usize, Outcome> = HashMap::new();
        match call.send().await {
            Ok(answer) => {
                for sent in answer.successful {
                    let id = MessageId(sent.message_id);
                    outcomes.extend(
                        sent.id.parse().map(|number: usize| (number, Ok(Sent { id, duplicate: false }))),
                    );
                }
                for failed in answer.failed {
                    let asked = Asked { right: "sqs:SendMessage", on: &place.shown };
                    let status = if failed.sender_fault { 400 } else { 500 };
                    let error = asked.refused(Some(&failed.code), failed.message.as_deref(), status, None);
                    outcomes.extend(failed.id.parse().map(|number: usize| (number, Err(error))));
                }
            }
            Err(error) => {
                let error = self.failed(queue, place, "sqs:SendMessage", error).await;
                outcomes.extend((0..indexes.len()).map(|number| (number, Err(again(&error)))));
            }
        }
        let numbered = indexes.into_iter().enumerate();
        numbered
            .map(|(number, (index, group))| {
                (index, group, outcomes.remove(&number).unwrap_or_else(|| Err(silence(place))))
            })
            .collect()
    }
}

fn request(number: usize, entry: Entry) -> SendMessageBatchRequestEntry {
    let (group, id) = entry.place.unzip();
    let mut request = SendMessageBatchRequestEntry::builder()
        .id(number.to_string())
        .message_body(entry.text)
        .set_message_group_id(group)
        .set_message_deduplication_id(id)
        .set_delay_seconds(entry.delay);
    if let Some(pack) = entry.pack {
        let value = MessageAttributeValue::builder().data_type("String").string_value(pack).build();
        request = request.message_attributes(ATTRIBUTE, value.expect("it has a type"));
    }
    request.build().expect("it has an id and a body")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_in_a_call_once_and_its_messages_stay_in_order() {
        let sessions = ["a", "a", "b", "a", "b", "c"];
        let entry = |session: &str| {
            let message = Message { session: Some(session.into()), ..Message::default() };
            Entry::of(&message, true).expect("it can be sent")
        };
        let mut waiting: Indexed = sessions.iter().map(|session| entry(session)).enumerate().collect();
        let mut calls = Vec::new();
        while !waiting.is_empty() {
            let (batch, rest) = next_batch(waiting);
            calls.push(batch.iter().map(|(index, _)| *index).collect::<Vec<_>>());
            waiting = rest;
        }
        assert_eq!(calls, [vec![0, 2, 5], vec![1, 4], vec![3]]);
    }

    #[test]
    fn a_call_has_ten_messages_and_one_mebibyte_at_most() {
        let batch = |count: usize, length: usize| {
            let message = Message { body: vec![b'a'; length].into(), ..Message::default() };
            let entry = |index| (index, Entry::of(&message, true).expect("it can be sent"));
            next_batch((0..count).map(entry).collect()).0.len()
        };
        assert_eq!(batch(25, 10), BATCH);
        assert_eq!(batch(10, LARGEST / 4), 4);
        assert_eq!(batch(3, LARGEST), 1);
    }
}
