//! Sending: as many messages in a call as the namespace takes. A batch is taken whole or refused whole; of a refused one
//! each message is sent alone, so that each has its own answer.

use std::{collections::HashMap, time::Instant};

use async_trait::async_trait;
use http::Method;
use pointsman_core::{
    port::{ErrorKind, Message, MessageId, PortError, Queue, QueueName, Sent},
    telemetry,
};

use super::{SENDER, ServiceBus, again, wire::Entry};
use crate::fault::Asked;

const BATCH: &str = "application/vnd.microsoft.servicebus.json";
/// Messages in one call.
const MOST: usize = 100;

type Outcome = Result<Sent, PortError>;

/// Entries, each with its place among the results.
type Indexed = Vec<(usize, Entry)>;

#[async_trait]
impl Queue for ServiceBus {
    async fn send(&self, queue: &QueueName, messages: Vec<Message>) -> Vec<Outcome> {
        let begun = Instant::now();
        let (largest, now) = (self.0.namespace.largest, self.0.clock.now());
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(messages.len());
        let mut waiting: Indexed = Vec::new();
        for (index, message) in messages.into_iter().enumerate() {
            match Entry::of(&message, largest, now) {
                Ok(entry) => {
                    waiting.push((index, entry));
                    outcomes.push(None);
                }
                Err(error) => outcomes.push(Some(Err(error))),
            }
        }
        // Sessions of which a message could not be sent: what comes behind it must not overtake it.
        let mut broken = HashMap::new();
        while !waiting.is_empty() {
            let rest = waiting.split_off(next(&waiting, largest));
            for (index, outcome) in self.send_batch(queue, waiting, &mut broken).await {
                outcomes[index] = Some(outcome);
            }
            waiting = rest;
        }
        let silence = || Err(PortError::internal(format!("a message to `{queue}` was not sent")));
        let outcomes: Vec<_> = outcomes.into_iter().map(|it| it.unwrap_or_else(silence)).collect();
        telemetry::sent(queue, &outcomes, begun.elapsed());
        outcomes
    }
}

/// How many of the first entries can go in one call.
fn next(waiting: &Indexed, largest: usize) -> usize {
    let mut size = 0;
    let fits = waiting.iter().take(MOST).take_while(|(_, entry)| {
        size += entry.size();
        size <= largest
    });
    fits.count().max(1)
}

impl ServiceBus {
    /// Sends one message for later, whatever comes of its session before it.
    pub(super) async fn schedule(&self, queue: &QueueName, message: &Message) -> Result<(), PortError> {
        let entry = Entry::whenever(message, self.0.namespace.largest, self.0.clock.now())?;
        self.post(queue, &[&entry]).await
    }

    async fn send_batch(
        &self,
        queue: &QueueName,
        batch: Indexed,
        broken: &mut HashMap<String, ErrorKind>,
    ) -> Vec<(usize, Outcome)> {
        let (held, batch): (Indexed, Indexed) =
            batch.into_iter().partition(|(_, entry)| broken.contains_key(entry.session()));
        let why = "not sent: an earlier message of its session could not be sent";
        let held = held.into_iter().map(|(index, entry)| {
            let kind = broken.get(entry.session()).copied().unwrap_or(ErrorKind::Internal);
            (index, Err(PortError::new(kind, why)))
        });
        let mut outcomes: Vec<_> = held.collect();
        let entries: Vec<_> = batch.iter().map(|(_, entry)| entry).collect();
        match self.post(queue, &entries).await {
            Ok(()) => outcomes.extend(batch.into_iter().map(|(index, entry)| (index, Ok(sent(&entry))))),
            // One of them is the reason.
            Err(error)
                if batch.len() > 1 && matches!(error.kind, ErrorKind::Invalid | ErrorKind::Internal) =>
            {
                for one in batch {
                    outcomes.extend(Box::pin(self.send_batch(queue, vec![one], broken)).await);
                }
            }
            Err(error) => {
                for (index, entry) in batch {
                    broken.insert(entry.session().to_owned(), error.kind);
                    outcomes.push((index, Err(again(&error))));
                }
            }
        }
        outcomes
    }

    async fn post(&self, queue: &QueueName, entries: &[&Entry]) -> Result<(), PortError> {
        if entries.is_empty() {
            return Ok(());
        }
        let name = self.physical(queue);
        let on = format!("the queue `{name}`");
        let asked = Asked { doing: "sending to", on: &on, role: SENDER };
        let body = serde_json::to_vec(entries).expect("texts are always JSON");
        let path = format!("{name}/messages");
        match self.ask(asked, Method::POST, &path, Some((BATCH, body.into()))).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind == ErrorKind::NotFound => Err(self.unknown(queue)),
            Err(error) => Err(error),
        }
    }
}

fn sent(entry: &Entry) -> Sent {
    Sent { id: MessageId(entry.id().to_owned()), duplicate: false }
}
