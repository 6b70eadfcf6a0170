//! What ingest writes for one delivery: the raw bytes, the messages, the mark. One call, so that a backend which can
//! make it one transaction does.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    breaker::Circuit,
    port::{Message, Object, PortError, QueueName},
};

/// A routed delivery, ready to be written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Where the raw bytes go.
    pub archive_key: String,
    /// The raw bytes and their headers.
    pub object: Object,
    /// Where the routing mark goes.
    pub mark_key: String,
    /// One message a queue.
    pub messages: Vec<(QueueName, Message)>,
    /// Now: what the mark says of when each message was sent.
    pub now: Timestamp,
    /// When the mark may be forgotten.
    pub mark_expires: Option<Timestamp>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Committed {
    /// It is durable; what could not be sent yet is kept for `recover`.
    Stored {
        /// Whether the same bytes were seen before under this key.
        duplicate: bool,
        /// Queues that got a message now.
        sent: Vec<QueueName>,
    },
    /// Other bytes lie there: nothing was written.
    OtherBytes {
        /// The archive key that holds them.
        key: String,
    },
}

/// The routing mark: the record that tells where a delivery lies and which queues have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The archive key.
    pub archive: String,
    /// When each queue got its message.
    pub sent: BTreeMap<QueueName, Timestamp>,
}

impl Mark {
    /// Where all of them lie.
    pub const FOLDER: &str = "routed/";

    /// As a record's value.
    pub fn encode(&self) -> Bytes {
        serde_json::to_vec(self).expect("strings and times are always JSON").into()
    }

    /// From a record's value.
    pub fn decode(value: &[u8]) -> Result<Self, PortError> {
        serde_json::from_slice(value)
            .map_err(|error| PortError::internal("a routing mark cannot be read").caused_by(error))
    }
}

/// What could not be sent: the record that names the queues which an archived delivery did not reach, for `recover`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unrouted {
    /// The archive key.
    pub archive: String,
    /// Why each queue did not take it.
    pub queues: BTreeMap<QueueName, String>,
    /// When that was found.
    pub since: Timestamp,
}

impl Unrouted {
    /// Where all of them lie.
    pub const FOLDER: &str = "unrouted/";

    /// Beside its routing mark: `unrouted/{source}/{hook id or -}.{delivery id}`.
    pub fn key(mark_key: &str) -> String {
        mark_key.replacen(Mark::FOLDER, Self::FOLDER, 1)
    }

    /// The mark of the same delivery.
    pub fn mark_key(key: &str) -> String {
        key.replacen(Self::FOLDER, Mark::FOLDER, 1)
    }

    /// As a record's value.
    pub fn encode(&self) -> Bytes {
        serde_json::to_vec(self).expect("strings and times are always JSON").into()
    }

    /// From a record's value.
    pub fn decode(value: &[u8]) -> Result<Self, PortError> {
        serde_json::from_slice(value)
            .map_err(|error| PortError::internal("what is unrouted cannot be read").caused_by(error))
    }
}

/// A queue as a ledger reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub queue: QueueName,
    /// What gets through to it now.
    pub circuit: Circuit,
    /// The last failure, also when it works again; no secret in it.
    pub last_error: Option<String>,
}

/// Writes deliveries. Idempotent by archive key and queue: the same entry twice sends each message once.
///
/// A mark under `mark_key` names the archive key that counts (an id without a time of its own may come back in another
/// hour). Same bytes there: only queues that the mark lacks are sent to; without a mark, all. Other bytes:
/// [`Committed::OtherBytes`]. `Ok(Stored)` = the raw bytes are durable.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Writes the entry.
    async fn commit(&self, entry: Entry) -> Result<Committed, PortError>;

    /// Targets that can fail one by one, as far as they were sent to, and their circuits now. Where a commit is one
    /// transaction there are none: it fails or works as a whole.
    fn targets(&self) -> Vec<Target> {
        Vec::new()
    }
}
