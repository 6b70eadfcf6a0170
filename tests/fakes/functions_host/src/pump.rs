//! One slot of a queue's function: it holds a session, hands its messages out one a call, settles each by the call's status,
//! and lets the session go when nothing came for a while.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::Duration,
};

use fe2o3_amqp_types::primitives::SimpleValue;
use http::StatusCode;
use pointsman_fake_servicebus::broker::{Broker, Delivered, Owner, Settle, message};
use serde_json::{Map, Value, json};
use tokio::{
    select,
    time::{Instant, sleep, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{Encoding, Handler, client};

/// The program is away while it starts again: a host waits for it.
const AWAY: Duration = Duration::from_millis(20);

/// Whose messages a slot hands out, and how.
pub(crate) struct Place {
    pub(crate) broker: Arc<Broker>,
    pub(crate) queue: String,
    pub(crate) function: String,
    pub(crate) owner: Owner,
    pub(crate) idle: Duration,
    pub(crate) encoding: Encoding,
}

/// A holder's number, which no other host's slot has, and no link: AMQP counts from one.
pub(crate) fn owner(function: &str, slot: u64, host: u32) -> Owner {
    let mut hasher = DefaultHasher::new();
    (function, slot, host).hash(&mut hasher);
    hasher.finish() | 1 << 63
}

/// Works until it is to stop; what is handed out by then is waited for and settled.
pub(crate) async fn run(place: Place, handler: Arc<Handler>, stopping: CancellationToken) {
    let mut news = place.broker.watch();
    while !stopping.is_cancelled() {
        news.mark_unchanged();
        match place.broker.lock_session(&place.queue, None, place.owner) {
            Ok((session, _)) => {
                place.work(&session, &handler, &stopping).await;
                place.broker.leave(&place.queue, place.owner);
            }
            // Nothing is ready: something must happen first, or time must pass.
            Err(_) => select! {
                _ = news.changed() => {}
                () = sleep(Duration::from_millis(250)) => place.broker.pass(),
                () = stopping.cancelled() => {}
            },
        }
    }
}

impl Place {
    async fn work(&self, session: &str, handler: &Handler, stopping: &CancellationToken) {
        let mut news = self.broker.watch();
        let mut end = Instant::now() + self.idle;
        while !stopping.is_cancelled() {
            news.mark_unchanged();
            if let Some(delivered) = self.broker.take(&self.queue, Some(session), self.owner, true) {
                self.hand_out(session, delivered, handler).await;
                end = Instant::now() + self.idle;
                continue;
            }
            let waited = select! {
                waited = timeout_at(end, news.changed()) => waited.is_ok(),
                () = stopping.cancelled() => false,
            };
            if !waited {
                return;
            }
        }
    }

    /// One call, its message and session held for as long as it takes.
    async fn hand_out(&self, session: &str, delivered: Delivered, handler: &Handler) {
        let token = delivered.token;
        let call = self.call(session, delivered);
        let answered = async {
            match client::post(handler.address(), &self.function, &call).await {
                Ok(answer) if answer.status() == StatusCode::OK => Settle::Complete,
                Ok(_) => Settle::Abandon,
                // The program is gone: what it was doing has failed.
                Err(_) => {
                    sleep(AWAY).await;
                    Settle::Abandon
                }
            }
        };
        let how = select! {
            how = answered => how,
            () = self.keep(session) => return,
        };
        // A lock that was lost in between: the message is another's by now.
        let _ = self.broker.settle(&self.queue, token, how);
    }

    /// Renews the session's lock; ends when it is lost.
    async fn keep(&self, session: &str) {
        let lock = self.broker.settings(&self.queue).map_or(Duration::from_secs(30), |it| it.lock());
        loop {
            sleep(lock / 3).await;
            if self.broker.renew_session(&self.queue, session).is_err() {
                return;
            }
        }
    }

    fn call(&self, session: &str, delivered: Delivered) -> bytes::Bytes {
        let Delivered { sequence, token, until, deliveries, enqueued, message } = delivered;
        let mut says: Map<String, Value> = Map::new();
        let mut say = |name: &str, value: Value| drop(says.insert(name.to_owned(), value));
        say("MessageId", json!(message::id(&message)));
        say("SessionId", json!(session));
        say("SequenceNumber", json!(sequence));
        say("DeliveryCount", json!(deliveries + 1));
        say("LockToken", json!(token.to_string()));
        say("EnqueuedTimeUtc", json!(enqueued.to_string()));
        say("ExpiresAtUtc", json!(until.to_string()));
        let correlation =
            message.properties.as_ref().and_then(|properties| properties.correlation_id.as_ref());
        say(
            "CorrelationId",
            json!(correlation.map(|id| match id {
                fe2o3_amqp_types::messaging::MessageId::String(text) => text.clone(),
                other => format!("{other:?}"),
            })),
        );
        let properties = message.application_properties.iter().flat_map(|all| all.0.iter());
        let properties: Map<String, Value> = properties
            .filter_map(|(name, value)| match value {
                SimpleValue::String(text) => Some((name.clone(), json!(text))),
                _ => None,
            })
            .collect();
        say("ApplicationProperties", Value::Object(properties));
        let body = self.encoding.body(&message::bytes(&message));
        let encoding = if body.is_string() { self.encoding.of_texts() } else { self.encoding };
        encoding.call("message", body, says)
    }
}
