//! A node that answers: `$cbs` and each queue's `$management`. One request at a time, each with its own answer.

use std::time::Duration;

use fe2o3_amqp::{Receiver, Sender, session::SessionHandle};
use fe2o3_amqp_types::{
    messaging::{ApplicationProperties, Body, Message, MessageId, Properties, Source, Target},
    primitives::{OrderedMap, SimpleValue, Value},
};
use pointsman_core::port::PortError;
use tokio::{sync::Mutex, time::timeout};

use super::message::of_value;
use crate::fault::Asked;

/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Rpc {
    node: String,
    address: String,
    links: Mutex<Links>,
}

struct Links {
    sender: Sender,
    receiver: Receiver,
    /// Ends with the links.
    _session: SessionHandle<()>,
}

/// What was answered.
pub(super) struct Answer {
    status: i32,
    description: String,
    condition: String,
    body: Option<Value>,
}

impl Rpc {
    pub(super) async fn attach(mut session: SessionHandle<()>, node: &str) -> Result<Self, PortError> {
        let address = uuid::Uuid::new_v4().to_string();
        let wrong = |what: String| PortError::unavailable(format!("`{node}` cannot be asked: {what}"));
        let sender = Sender::builder()
            .name(format!("{node}-asks-{address}"))
            .target(Target::builder().address(node).build())
            .attach(&mut session)
            .await
            .map_err(|error| wrong(error.to_string()))?;
        let receiver = Receiver::builder()
            .name(format!("{node}-answers-{address}"))
            .source(Source::builder().address(node).build())
            .target(Target::builder().address(address.clone()).build())
            .attach(&mut session)
            .await
            .map_err(|error| super::accept::refused(node, &error))?;
        let links = Mutex::new(Links { sender, receiver, _session: session });
        Ok(Self { node: node.to_owned(), address, links })
    }

    /// An operation of `$management`.
    pub(super) async fn ask(&self, operation: &str, body: Vec<(&str, Value)>) -> Result<Answer, PortError> {
        let body: OrderedMap<Value, Value> =
            body.into_iter().map(|(name, value)| (Value::from(name), value)).collect();
        let words = vec![("operation", format!("com.microsoft:{operation}"))];
        self.exchange(words, Value::Map(body)).await
    }

    /// A token for `$cbs`.
    pub(super) async fn show(&self, kind: &str, audience: &str, token: String) -> Result<Answer, PortError> {
        let words = vec![
            ("operation", "put-token".to_owned()),
            ("type", kind.to_owned()),
            ("name", audience.to_owned()),
        ];
        self.exchange(words, Value::String(token)).await
    }

    async fn exchange(&self, words: Vec<(&str, String)>, body: Value) -> Result<Answer, PortError> {
        let wrong = |what: String| PortError::unavailable(format!("`{}` gave no answer: {what}", self.node));
        let id = MessageId::String(uuid::Uuid::new_v4().to_string());
        let mut request = of_value(body);
        request.properties = Some(Properties {
            message_id: Some(id.clone()),
            reply_to: Some(self.address.clone()),
            ..Properties::default()
        });
        let mut told = ApplicationProperties::builder();
        for (name, word) in words {
            told = told.insert(name, word);
        }
        request.application_properties = Some(told.build());
        let mut links = self.links.lock().await;
        let exchanged = timeout(PATIENCE, async {
            links.sender.send(request).await.map_err(|error| wrong(error.to_string()))?;
            loop {
                let delivery = links.receiver.recv::<Body<Value>>().await;
                let delivery = delivery.map_err(|error| wrong(error.to_string()))?;
                links.receiver.accept(&delivery).await.map_err(|error| wrong(error.to_string()))?;
                let answer = delivery.into_message();
                // An answer to a request that somebody gave up is nobody's.
                if answer.properties.as_ref().and_then(|it| it.correlation_id.as_ref()) == Some(&id) {
                    return Ok(Answer::of(answer));
                }
            }
        });
        exchanged.await.unwrap_or_else(|_| Err(wrong(format!("within {} s", PATIENCE.as_secs()))))
    }
}

impl Answer {
    fn of(message: Message<Body<Value>>) -> Self {
        let told = message.application_properties.map(|all| all.0).unwrap_or_default();
        let word = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| told.get(*name));
            match found {
                Some(SimpleValue::String(text)) => text.clone(),
                Some(SimpleValue::Symbol(text)) => text.as_str().to_owned(),
                _ => String::new(),
            }
        };
        let status = match told.get("statusCode").or_else(|| told.get("status-code")) {
            Some(SimpleValue::Int(status)) => *status,
            _ => 0,
        };
        let body = match message.body {
            Body::Value(value) => Some(value.0),
            _ => None,
        };
        let description = word(["statusDescription", "status-description"]);
        Self { status, description, condition: word(["errorCondition", "error-condition"]), body }
    }

    /// What was asked for; nothing where there is none, and the port's error where it was refused.
    pub(super) fn known(self, on: &str, role: &'static str) -> Result<Option<Value>, PortError> {
        match self.status {
            200..=202 => Ok(self.body),
            204 => Ok(None),
            _ if self.condition.ends_with("-lock-lost") => {
                Err(PortError::conflict(format!("a message of {on} is held no longer: {}", self.description)))
            }
            status => {
                let status = u16::try_from(status).unwrap_or_default();
                let asked = Asked { doing: "asking", on, role };
                Err(asked.refused(status, &self.condition, &self.description, None))
            }
        }
    }
}
