//! Sending over REST: one message, its properties in headers, or a batch as JSON.

use std::collections::BTreeMap;

use fe2o3_amqp_types::{messaging::MessageId, primitives::SimpleValue};
use http::{HeaderMap, header};
use jiff::{Timestamp, fmt::rfc2822};
use serde::Deserialize;
use serde_json::Value;

use crate::broker::{Broker, Message, Refusal, message};

/// The media type of a batch.
const BATCH: &str = "application/vnd.microsoft.servicebus.json";

/// Headers that are of HTTP, and no property of the message.
const OF_HTTP: &[&str] =
    &["authorization", "host", "accept", "content-length", "user-agent", "connection", "brokerproperties"];

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct BrokerProperties {
    message_id: Option<String>,
    session_id: Option<String>,
    correlation_id: Option<String>,
    label: Option<String>,
    scheduled_enqueue_time_utc: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    body: String,
    #[serde(default)]
    broker_properties: BrokerProperties,
    #[serde(default)]
    user_properties: BTreeMap<String, Value>,
}

/// Takes what a request sends.
pub fn take(broker: &Broker, queue: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let largest = broker.settings(queue)?.largest;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let messages = if kind.starts_with(BATCH) {
        let entries: Vec<Entry> = serde_json::from_slice(body)
            .map_err(|error| Refusal::NotAllowed(format!("The batch cannot be read: {error}")))?;
        entries.into_iter().map(of_entry).collect::<Result<_, _>>()?
    } else {
        vec![of_headers(headers, kind, body)?]
    };
    let size: usize = messages.iter().map(|message| message::encode(message).len()).sum();
    if size > largest {
        return Err(Refusal::TooLarge(largest));
    }
    broker.send(queue, messages).map(drop)
}

fn of_entry(entry: Entry) -> Result<Message, Refusal> {
    let mut sent = message::plain(entry.body);
    for (name, value) in entry.user_properties {
        let value: SimpleValue = match value {
            Value::String(text) => text.into(),
            Value::Bool(flag) => flag.into(),
            other => other.as_i64().map_or_else(|| other.to_string().into(), SimpleValue::from),
        };
        message::tell(&mut sent, &name, value);
    }
    apply(&mut sent, entry.broker_properties)?;
    Ok(sent)
}

fn of_headers(headers: &HeaderMap, kind: &str, body: &[u8]) -> Result<Message, Refusal> {
    let mut sent = message::plain(body);
    if !kind.is_empty() {
        message::properties(&mut sent).content_type = Some(kind.into());
    }
    let properties = headers.get("brokerproperties").map(|value| value.as_bytes());
    let properties: BrokerProperties = serde_json::from_slice(properties.unwrap_or(b"{}"))
        .map_err(|error| Refusal::NotAllowed(format!("BrokerProperties cannot be read: {error}")))?;
    for (name, value) in headers {
        if OF_HTTP.contains(&name.as_str()) || *name == header::CONTENT_TYPE {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes()).trim_matches('"').to_owned();
        message::tell(&mut sent, name.as_str(), value);
    }
    apply(&mut sent, properties)?;
    Ok(sent)
}

fn apply(sent: &mut Message, properties: BrokerProperties) -> Result<(), Refusal> {
    let to = message::properties(sent);
    to.message_id = properties.message_id.map(MessageId::String);
    to.group_id = properties.session_id;
    to.correlation_id = properties.correlation_id.map(MessageId::String);
    to.subject = properties.label;
    if let Some(text) = properties.scheduled_enqueue_time_utc {
        let at = rfc2822::parse(&text).map(|at| at.timestamp()).or_else(|_| text.parse::<Timestamp>());
        let at = at.map_err(|_| Refusal::NotAllowed(format!("'{text}' is no time.")))?;
        message::schedule(sent, at);
    }
    Ok(())
}
