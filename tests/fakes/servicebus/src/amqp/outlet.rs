//! A link that we send on: a queue's messages, a session's, or the replies of `$cbs` and `$management`.

use std::collections::VecDeque;

use fe2o3_amqp_types::{messaging::Header, performatives::Attach};
use jiff::Timestamp;
use uuid::Uuid;

use super::{connection::Shared, session::Parcel};
use crate::broker::{Delivered, Message, Owner, message};

/// A link and its credit.
pub struct Outlet {
    pub stand: Stand,
    pub credit: u32,
    pub delivered: u32,
    /// The other side wants to have its credit used up.
    pub drain: bool,
}

/// What it hands out.
pub enum Stand {
    /// A session is asked for, and not yet to be had.
    Waiting { attach: Box<Attach>, queue: String, wanted: Option<String>, owner: Owner, until: Timestamp },
    /// Messages.
    Queue {
        queue: String,
        session: Option<String>,
        owner: Owner,
        /// Whether they are held until they are settled.
        keep: bool,
    },
    /// Answers of a node to the address that asked.
    Replies { node: String, address: String, replies: VecDeque<Message> },
}

impl Outlet {
    pub fn new(stand: Stand) -> Self {
        Self { stand, credit: 0, delivered: 0, drain: false }
    }

    /// The next message that it may send.
    pub fn next(&mut self, shared: &Shared) -> Option<Parcel> {
        if self.credit == 0 {
            return None;
        }
        let parcel = match &mut self.stand {
            Stand::Waiting { .. } => return None,
            Stand::Replies { replies, .. } => {
                Parcel { message: replies.pop_front()?, tag: Uuid::new_v4().as_bytes().to_vec(), held: None }
            }
            Stand::Queue { queue, session, owner, keep } => {
                let taken = shared.broker.take(queue, session.as_deref(), *owner, *keep)?;
                let held = keep.then(|| (queue.clone(), taken.token));
                Parcel { tag: taken.token.to_bytes_le().to_vec(), message: dressed(taken), held }
            }
        };
        self.credit -= 1;
        self.delivered = self.delivered.wrapping_add(1);
        Some(parcel)
    }

    /// Whether the other side must be told that all is sent that there was.
    pub fn drained(&mut self) -> bool {
        if !std::mem::take(&mut self.drain) {
            return false;
        }
        self.delivered = self.delivered.wrapping_add(std::mem::take(&mut self.credit));
        true
    }

    /// When its patience is over.
    pub fn due(&self) -> Option<Timestamp> {
        match &self.stand {
            Stand::Waiting { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// Where replies of this node wait, and for whom.
    pub fn replies(&mut self, of: &str) -> Option<(String, &mut VecDeque<Message>)> {
        match &mut self.stand {
            Stand::Replies { node, address, replies } if node == of => Some((address.clone(), replies)),
            _ => None,
        }
    }

    /// The link has gone.
    pub fn leave(self, shared: &Shared) {
        if let Stand::Queue { queue, session: Some(_), owner, .. } = self.stand {
            shared.broker.leave(&queue, owner);
        }
    }
}

/// A message with what the broker says of it.
pub fn dressed(delivered: Delivered) -> Message {
    let Delivered { sequence, until, deliveries, enqueued, mut message, .. } = delivered;
    message.header = Some(Header { delivery_count: deliveries, ..message.header.unwrap_or_default() });
    message::annotate(&mut message, "x-opt-sequence-number", sequence.into());
    message::annotate(&mut message, "x-opt-enqueued-time", message::time(enqueued));
    message::annotate(&mut message, "x-opt-locked-until", message::time(until));
    message
}
