//! Lambda's events: a request has an answer, whatever it is; a batch's answer names messages of that batch, each once and in
//! their order, and all that were not done are among them.

use std::{cell::RefCell, sync::Arc, time::Duration};

use futures::executor::block_on;
use pointsman_core::{
    outcome::Outcome,
    pipeline::{Accepted, Request},
    port::{PortError, Received},
};
use pointsman_host_lambda::{Event, Trigger, http, queue};
use serde_json::{Value, value::RawValue};

use crate::world::{Still, Willing, now};

pub fn target(data: &[u8]) {
    let Ok(payload) = serde_json::from_slice::<Box<RawValue>>(data) else { return };
    let value: Value = serde_json::from_str(payload.get()).unwrap_or_default();
    let event = Event::new(payload, now() + Duration::from_secs(30));
    block_on(request(&event));
    block_on(batch(&event, &value));
    let trigger = event.trigger();
    assert!(trigger == Trigger::Direct || value.is_object() || value.is_array(), "{trigger:?}: {value}");
}

async fn request(event: &Event) {
    let stage = async |request: Request| {
        assert!(!request.source.is_empty() && !request.source.contains('/'), "{}", request.source);
        let (id, session) = ("id".to_owned(), "-".to_owned());
        Outcome::Done(Accepted {
            id,
            session,
            subscriptions: Vec::new(),
            traceparent: String::new(),
            duplicate: false,
        })
    };
    if let Ok(answer) = http::handle(event, "intake", &[], stage).await {
        let status = answer["statusCode"].as_u64().unwrap_or_default();
        assert!([202, 400, 404, 405].contains(&status), "{answer}");
        let body = answer["body"].as_str().unwrap_or_default();
        assert!(serde_json::from_str::<Value>(body).is_ok(), "{answer}");
    }
}

async fn batch(event: &Event, value: &Value) {
    let source =
        queue::Source::new("work".parse().expect("a queue's name"), Arc::new(Willing), Arc::new(Still));
    let undone = RefCell::new(Vec::new());
    let stage = async |message: &Received| {
        // Some are done, and some are not.
        if message.body.len().is_multiple_of(3) {
            undone.borrow_mut().push(message.id.0.clone());
            return Err(PortError::unavailable("not now"));
        }
        Ok(Outcome::Done(()))
    };
    let Ok(answer) = queue::each(event, &source, stage).await else { return };
    let records = value["Records"].as_array().cloned().unwrap_or_default();
    let ids: Vec<&str> = records.iter().filter_map(|record| record["messageId"].as_str()).collect();
    let named = answer["batchItemFailures"].as_array().expect("an answer to a batch names what failed");
    let named: Vec<&str> = named.iter().filter_map(|item| item["itemIdentifier"].as_str()).collect();
    let mut rest = ids.iter();
    assert!(named.iter().all(|name| rest.any(|id| id == name)), "{named:?} of {ids:?}");
    for id in undone.borrow().iter() {
        assert!(named.contains(&id.as_str()), "{id} was not done, and is not named: {named:?}");
    }
}
