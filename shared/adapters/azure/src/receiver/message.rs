//! A message as AMQP hands it over, and what a peek shows of it.

use bytes::Bytes;
use fe2o3_amqp_types::{
    messaging::{
        AmqpValue, Body, Message, MessageId, annotations::OwnedKey, message::__private::Deserializable,
    },
    primitives::{SimpleValue, Symbol, Value},
};
use jiff::Timestamp;
use pointsman_core::{
    pack::{Content, unpack},
    session::Session,
};

use crate::servicebus::session;

pub(super) type Raw = Message<Body<Value>>;

/// What is in it.
pub(super) struct Read {
    pub(super) id: String,
    pub(super) sequence: i64,
    /// Deliveries before this one.
    pub(super) deliveries: u32,
    pub(super) enqueued: Timestamp,
    pub(super) session: Option<Session>,
    /// As Service Bus has it, also where it is none of ours.
    pub(super) group: String,
    pub(super) content: Content,
}

/// A value as a message.
pub(super) fn of_value(value: Value) -> Raw {
    Message {
        header: None,
        delivery_annotations: None,
        message_annotations: None,
        properties: None,
        application_properties: None,
        body: Body::Value(AmqpValue(value)),
        footer: None,
    }
}

/// A message that a peek shows.
pub(super) fn decode(bytes: &[u8]) -> Result<Raw, String> {
    let read: Result<Deserializable<Raw>, _> = serde_amqp::from_slice(bytes);
    read.map(|message| message.0).map_err(|error| error.to_string())
}

pub(super) fn read(message: Raw) -> Read {
    let annotations = message.message_annotations.map(|all| all.0).unwrap_or_default();
    let annotation = |name: &str| annotations.get(&OwnedKey::from(Symbol::from(name)));
    let time = |name: &str| match annotation(name) {
        Some(Value::Timestamp(at)) => Timestamp::from_millisecond(at.milliseconds()).ok(),
        _ => None,
    };
    let sequence = match annotation("x-opt-sequence-number") {
        Some(Value::Long(number)) => *number,
        _ => 0,
    };
    let properties = message.properties.unwrap_or_default();
    let text = match message.body {
        Body::Data(parts) => parts.iter().flat_map(|part| part.0.iter().copied()).collect(),
        Body::Value(AmqpValue(Value::String(text))) => Bytes::from(text),
        Body::Value(AmqpValue(Value::Binary(bytes))) => Bytes::from(bytes.into_vec()),
        _ => Bytes::new(),
    };
    let attributes = message.application_properties.map(|all| all.0).unwrap_or_default();
    let attributes = attributes.into_iter().filter_map(|(name, value)| match value {
        SimpleValue::String(text) => Some((name, text)),
        _ => None,
    });
    let group = properties.group_id.unwrap_or_default();
    Read {
        id: match properties.message_id {
            Some(MessageId::String(id)) => id,
            Some(other) => format!("{other:?}"),
            None => sequence.to_string(),
        },
        sequence,
        deliveries: message.header.map(|header| header.delivery_count).unwrap_or_default(),
        enqueued: time("x-opt-enqueued-time").unwrap_or(Timestamp::UNIX_EPOCH),
        session: session(Some(&group)),
        group,
        content: unpack(text, attributes.collect()),
    }
}
