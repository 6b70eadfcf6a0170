//! One call of the host, before anybody has read what it is.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use pointsman_core::{handed::budget, invocation::Fault, outcome::wait};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use crate::{
    metadata::{Metadata, Of},
    peel::peeled,
    queue::Handled,
};

/// One call: its data, what the host says about it, and until when it must be answered.
#[derive(Debug)]
pub struct Call {
    /// The function's name.
    pub name: String,
    /// When it came.
    pub received: Timestamp,
    /// When the host gives it up.
    pub deadline: Timestamp,
    pub(crate) data: Option<Box<RawValue>>,
    pub(crate) metadata: Metadata,
    /// What of earlier batches was done, though they failed.
    pub(crate) handled: Arc<Handled>,
}

/// What called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Messages of a queue.
    Queue,
    /// A schedule.
    Timer,
    /// Somebody, by name.
    Direct,
}

impl Trigger {
    /// As a label, by OpenTelemetry's words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Queue => "pubsub",
            Self::Timer => "timer",
            Self::Direct => "other",
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Data", alias = "data")]
    data: Option<Box<RawValue>>,
    #[serde(rename = "Metadata", alias = "metadata")]
    metadata: Option<Box<RawValue>>,
}

/// What only messages have.
const OF_MESSAGES: [&str; 4] = ["MessageId", "LockToken", "SequenceNumber", "DeliveryCount"];
/// What only schedules have.
const OF_TIMERS: [&str; 3] = ["IsPastDue", "ScheduleStatus", "Schedule"];

impl Call {
    /// From the request's body. The fault says what it was not.
    pub(crate) fn read(
        name: String,
        body: &[u8],
        (received, deadline): (Timestamp, Timestamp),
        handled: Arc<Handled>,
    ) -> Result<Self, Fault> {
        let malformed = |why: String| Fault::new("Malformed", why);
        let Envelope { data, metadata } = serde_json::from_slice(body).map_err(|error| {
            malformed(format!("what `{name}` was called with is no object with Data and Metadata: {error}"))
        })?;
        let data = data.map(|data| binding(&data)).transpose().map_err(|error| {
            malformed(format!("the Data that `{name}` was called with is no object: {error}"))
        })?;
        let metadata = metadata.map(|metadata| Metadata::read(&metadata)).unwrap_or_default();
        Ok(Self { name, received, deadline, data: data.flatten(), metadata, handled })
    }

    /// By what only one of them has. What is none of the others is a call by name.
    pub fn trigger(&self) -> Trigger {
        if OF_MESSAGES.iter().any(|name| self.metadata.names(name)) {
            return Trigger::Queue;
        }
        let data: Option<Value> = self.data().and_then(|data| serde_json::from_str(&data).ok());
        let timer = data.is_some_and(|data| OF_TIMERS.iter().any(|name| named(&data, name).is_some()));
        if timer { Trigger::Timer } else { Trigger::Direct }
    }

    /// How long a stage may work that can stop by itself.
    pub fn budget(&self, now: Timestamp) -> Duration {
        budget(now, self.deadline)
    }

    /// How long a message waits that could not even be begun: longer, the more often it was handed out.
    pub(crate) fn patience(&self) -> Option<Duration> {
        if self.trigger() != Trigger::Queue {
            return None;
        }
        let count = [Of::One, Of::Nth(0)].iter().find_map(|of| self.metadata.word("DeliveryCount", *of));
        Some(wait(count.and_then(|count| count.parse().ok()).unwrap_or(1)))
    }

    /// The trigger's value, out of its strings.
    pub(crate) fn data(&self) -> Option<String> {
        self.data.as_ref().map(|data| peeled(data.get()).into_owned())
    }

    /// The trigger's value as what it must be; the fault says what it was not.
    pub(crate) fn input<T: DeserializeOwned>(&self, what: &str) -> Result<T, Fault> {
        let data = self.data().unwrap_or_else(|| "null".to_owned());
        serde_json::from_str(&data).map_err(|error| {
            let why =
                format!("what `{}` was called with is no {what}: {error}; is its trigger right?", self.name);
            Fault::new("Malformed", why)
        })
    }
}

/// A field of an object, by its name in any case.
pub(crate) fn named<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// A function of ours has one binding, its trigger.
fn binding(data: &RawValue) -> Result<Option<Box<RawValue>>, serde_json::Error> {
    let data: Option<BTreeMap<String, Box<RawValue>>> = serde_json::from_str(&peeled(data.get()))?;
    Ok(data.unwrap_or_default().into_values().next())
}
