//! The trigger suite over this host: Lambda's front and its event source mapping, played over the embedded queues.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use pointsman_conformance::{
    Subject, Time, TurnedClock,
    trigger::{Ended, Flags, Handler, Host, LOOSE, ORDERED, Ports, Run, Webhooks},
};
use pointsman_core::{
    answer::Answer,
    outcome::Handled,
    port::{
        Abandon, Ask, Clock as _, Delivered, Handover, PortError, QueueName, Receipt, Received, Receiver,
    },
    session::Session,
};
use pointsman_host_lambda::{
    Event, Fault, direct, http,
    queue::{self, Source},
    timer,
};
use pointsman_tests::queues::{Queues, queues};
use serde_json::{Value, json};

const LAMBDA: Flags = Flags {
    // A Function URL answers 413 itself, over 6 MB of the event.
    refuses_larger: false,
    ..Flags::ALL
};

/// How requests and batches come.
#[derive(Clone, Copy)]
enum Way {
    /// A Function URL's text where it can be one; batches of ten.
    FunctionUrl,
    /// API Gateway's base64, below its own stage; batches of two.
    Gateway,
}

/// An event source mapping: it receives for the function, and removes what the answer does not name.
struct Mapping {
    queues: Queues,
    /// What the function holds now, by receipt.
    held: Mutex<HashMap<String, Received>>,
}

impl Mapping {
    async fn receive(&self, queue: &QueueName, max: usize) -> Vec<Received> {
        let ask = Ask { max, wait: Duration::ZERO, visibility: None, session: None, sessions: None };
        self.queues.receiver.receive(queue, ask).await.unwrap()
    }

    async fn remove(&self, queue: &QueueName, batch: &[Received], told: &Value) {
        assert!(self.held.lock().unwrap().is_empty(), "each record is settled or forgotten");
        let named: Vec<_> = told["batchItemFailures"].as_array().unwrap().iter().collect();
        let failed = |message: &Received| named.iter().any(|item| item["itemIdentifier"] == message.id.0);
        let done: Vec<_> =
            batch.iter().filter(|it| !failed(it)).map(|message| message.receipt.clone()).collect();
        // What is not named and was dead-lettered is gone already: SQS removes nothing twice, and complains of nothing.
        self.queues.receiver.complete(queue, &done).await;
    }

    /// What is settled is held no more.
    fn let_go(&self, receipt: &Receipt) {
        assert!(self.held.lock().unwrap().remove(&receipt.0).is_some(), "{receipt:?} is settled once");
    }
}

#[async_trait]
impl Receiver for Mapping {
    async fn receive(&self, _: &QueueName, _: Ask) -> Result<Vec<Received>, PortError> {
        Err(PortError::invalid("a function receives nothing: it is given"))
    }

    async fn complete(&self, _: &QueueName, receipts: &[Receipt]) -> Vec<Result<(), PortError>> {
        receipts.iter().map(|_| Err(PortError::invalid("the mapping removes messages"))).collect()
    }

    async fn abandon(&self, queue: &QueueName, receipt: &Receipt, how: Abandon) -> Result<(), PortError> {
        self.let_go(receipt);
        self.queues.receiver.abandon(queue, receipt, how).await
    }

    async fn dead_letter(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        reason: &str,
        error: &str,
    ) -> Result<(), PortError> {
        self.let_go(receipt);
        self.queues.receiver.dead_letter(queue, receipt, reason, error).await
    }

    async fn renew(&self, _: &QueueName, _: &Receipt, _: Duration) -> Result<Timestamp, PortError> {
        Err(PortError::invalid("the mapping holds its messages itself"))
    }
}

#[async_trait]
impl Handover for Mapping {
    async fn adopt(
        &self,
        _: &QueueName,
        messages: Vec<Delivered>,
        until: Timestamp,
    ) -> Result<Vec<Received>, PortError> {
        let held = self.held.lock().unwrap();
        // All but what only the queue knows is what the host read from the event.
        let adopted = messages.into_iter().map(|mut message| Received {
            body: message.text.into(),
            session: message.system.get("MessageGroupId").map(|group| Session::from_key(group.as_str())),
            correlation: message.attributes.remove("correlation"),
            attributes: message.attributes,
            visible_at: until,
            ..held[&message.receipt].clone()
        });
        Ok(adopted.collect())
    }

    async fn forget(&self, _: &QueueName, receipts: &[Receipt]) -> Result<(), PortError> {
        receipts.iter().for_each(|receipt| self.let_go(receipt));
        Ok(())
    }
}

/// A batch as the function gets it.
fn batch(queue: &QueueName, messages: &[Received]) -> Value {
    let record = |message: &Received| {
        let correlation = message.correlation.iter().map(|text| ("correlation", text.as_str()));
        let attributes = message.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let attributes: BTreeMap<_, _> = attributes
            .chain(correlation)
            .map(|(name, value)| (name, json!({ "stringValue": value, "dataType": "String" })))
            .collect();
        let mut system = json!({ "ApproximateReceiveCount": "1", "SentTimestamp": "1795291200001" });
        if let Some(session) = &message.session {
            system["MessageGroupId"] = json!(session);
        }
        json!({
            "messageId": message.id.0,
            "receiptHandle": message.receipt.0,
            "body": std::str::from_utf8(&message.body).unwrap(),
            "attributes": system,
            "messageAttributes": attributes,
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:eu-west-1:123456789012:pointsman-{queue}.fifo"),
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

/// A request as the function gets it.
fn asked(request: &::http::Request<Bytes>, way: Way) -> Value {
    let headers: BTreeMap<_, _> =
        request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let (stage, text) = match way {
        Way::FunctionUrl => ("$default", std::str::from_utf8(request.body()).ok()),
        Way::Gateway => ("live", None),
    };
    let path = match way {
        Way::FunctionUrl => request.uri().path().to_owned(),
        Way::Gateway => format!("/live{}", request.uri().path()),
    };
    let line = json!({ "method": request.method().as_str(), "path": path, "sourceIp": "127.0.0.1" });
    json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": { "http": line, "stage": stage },
        "body": text.map_or_else(|| BASE64_STANDARD.encode(request.body()), str::to_owned),
        "isBase64Encoded": text.is_none(),
    })
}

fn answered(told: &Value) -> Answer {
    let mut answer = ::http::Response::builder().status(told["statusCode"].as_u64().unwrap() as u16);
    for (name, value) in told["headers"].as_object().unwrap() {
        answer = answer.header(name, value.as_str().unwrap());
    }
    assert_eq!(told["isBase64Encoded"], false);
    answer.body(told["body"].as_str().unwrap().into()).unwrap()
}

fn ended(told: Result<Value, Fault>) -> Ended {
    match told {
        Ok(told) => match told.get("skipped") {
            Some(why) => Ended::Skipped(why.as_str().unwrap().to_owned()),
            None => Ended::Done(told["done"].clone()),
        },
        Err(fault) => Ended::Failed(fault.message),
    }
}

struct Lambda {
    mapping: Arc<Mapping>,
    clock: Arc<TurnedClock>,
    way: Way,
}

impl Lambda {
    /// An invocation that has half a minute.
    fn event(&self, payload: &Value) -> Event {
        let payload = serde_json::value::to_raw_value(payload).unwrap();
        Event::new(payload, self.clock.now() + Duration::from_secs(30))
    }
}

#[async_trait(?Send)]
impl Host for Lambda {
    async fn request(&self, request: ::http::Request<Bytes>, stage: Webhooks) -> Answer {
        let event = self.event(&asked(&request, self.way));
        let trusted = ["127.0.0.1/32".parse().unwrap()];
        answered(&http::handle(&event, "intake", &trusted, |request| stage(request)).await.unwrap())
    }

    async fn drain(&self, queue: &QueueName, stage: Handler) {
        let source = Source::new(queue.clone(), self.mapping.clone(), self.clock.clone());
        let max = match self.way {
            Way::FunctionUrl => 10,
            Way::Gateway => 2,
        };
        loop {
            let messages = self.mapping.receive(queue, max).await;
            if messages.is_empty() {
                return;
            }
            let by_receipt = messages.iter().map(|message| (message.receipt.0.clone(), message.clone()));
            self.mapping.held.lock().unwrap().extend(by_receipt);
            let event = self.event(&batch(queue, &messages));
            let told = if stage.together {
                queue::together(&event, &source, async |turn: &[Received]| -> Handled<()> {
                    (stage.run)(turn.to_vec()).await
                })
                .await
            } else {
                queue::each(&event, &source, async |message: &Received| -> Handled<()> {
                    (stage.run)(vec![message.clone()]).await
                })
                .await
            };
            self.mapping.remove(queue, &messages, &told.unwrap()).await;
        }
    }

    async fn schedule(&self, at: Timestamp, stage: Run<Timestamp>) -> Ended {
        let event = self.event(&json!({ "detail-type": "Scheduled Event", "time": at, "detail": {} }));
        ended(timer::handle(&event, "recover", |at| stage(at)).await)
    }

    async fn invoke(&self, order: Value, stage: Run<Value>) -> Ended {
        ended(direct::handle(&self.event(&order), "replay", |order| stage(order)).await)
    }
}

async fn lambda(way: Way) -> Subject<Ports, Flags> {
    let clock = Arc::new(TurnedClock::default());
    let queues = queues(clock.clone(), &[ORDERED, LOOSE]).await;
    let (queue, receiver) = (queues.queue.clone(), queues.receiver.clone());
    let mapping = Arc::new(Mapping { queues, held: Mutex::default() });
    let host = Arc::new(Lambda { mapping, clock: clock.clone(), way });
    Subject {
        ports: Ports { host, queue, receiver },
        time: Time::ByHand(clock),
        capabilities: LAMBDA,
        reopen: None,
        keep: Box::new(()),
    }
}

mod function_url {
    use super::*;

    async fn subject() -> Subject<Ports, Flags> {
        lambda(Way::FunctionUrl).await
    }

    pointsman_conformance::trigger_suite! { cases: 35, subject: subject }
}

mod gateway {
    use super::*;

    async fn subject() -> Subject<Ports, Flags> {
        // Two records at a time: a session does not come whole.
        let subject = lambda(Way::Gateway).await;
        Subject { capabilities: Flags { together: false, ..LAMBDA }, ..subject }
    }

    pointsman_conformance::trigger_suite! { cases: 32, subject: subject }
}
