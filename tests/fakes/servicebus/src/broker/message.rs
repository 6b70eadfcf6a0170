//! A message as AMQP has it, and what the broker reads of it.

use bytes::Bytes;
use fe2o3_amqp_types::{
    messaging::{
        self, ApplicationProperties, Body, MessageAnnotations, MessageId, Properties,
        annotations::OwnedKey,
        message::__private::{Deserializable, Serializable},
    },
    primitives::{Binary, SimpleValue, Symbol, Value},
};
use jiff::Timestamp;

/// All of its sections.
pub type Message = messaging::Message<Body<Value>>;

const SCHEDULED: &str = "x-opt-scheduled-enqueue-time";

/// A message of these bytes alone.
pub fn plain(body: impl Into<Vec<u8>>) -> Message {
    of(data(body))
}

fn of(body: Body<Value>) -> Message {
    Message {
        header: None,
        delivery_annotations: None,
        message_annotations: None,
        properties: None,
        application_properties: None,
        body,
        footer: None,
    }
}

/// Bytes as a body.
pub fn data(body: impl Into<Vec<u8>>) -> Body<Value> {
    Body::Data(vec![messaging::Data(Binary::from(body.into()))].into())
}

/// A value as a message, as the answers of `$management` are.
pub fn value(value: Value) -> Message {
    of(Body::Value(messaging::AmqpValue(value)))
}

/// The body's bytes; of a body that is no data, none.
pub fn bytes(message: &Message) -> Bytes {
    match &message.body {
        Body::Data(parts) => parts.iter().flat_map(|part| part.0.iter().copied()).collect(),
        _ => Bytes::new(),
    }
}

/// As it goes over the wire.
pub fn encode(message: &Message) -> Vec<u8> {
    serde_amqp::to_vec(&Serializable(message)).expect("what was read can be written")
}

/// As it came over the wire; an error says what is wrong with it.
pub fn decode(bytes: &[u8]) -> Result<Message, String> {
    let read: Result<Deserializable<Message>, _> = serde_amqp::from_slice(bytes);
    read.map(|message| message.0).map_err(|error| error.to_string())
}

/// Its properties, to be changed.
pub fn properties(message: &mut Message) -> &mut Properties {
    message.properties.get_or_insert_with(Properties::default)
}

/// Sets an application property.
pub fn tell(message: &mut Message, name: &str, value: impl Into<SimpleValue>) {
    let all = message.application_properties.get_or_insert_with(|| ApplicationProperties::builder().build());
    all.0.insert(name.to_owned(), value.into());
}

/// Sets an annotation.
pub fn annotate(message: &mut Message, name: &str, value: Value) {
    let all = message.message_annotations.get_or_insert_with(|| MessageAnnotations::builder().build());
    all.0.insert(Symbol::from(name).into(), value);
}

/// The id by which duplicates are found.
pub fn id(message: &Message) -> Option<String> {
    message.properties.as_ref()?.message_id.as_ref().map(|id| match id {
        MessageId::String(text) => text.clone(),
        other => format!("{other:?}"),
    })
}

/// The session that it belongs to.
pub fn session(message: &Message) -> Option<String> {
    message.properties.as_ref()?.group_id.clone()
}

/// When it is to be enqueued, if not at once.
pub fn scheduled(message: &Message) -> Option<Timestamp> {
    let annotations = message.message_annotations.as_ref()?;
    let key: OwnedKey = Symbol::from(SCHEDULED).into();
    match annotations.0.get(&key) {
        Some(Value::Timestamp(at)) => Timestamp::from_millisecond(at.milliseconds()).ok(),
        _ => None,
    }
}

/// Says when it is to be enqueued.
pub fn schedule(message: &mut Message, at: Timestamp) {
    annotate(message, SCHEDULED, time(at));
}

/// A time as AMQP has it.
pub fn time(at: Timestamp) -> Value {
    Value::Timestamp(at.as_millisecond().into())
}
