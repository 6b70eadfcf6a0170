//! A node that answers: `$cbs` and each queue's `$management`. Several may ask at once; each gets its own answer.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use fe2o3_amqp::{Receiver, Sender, link::SenderAttachError, session::SessionHandle};
use fe2o3_amqp_types::{
    messaging::{ApplicationProperties, Body, Message, MessageId, Properties, Source, Target},
    primitives::{OrderedMap, SimpleValue, Value},
};
use pointsman_core::port::PortError;
use tokio::{
    sync::{Mutex, oneshot},
    task::JoinHandle,
    time::timeout,
};

use super::message::of_value;
use crate::fault;

/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Rpc {
    node: String,
    address: String,
    sender: Mutex<Sender>,
    asked: Arc<Asked>,
    reading: JoinHandle<()>,
}

/// Who waits for an answer, by the request's id.
type Asked = std::sync::Mutex<HashMap<String, oneshot::Sender<Answer>>>;

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
            .map_err(|error| match &error {
                SenderAttachError::RemoteClosedWithError(told) => super::accept::refusal(node, told),
                _ => wrong(error.to_string()),
            })?;
        let receiver = Receiver::builder()
            .name(format!("{node}-answers-{address}"))
            .source(Source::builder().address(node).build())
            .target(Target::builder().address(address.clone()).build())
            .attach(&mut session)
            .await
            .map_err(|error| super::accept::refused(node, &error))?;
        let asked = Arc::new(Asked::default());
        let reading = tokio::spawn(read(session, receiver, asked.clone()));
        Ok(Self { node: node.to_owned(), address, sender: Mutex::new(sender), asked, reading })
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
        let id = uuid::Uuid::new_v4().to_string();
        let mut request = of_value(body);
        request.properties = Some(Properties {
            message_id: Some(MessageId::String(id.clone())),
            reply_to: Some(self.address.clone()),
            ..Properties::default()
        });
        let mut told = ApplicationProperties::builder();
        for (name, word) in words {
            told = told.insert(name, word);
        }
        request.application_properties = Some(told.build());
        let (tell, told) = oneshot::channel();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), tell);
        let sent = self.sender.lock().await.send_batchable(request).await;
        sent.map_err(|error| wrong(error.to_string()))?;
        match timeout(PATIENCE, told).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(wrong("the connection broke".into())),
            Err(_) => {
                self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                Err(wrong(format!("within {} s", PATIENCE.as_secs())))
            }
        }
    }
}

impl Drop for Rpc {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// Hands each answer to whoever asked; whoever still waits when the link ends is told so.
async fn read(session: SessionHandle<()>, mut receiver: Receiver, asked: Arc<Asked>) {
    while let Ok(delivery) = receiver.recv::<Body<Value>>().await {
        if receiver.accept(&delivery).await.is_err() {
            break;
        }
        let answer = delivery.into_message();
        let id = match answer.properties.as_ref().and_then(|it| it.correlation_id.as_ref()) {
            Some(MessageId::String(id)) => id.clone(),
            _ => continue,
        };
        let waits = asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        // An answer to a request that somebody gave up is nobody's.
        if let Some(waits) = waits {
            drop(waits.send(Answer::of(answer)));
        }
    }
    asked.lock().unwrap_or_else(PoisonError::into_inner).clear();
    drop(session);
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
                let asked = fault::Asked { doing: "asking", on, role };
                Err(asked.refused(status, &self.condition, &self.description, None))
            }
        }
    }
}
