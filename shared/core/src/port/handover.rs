//! Messages that somebody else receives and removes: the event source of a cloud's function.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Message, PortError, QueueName, Receipt, Received, Receiver};

/// A message as a cloud hands it out, to a receiver or to a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// The cloud's name of it (SQS: `messageId`).
    pub id: String,
    /// To settle it with (`receiptHandle`).
    pub receipt: String,
    /// Its text (`body`).
    pub text: String,
    /// The cloud's own attributes (`attributes`): `MessageGroupId`, `ApproximateReceiveCount`, `SentTimestamp` ..
    pub system: HashMap<String, String>,
    /// The sender's attributes (`messageAttributes`), those that are text.
    pub attributes: BTreeMap<String, String>,
}

/// A queue that is received from by others on our behalf. Of adopted messages, each is settled by the [`Receiver`] or
/// forgotten.
#[async_trait]
pub trait Handover: Receiver {
    /// Takes over messages that were received for us; in order, and held until then. As after a receive: what was tried
    /// too often is a dead letter and not among the answers.
    async fn adopt(
        &self,
        queue: &QueueName,
        messages: Vec<Delivered>,
        until: Timestamp,
    ) -> Result<Vec<Received>, PortError>;
    /// Forgets messages that are removed for us: what waits for them to be settled is given back.
    async fn forget(&self, queue: &QueueName, receipts: &[Receipt]) -> Result<(), PortError>;
    /// Sends a copy with a delay, of whatever session, instead of a message that is then removed for us. `Invalid`: this
    /// queue holds a message itself back for any time (`abandon`).
    async fn postpone(&self, queue: &QueueName, _: &Receipt, _: Message) -> Result<(), PortError> {
        Err(PortError::invalid(format!("`{queue}` holds its messages back itself: abandon it for that time")))
    }
}
