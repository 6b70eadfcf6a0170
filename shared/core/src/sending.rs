//! One event as the message of one queue, whole or by reference.

use std::collections::BTreeMap;

use crate::{
    delivery::Delivery,
    event::Event,
    port::{Message, QueueName},
    session::Session,
    trace::TRACEPARENT,
    verify::fingerprint,
};

/// What a backend's queues carry within a message; what they do not goes without `data`, which lies under `dataref`.
/// Default: anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inline {
    /// The longest event, in bytes.
    pub limit: Option<usize>,
    /// Whether every byte of a payload passes.
    pub carries: Option<fn(&[u8]) -> bool>,
}

impl Inline {
    /// Events of at most `limit` bytes whose payloads these queues can carry.
    pub fn new(limit: usize, carries: fn(&[u8]) -> bool) -> Self {
        Self { limit: Some(limit), carries: Some(carries) }
    }

    fn takes(&self, length: usize, payload: &[u8]) -> bool {
        self.limit.is_none_or(|limit| length <= limit) && self.carries.is_none_or(|carries| carries(payload))
    }
}

/// The message for this queue.
pub(crate) fn message(
    delivery: &Delivery,
    event: &Event,
    (queue, session): (&QueueName, Option<&Session>),
    cause: &str,
    inline: Inline,
) -> Message {
    let whole = event.body(session, &delivery.payload, true);
    let fits = inline.takes(whole.len(), &delivery.payload);
    Message {
        body: if fits { whole } else { event.body(session, &delivery.payload, false) },
        session: session.cloned(),
        dedup_id: dedup_id(delivery, queue, cause),
        attributes: BTreeMap::from([
            ("type".to_owned(), event.r#type.clone()),
            (TRACEPARENT.to_owned(), event.traceparent.clone()),
        ]),
        correlation: Some(event.id.clone()),
        delay: None,
    }
}

/// hex(SHA-256(source, hook id, delivery id, queue, cause)); a first send has no cause, and a variant's delivery id carries
/// its hash.
fn dedup_id(delivery: &Delivery, queue: &QueueName, cause: &str) -> String {
    let hook = delivery.hook.as_deref().unwrap_or("-");
    fingerprint(&[&delivery.source.0, hook, &delivery.event_id(), queue.as_str(), cause])
}
