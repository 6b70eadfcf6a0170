//! A message that is to wait longer than a function may, for a stage that looks at the truth itself: a copy is sent for that
//! time, and the message is done with.

use std::time::Duration;

use jiff::Timestamp;
use tracing::warn;

use super::Source;
use crate::{
    port::{Message, Received},
    verify::fingerprint,
};

/// What is shorter is waited for.
const LONG: Duration = Duration::from_secs(30);
/// When the first of all copies was enqueued, RFC 3339: throttling ends with the message's age.
const SINCE: &str = "since";

/// Since when the message is on its way, as itself or as what it is a copy of.
pub(super) fn since(message: &Received) -> Timestamp {
    let first = message.attributes.get(SINCE).and_then(|since| since.parse().ok());
    first.map_or(message.enqueued, |first: Timestamp| first.min(message.enqueued))
}

/// Whether a copy of each is on its way now. Where one could not be sent, all come again: copies are deduplicated.
pub(super) async fn send(source: &Source, turn: &[Received], after: Duration) -> bool {
    if !source.later || after <= LONG {
        return false;
    }
    for message in turn {
        let copy = copy(message, after);
        if let Err(error) = source.receiver.postpone(&source.queue, &message.receipt, copy).await {
            warn!(%error, "throttled, and no copy could be sent for later: the message itself comes again");
            return false;
        }
    }
    true
}

fn copy(message: &Received, after: Duration) -> Message {
    let mut attributes = message.attributes.clone();
    attributes.insert(SINCE.to_owned(), since(message).to_string());
    Message {
        body: message.body.clone().into(),
        session: message.session.clone(),
        // Another one for a copy of a copy; the same when the same message is handled again.
        dedup_id: fingerprint(&["later", &message.id.0, &message.enqueued.to_string()]),
        attributes,
        correlation: message.correlation.clone(),
        delay: Some(after),
    }
}
