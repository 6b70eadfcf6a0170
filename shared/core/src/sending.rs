//! One event as the message of one queue.

use std::collections::BTreeMap;

use crate::{
    delivery::Delivery,
    event::Event,
    port::{Message, QueueName},
    session::Session,
    verify::fingerprint,
};

/// The message for this queue. Over the inline limit it goes without `data`, which lies under `dataref`.
pub(crate) fn message(
    delivery: &Delivery,
    event: &Event,
    (queue, session): (&QueueName, Option<&Session>),
    cause: &str,
    inline_limit: Option<usize>,
) -> Message {
    let whole = event.body(session, &delivery.payload, true);
    let fits = inline_limit.is_none_or(|limit| whole.len() <= limit);
    Message {
        body: if fits { whole } else { event.body(session, &delivery.payload, false) },
        session: session.cloned(),
        dedup_id: dedup_id(delivery, queue, cause),
        attributes: BTreeMap::from([
            ("type".to_owned(), event.r#type.clone()),
            ("traceparent".to_owned(), event.traceparent.clone()),
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
