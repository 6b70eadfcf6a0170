//! Who looks on while a replay goes: rows of a dry run, progress, the wish to stop.

use jiff::Timestamp;
use pointsman_core::port::QueueName;
use serde::Serialize;

use crate::{progress::Progress, reading::Item};

/// One delivery, as a dry run shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The event's id.
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// Its session by the `entity` strategy.
    pub session: String,
    /// When it came in.
    pub received: Timestamp,
    /// Its key in the archive.
    pub archive: String,
    /// Where it would go.
    pub to: Vec<Target>,
}

/// A queue that a delivery would go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// The queue.
    pub queue: QueueName,
    /// When it went there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
}

/// Who looks on.
pub trait Onlooker: Send {
    /// In a dry run: each delivery that would go somewhere.
    fn row(&mut self, _row: Row) {}
    /// After each batch.
    fn progress(&mut self, _progress: &Progress) {}
    /// Whether to stop before the next one.
    fn stops(&mut self) -> bool {
        false
    }
}

/// Nobody.
impl Onlooker for () {}

impl Row {
    /// Of a delivery that goes somewhere.
    pub(crate) fn new(item: &Item) -> Self {
        let target = |queue: &QueueName| Target { queue: queue.clone(), before: item.had(queue) };
        Row {
            id: item.again.event.id.clone(),
            r#type: item.again.event.r#type.clone(),
            session: item.again.session.clone(),
            received: item.received,
            archive: item.key.clone(),
            to: item.again.messages.iter().map(|(queue, _)| target(queue)).collect(),
        }
    }
}
