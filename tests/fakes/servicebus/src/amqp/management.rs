//! Requests with answers: `$cbs`, which takes tokens, and `{queue}/$management`.

use fe2o3_amqp_types::{
    messaging::Body,
    primitives::{Array, OrderedMap, SimpleValue, Value},
};
use uuid::Uuid;

use super::outlet::dressed;
use crate::{
    access::Access,
    broker::{Broker, Message, Refusal, Settle, message},
};

type Map = OrderedMap<Value, Value>;

/// Takes a token.
pub fn admit(access: &Access, request: &Message) -> Message {
    let token = match &request.body {
        Body::Value(value) => match &value.0 {
            Value::String(token) => token.clone(),
            _ => String::new(),
        },
        _ => String::new(),
    };
    // A token of Entra ID comes without the word that HTTP has before it.
    let token = if token.starts_with("SharedAccessSignature ") { token } else { format!("Bearer {token}") };
    let answer = message::value(Value::Null);
    match access.check(&token) {
        Ok(()) => told(request, answer, ["status-code", "status-description"], 202, "Accepted"),
        Err(refusal) => {
            told(request, answer, ["status-code", "status-description"], 401, &refusal.to_string())
        }
    }
}

/// Answers a request to a queue's management.
pub fn answer(broker: &Broker, queue: &str, request: &Message) -> Message {
    let operation = request.application_properties.as_ref().and_then(|all| all.0.get("operation"));
    let operation = match operation {
        Some(SimpleValue::String(name)) => name.as_str(),
        Some(SimpleValue::Symbol(name)) => name.as_str(),
        _ => "",
    };
    let none = Map::new();
    let body = match &request.body {
        Body::Value(value) => match &value.0 {
            Value::Map(map) => map,
            _ => &none,
        },
        _ => &none,
    };
    let names = ["statusCode", "statusDescription"];
    match answered(broker, queue, operation, body) {
        Ok(Some(map)) => told(request, message::value(Value::Map(map)), names, 200, "OK"),
        Ok(None) => told(request, message::value(Value::Null), names, 204, "No Content"),
        Err(refusal) => {
            let status = i32::from(refusal.status());
            let mut answer = told(request, message::value(Value::Null), names, status, &refusal.to_string());
            message::tell(&mut answer, "errorCondition", refusal.condition().to_owned());
            answer
        }
    }
}

fn told(request: &Message, mut answer: Message, names: [&str; 2], status: i32, description: &str) -> Message {
    let asked = request.properties.as_ref().and_then(|properties| properties.message_id.clone());
    message::properties(&mut answer).correlation_id = asked;
    message::tell(&mut answer, names[0], status);
    message::tell(&mut answer, names[1], description.to_owned());
    answer
}

fn answered(broker: &Broker, queue: &str, operation: &str, body: &Map) -> Result<Option<Map>, Refusal> {
    match operation.trim_start_matches("com.microsoft:") {
        "peek-message" => {
            let session = text(body, "session-id");
            let (from, most) = (number(body, "from-sequence-number"), number(body, "message-count"));
            let most = usize::try_from(most).unwrap_or(0);
            let shown = broker.peek(queue, from, most, session.as_deref())?;
            let shown = shown.into_iter().map(|shown| {
                let bytes = message::encode(&dressed(shown));
                Value::Map(map([("message", Value::Binary(bytes.into()))]))
            });
            let shown: Vec<_> = shown.collect();
            Ok((!shown.is_empty()).then(|| map([("messages", Value::List(shown))])))
        }
        "renew-lock" => {
            let renewed =
                tokens(body)?.into_iter().map(|token| broker.renew(queue, token).map(message::time));
            let renewed: Vec<_> = renewed.collect::<Result<_, _>>()?;
            Ok(Some(map([("expirations", Value::Array(Array(renewed)))])))
        }
        "renew-session-lock" => {
            let session = text(body, "session-id").unwrap_or_default();
            let until = broker.renew_session(queue, &session)?;
            Ok(Some(map([("expiration", message::time(until))])))
        }
        "update-disposition" => {
            let how = settle(body)?;
            for token in tokens(body)? {
                broker.settle(queue, token, how.clone())?;
            }
            Ok(Some(map([])))
        }
        "schedule-message" => {
            let messages = list(body, "messages").iter().map(scheduled).collect::<Result<_, _>>()?;
            let numbers = broker.send(queue, messages)?.into_iter().map(Value::Long).collect();
            Ok(Some(map([("sequence-numbers", Value::Array(Array(numbers)))])))
        }
        "cancel-scheduled-message" => {
            for number in list(body, "sequence-numbers") {
                let Value::Long(number) = number else { continue };
                if !broker.cancel(queue, *number)? {
                    return Err(Refusal::NotFound(format!("{queue}/{number}")));
                }
            }
            Ok(Some(map([])))
        }
        other => Err(Refusal::NotAllowed(format!("The fake does not know the operation '{other}'."))),
    }
}

fn settle(body: &Map) -> Result<Settle, Refusal> {
    match text(body, "disposition-status").as_deref() {
        Some("completed") => Ok(Settle::Complete),
        Some("abandoned") => Ok(Settle::Abandon),
        Some("suspended") => Ok(Settle::DeadLetter {
            reason: text(body, "deadletter-reason"),
            error: text(body, "deadletter-description"),
        }),
        other => Err(Refusal::NotAllowed(format!("The fake settles no message as {other:?}."))),
    }
}

fn scheduled(entry: &Value) -> Result<Message, Refusal> {
    let Value::Map(entry) = entry else { return Err(Refusal::NotAllowed("An entry is no map.".into())) };
    match entry.get(&Value::from("message")) {
        Some(Value::Binary(bytes)) => message::decode(bytes).map_err(Refusal::NotAllowed),
        _ => Err(Refusal::NotAllowed("An entry has no message.".into())),
    }
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Map {
    entries.into_iter().map(|(name, value)| (Value::from(name), value)).collect()
}

fn text(body: &Map, name: &str) -> Option<String> {
    match body.get(&Value::from(name)) {
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}

fn number(body: &Map, name: &str) -> i64 {
    match body.get(&Value::from(name)) {
        Some(Value::Long(number)) => *number,
        Some(Value::Int(number)) => i64::from(*number),
        _ => 0,
    }
}

fn list<'a>(body: &'a Map, name: &str) -> &'a [Value] {
    match body.get(&Value::from(name)) {
        Some(Value::List(values)) => values,
        Some(Value::Array(values)) => &values.0,
        _ => &[],
    }
}

fn tokens(body: &Map) -> Result<Vec<Uuid>, Refusal> {
    let token = |value: &Value| match value {
        Value::Uuid(token) => Ok(Uuid::from_bytes(*token.as_inner())),
        _ => Err(Refusal::NotAllowed("A lock token is no UUID.".into())),
    };
    list(body, "lock-tokens").iter().map(token).collect()
}
