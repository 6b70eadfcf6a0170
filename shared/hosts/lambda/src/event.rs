//! One invocation, before anybody has read what it is.

use std::time::Duration;

use jiff::Timestamp;
use pointsman_core::handed::budget;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::value::RawValue;

use crate::Fault;

/// One invocation's input, and until when it must be answered.
#[derive(Debug)]
pub struct Event {
    payload: Box<RawValue>,
    /// When Lambda ends the process.
    pub deadline: Timestamp,
}

/// What invoked the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// A Function URL, or API Gateway's payload 2.0.
    Http,
    /// An SQS event source.
    Queue,
    /// A schedule of EventBridge.
    Timer,
    /// An invocation by name.
    Direct,
}

impl Trigger {
    /// As a label, by OpenTelemetry's words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Queue => "pubsub",
            Self::Timer => "timer",
            Self::Direct => "other",
        }
    }
}

/// The fields that tell triggers apart.
#[derive(Deserialize)]
struct Marks {
    #[serde(rename = "Records")]
    records: Option<IgnoredAny>,
    #[serde(rename = "requestContext")]
    request: Option<IgnoredAny>,
    #[serde(rename = "detail-type")]
    detail: Option<IgnoredAny>,
}

impl Event {
    /// An event of this JSON.
    pub fn new(payload: Box<RawValue>, deadline: Timestamp) -> Self {
        Self { payload, deadline }
    }

    /// How long a stage may work that can stop by itself: until ten seconds before the deadline, or for half of a time that
    /// is short.
    pub fn budget(&self, now: Timestamp) -> Duration {
        budget(now, self.deadline)
    }

    /// By the fields that only one of them has. What is none of the others is an invocation by name.
    pub fn trigger(&self) -> Trigger {
        match serde_json::from_str(self.payload.get()) {
            Ok(Marks { records: Some(_), .. }) => Trigger::Queue,
            Ok(Marks { request: Some(_), .. }) => Trigger::Http,
            Ok(Marks { detail: Some(_), .. }) => Trigger::Timer,
            _ => Trigger::Direct,
        }
    }

    /// The event as what it must be; the fault says what it was not.
    pub(crate) fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T, Fault> {
        serde_json::from_str(self.payload.get()).map_err(|error| {
            Fault::new(
                "Malformed",
                format!("the event is no {what}: {error}; is the function's trigger right?"),
            )
        })
    }
}
