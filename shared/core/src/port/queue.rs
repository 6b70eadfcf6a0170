//! Queues: `Queue` for those who send, `Receiver` for hosts, `QueueAdmin` for operators.
//!
//! The ten promises are in `docs/ports.md`; `shared/conformance` holds every adapter to them.

use std::{collections::BTreeMap, fmt, str::FromStr, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PortError;
use crate::session::Session;

/// A queue's name: 1 to 60 of `a-z 0-9 -`, beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QueueName(String);

const DEAD: &str = ".dead";

impl QueueName {
    /// The queue that holds this one's dead letters: an ordinary queue, received from and purged like any other.
    #[must_use]
    pub fn dead_letters(&self) -> Self {
        Self(format!("{}{DEAD}", self.origin().0))
    }

    /// The queue whose dead letters this one holds, or itself.
    #[must_use]
    pub fn origin(&self) -> Self {
        Self(self.0.strip_suffix(DEAD).unwrap_or(&self.0).to_owned())
    }

    /// Whether this queue holds another's dead letters.
    pub fn is_dead_letters(&self) -> bool {
        self.0.ends_with(DEAD)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for QueueName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.strip_suffix(DEAD).unwrap_or(text);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 60 || !name.chars().all(plain) || name.starts_with('-') {
            return Err(format!(
                "`{text}` is no queue name: 1 to 60 of a-z, 0-9 and -, beginning with a letter or digit"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for QueueName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<QueueName> for String {
    fn from(name: QueueName) -> Self {
        name.0
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How one queue behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSettings {
    /// Failed attempts after which a message is dead-lettered. Default 5.
    pub max_deliveries: u32,
    /// How long a receiver holds a message before it comes back. Default 30 s.
    pub visibility: Duration,
    /// How long a dedup id is remembered. Default 10 min.
    pub dedup_window: Duration,
    /// What becomes of a message that fails for good. Default: it is dead-lettered.
    pub on_poison: OnPoison,
    /// How old a message may become by throttling alone, which counts no attempt; hosts see to it. Default 12 h.
    pub max_age: Duration,
}

/// What becomes of a message that failed `max_deliveries` times, or that its handler refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnPoison {
    /// It goes to the dead letters, and its session goes on.
    #[default]
    DeadLetter,
    /// It stays where it is and its session waits until a person decides ([`Control::Release`], [`Control::Bury`]). A
    /// message without a session is dead-lettered all the same: nothing waits behind it.
    Hold,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            max_deliveries: 5,
            visibility: Duration::from_secs(30),
            dedup_window: Duration::from_secs(600),
            on_poison: OnPoison::DeadLetter,
            max_age: Duration::from_secs(12 * 60 * 60),
        }
    }
}

/// A message's bytes as three pieces that are sent as one. `shared` is what several messages (and the archive) have
/// in common: an adapter that can, stores equal `Bytes` handles once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// Comes first.
    pub head: Bytes,
    /// Comes second.
    pub shared: Bytes,
    /// Comes last.
    pub tail: Bytes,
}

impl Body {
    /// All bytes in one piece.
    pub fn to_bytes(&self) -> Bytes {
        if self.shared.is_empty() && self.tail.is_empty() {
            return self.head.clone();
        }
        [&self.head[..], &self.shared, &self.tail].concat().into()
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.head.len() + self.shared.len() + self.tail.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self { head: bytes.into(), ..Self::default() }
    }
}

/// What is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Passes unchanged, byte for byte.
    pub body: Body,
    /// Messages of one session stay in order; `None` promises no order.
    pub session: Option<Session>,
    /// Within the queue's window, a second message with this id is not enqueued. Empty = never a duplicate.
    pub dedup_id: String,
    /// Survive the trip, `traceparent` among them.
    pub attributes: BTreeMap<String, String>,
    /// What this message belongs to; survives the trip.
    pub correlation: Option<String>,
    /// Holds an unordered message back; with a session it is refused as `Invalid`.
    pub delay: Option<Duration>,
}

/// A message's name within its store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MessageId(pub String);

/// The answer to one sent message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Its name; of a duplicate, the first copy's name where the store still knows it.
    pub id: MessageId,
    /// Whether its dedup id was seen within the window, so that nothing was enqueued.
    pub duplicate: bool,
}

/// Names one delivery of one message to one receiver. Void once settled or expired.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Receipt(pub String);

/// What a receiver gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// The message's name.
    pub id: MessageId,
    /// To settle it with.
    pub receipt: Receipt,
    /// As it was sent.
    pub body: Bytes,
    /// As it was sent.
    pub session: Option<Session>,
    /// As they were sent.
    pub attributes: BTreeMap<String, String>,
    /// As it was sent.
    pub correlation: Option<String>,
    /// 1 on the first try, one more after each failed one.
    pub attempt: u32,
    /// When it was enqueued.
    pub enqueued: Timestamp,
    /// Until when it is held.
    pub visible_at: Timestamp,
}

/// What a receiver asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// At most this many messages.
    pub max: usize,
    /// How long to wait while there is none. Returns as soon as there is at least one.
    pub wait: Duration,
    /// Hold them this long; `None` = the queue's own visibility timeout.
    pub visibility: Option<Duration>,
    /// Only this session's messages.
    pub session: Option<Session>,
    /// Of at most this many sessions; a message without one counts as one. `None` = of any number.
    pub sessions: Option<usize>,
}

/// Why a message is given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abandon {
    /// Not before this long; a session's later messages wait with it.
    pub after: Duration,
    /// The handler's error, when it was handed to one and failed: counts an attempt. `None` = untouched or throttled.
    pub failed: Option<String>,
}

impl Abandon {
    /// Given back at once, as if never taken.
    pub fn untouched() -> Self {
        Self { after: Duration::ZERO, failed: None }
    }

    /// The handler failed with `error`: an attempt is counted.
    pub fn failed(error: impl Into<String>, after: Duration) -> Self {
        Self { after, failed: Some(error.into()) }
    }
}

/// Names of the attributes that a dead letter carries beside its own.
pub mod dead_letter {
    /// Why it died: `max_deliveries`, or the handler's reason.
    pub const REASON: &str = "dead-letter-reason";
    /// The last error's text.
    pub const ERROR: &str = "dead-letter-error";
    /// Failed attempts, in decimal.
    pub const ATTEMPTS: &str = "dead-letter-attempts";
    /// When it died, RFC 3339.
    pub const TIME: &str = "dead-letter-time";
}

/// All that a stage sees of a queue.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Enqueues all, in the order given; one result a message, in that order. `Ok` = durable. Unknown queue:
    /// `NotFound` for each, and the message lists the known ones.
    async fn send(&self, queue: &QueueName, messages: Vec<Message>) -> Vec<Result<Sent, PortError>>;
}

/// The consuming side: hosts alone see it.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// Messages of sessions that nobody holds (and unordered ones), oldest first, each session's in order.
    async fn receive(&self, queue: &QueueName, ask: Ask) -> Result<Vec<Received>, PortError>;
    /// Removes them for good; one result a receipt, in order. A void receipt is `Conflict`.
    async fn complete(&self, queue: &QueueName, receipts: &[Receipt]) -> Vec<Result<(), PortError>>;
    /// Gives it back. A void receipt is `Conflict`. At `max_deliveries` failed attempts it is dead-lettered.
    async fn abandon(&self, queue: &QueueName, receipt: &Receipt, how: Abandon) -> Result<(), PortError>;
    /// Moves it to the queue's dead letters with reason, error and attempts. A void receipt is `Conflict`.
    async fn dead_letter(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        reason: &str,
        error: &str,
    ) -> Result<(), PortError>;
    /// Holds it (and its session) for `visibility` from now; says until when. A void receipt is `Conflict`.
    async fn renew(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        visibility: Duration,
    ) -> Result<Timestamp, PortError>;
}

/// A queue's figures now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueStats {
    /// Waiting and receivable, or waiting behind one of its session.
    pub depth: u64,
    /// Held by receivers.
    pub in_flight: u64,
    /// Held back by a delay, or by an abandon with a time.
    pub delayed: u64,
    /// In its dead-letter queue.
    pub dead: u64,
    /// Sessions held for a person, behind a message that failed for good.
    pub held: u64,
    /// Nothing is handed out until it is resumed.
    pub paused: bool,
    /// When the oldest message that is still there was enqueued.
    pub oldest: Option<Timestamp>,
    /// Whether a subscription still names it.
    pub attached: bool,
}

/// A message as an operator sees it, without taking it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peeked {
    /// The message's name.
    pub id: MessageId,
    /// As it was sent.
    pub body: Bytes,
    /// As it was sent.
    pub session: Option<Session>,
    /// As they were sent, with [`dead_letter`]'s on a dead one and on one that is held for a person.
    pub attributes: BTreeMap<String, String>,
    /// As it was sent.
    pub correlation: Option<String>,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When it was enqueued.
    pub enqueued: Timestamp,
    /// It failed for good, and its session waits behind it for a person.
    pub held: bool,
}

/// What an operator tells a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Control {
    /// Hand nothing out from now on. What is held by receivers may still be settled; what is sent waits. Outlives a
    /// restart.
    Pause,
    /// Hand out again, in order.
    Resume,
    /// Try this message again, which is held for a person, as if it had never failed: its session goes on with it.
    /// `NotFound`: no such message is held.
    Release(MessageId),
    /// Dead-letter this message, which is held for a person: its session goes on behind it. `NotFound`: no such message
    /// is held.
    Bury(MessageId),
}

/// Which messages an operator means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selection {
    /// Every one that no receiver holds.
    All,
    /// These, where no receiver holds them.
    Only(Vec<MessageId>),
}

/// The operator's side.
#[async_trait]
pub trait QueueAdmin: Send + Sync {
    /// All queues but the dead-letter ones, by name.
    async fn list(&self) -> Result<Vec<QueueName>, PortError>;
    /// One queue's figures.
    async fn stats(&self, queue: &QueueName) -> Result<QueueStats, PortError>;
    /// At most `limit` messages in order of enqueue, after the one named; takes nothing.
    async fn peek(
        &self,
        queue: &QueueName,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<Vec<Peeked>, PortError>;
    /// Removes messages that no receiver holds (one that is held for a person is removed, and its session goes on); says
    /// how many.
    async fn purge(&self, queue: &QueueName, which: Selection) -> Result<u64, PortError>;
    /// Pauses, resumes, or decides about a held message. Idempotent, but for a message that is no longer held. `Invalid`:
    /// this backend cannot, and the message says what to do instead.
    async fn control(&self, queue: &QueueName, what: Control) -> Result<(), PortError>;
}
