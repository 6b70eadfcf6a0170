//! A message made ready by its sender, away from the engine: packed, hashed, encoded.

use std::sync::Arc;

use bytes::Bytes;
use pointsman_core::port::{Message, MessageId, Sent};

use crate::{
    bodies::{Bodies, Placing},
    dedup::Hash,
    times::millis_of,
    writer::{Incoming, Writer, encode_attributes},
};

/// Longest body in bytes: more than any webhook, less than SQLite's limit.
const LONGEST: usize = 256 << 20;

/// A message without anything left to compute.
#[derive(Debug)]
pub(crate) struct Outgoing {
    session: Option<Arc<str>>,
    /// Its shared body's place among those of the call.
    body: Option<usize>,
    correlation: Option<String>,
    attributes: Option<String>,
    head: Bytes,
    tail: Bytes,
    delay_ms: i64,
    dedup: Option<Hash>,
}

impl Outgoing {
    /// The message made ready, or why it can never be sent.
    pub fn new(message: &Message, bodies: &mut Bodies) -> Result<Self, String> {
        let delay = message.delay.filter(|delay| !delay.is_zero());
        if delay.is_some() && message.session.is_some() {
            return Err("a message of a session cannot be delayed: leave out `delay`, or the session".into());
        }
        if message.body.len() > LONGEST {
            return Err(format!("a body of {} bytes is too long: at most {LONGEST}", message.body.len()));
        }
        Ok(Self {
            session: message.session.as_ref().map(|session| session.as_str().into()),
            body: bodies.place(&message.body.shared),
            correlation: message.correlation.clone(),
            attributes: encode_attributes(&message.attributes),
            head: message.body.head.clone(),
            tail: message.body.tail.clone(),
            delay_ms: delay.map_or(0, millis_of),
            dedup: Hash::of(&message.dedup_id),
        })
    }

    /// Enqueues it, unless its dedup id did so within the window.
    pub fn send(
        &self,
        writer: &mut Writer<'_>,
        queue: usize,
        bodies: &mut Placing<'_>,
    ) -> rusqlite::Result<Sent> {
        let (row, window) = {
            let state = &writer.state.queues[queue];
            (state.id, millis_of(state.settings.dedup_window))
        };
        let hash = self.dedup.map(|hash| hash.within(row));
        if let Some(hash) = hash
            && let Some(first) = writer.seen(hash)?
        {
            return Ok(Sent { id: MessageId(first.to_string()), duplicate: true });
        }
        let incoming = Incoming {
            session: self.session.as_ref(),
            body: self.body.map(|place| bodies.refer(writer, place)).transpose()?,
            correlation: self.correlation.as_deref(),
            attributes: self.attributes.as_deref(),
            head: &self.head,
            tail: &self.tail,
            delay_ms: self.delay_ms,
            enqueued_at: writer.now,
        };
        let id = writer.enqueue(queue, &incoming)?;
        if let Some(hash) = hash {
            writer.remember(hash, id, writer.now.saturating_add(window))?;
        }
        Ok(Sent { id: MessageId(id.to_string()), duplicate: false })
    }
}
