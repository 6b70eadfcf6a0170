//! Calls as hosts make them, and a queue as the adapter of Service Bus behaves: what is adopted is settled or forgotten, once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use pointsman_core::{
    answer::Answer,
    port::{
        Abandon, Ask, Clock, Delivered, ErrorKind, Handover, Message, MessageId, PortError, QueueName,
        Receipt, Received, Receiver,
    },
    session::Session,
};
use pointsman_host_azfunc::{Calls, queue::Source};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// How often a value is put into a string.
pub const ENCODINGS: [u32; 3] = [0, 1, 2];

/// The value in so many strings. A scalar text is its own first one.
pub fn encoded(value: &Value, times: u32) -> Value {
    let mut value = value.clone();
    for _ in 0..times {
        value = Value::String(value.to_string());
    }
    value
}

/// What a host says of message `number` of `session`, each value in so many strings.
pub fn metadata(number: u32, session: &str, times: u32) -> Value {
    let says = [
        ("MessageId", json!(format!("{number}-id"))),
        ("SessionId", json!(session)),
        ("SequenceNumber", json!(number)),
        ("DeliveryCount", json!(1)),
        ("LockToken", json!(format!("lock-{number}"))),
        ("EnqueuedTimeUtc", json!("2026-11-21T20:00:00Z")),
        ("ApplicationProperties", json!({ "type": "com.github.push", "note": "a \"quoted\" one" })),
    ];
    says.iter().map(|(name, value)| ((*name).to_owned(), encoded(value, times))).collect()
}

/// A call with one message.
pub fn single(number: u32, session: &str, body: &Value, times: u32) -> Value {
    json!({ "Data": { "message": encoded(body, times) }, "Metadata": metadata(number, session, times) })
}

/// A call with a batch of one session.
pub fn batch(numbers: &[u32], session: &str, times: u32) -> Value {
    let bodies: Vec<Value> = numbers.iter().map(|number| encoded(&json!({ "n": number }), times)).collect();
    let mut lists: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for number in numbers {
        for (name, value) in metadata(*number, session, 0).as_object().unwrap() {
            lists.entry(format!("{name}Array")).or_default().push(value.clone());
        }
    }
    let lists: serde_json::Map<_, _> =
        lists.into_iter().map(|(name, list)| (name, encoded(&json!(list), times))).collect();
    json!({ "Data": { "messages": encoded(&json!(bodies), times) }, "Metadata": lists })
}

/// Calls the function and says how it was answered, which is always with an object.
pub async fn call(calls: &Calls, name: &str, body: &Value) -> (u16, String) {
    told(calls.answer(name.to_owned(), body.to_string().into()).await)
}

pub fn told(answer: Answer) -> (u16, String) {
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!((&body["Outputs"], &body["ReturnValue"]), (&json!({}), &Value::Null));
    (answer.status().as_u16(), body["Logs"][0].as_str().unwrap().to_owned())
}

pub struct TokioClock(Instant);

impl TokioClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        sleep(duration).await;
    }
}

#[derive(Default)]
struct State {
    /// Numbers of the held ones, by receipt.
    held: BTreeMap<String, u32>,
    log: Vec<String>,
    /// What the next settling, or adoption, answers with.
    refused: Vec<ErrorKind>,
    adopted: Vec<Delivered>,
    sent: Vec<Message>,
}

/// The queue; its messages are called by their number.
#[derive(Clone)]
pub struct Fake {
    state: Arc<Mutex<State>>,
    pub clock: Arc<TokioClock>,
}

impl Fake {
    pub fn new() -> Self {
        Self { state: Arc::default(), clock: TokioClock::new() }
    }

    /// The source of the queue `work`, with its defaults.
    pub fn source(&self) -> Source {
        Source::new("work".parse().unwrap(), Arc::new(self.clone()), self.clock.clone())
    }

    /// What the queue was told, in order.
    pub fn log(&self) -> Vec<String> {
        self.state.lock().unwrap().log.clone()
    }

    /// What the host read of the messages.
    pub fn adopted(&self) -> Vec<Delivered> {
        self.state.lock().unwrap().adopted.clone()
    }

    /// What was sent to it.
    pub fn sent(&self) -> Vec<Message> {
        self.state.lock().unwrap().sent.clone()
    }

    /// The next settlings, and adoptions, fail so.
    pub fn refuse(&self, kinds: &[ErrorKind]) {
        self.state.lock().unwrap().refused.extend(kinds);
    }

    /// What is neither settled nor forgotten: it must be nothing.
    pub fn held(&self) -> usize {
        self.state.lock().unwrap().held.len()
    }

    fn settle(&self, word: &str, receipt: &Receipt, more: &str) -> Result<(), PortError> {
        let mut state = self.state.lock().unwrap();
        if let Some(kind) = state.refused.pop() {
            return Err(PortError::new(kind, "the queue `work` was told to fail"));
        }
        let number = state.held.remove(&receipt.0);
        let number = number.ok_or_else(|| PortError::conflict("this receipt of `work` is void"))?;
        state.log.push(format!("{word} {number}{more}"));
        Ok(())
    }
}

/// The number in a message's id.
pub fn number(id: &str) -> u32 {
    id.split('-').next().unwrap().parse().unwrap()
}

#[async_trait]
impl Receiver for Fake {
    async fn receive(&self, _: &QueueName, _: Ask) -> Result<Vec<Received>, PortError> {
        Err(PortError::invalid("a function receives nothing: it is given"))
    }

    async fn complete(&self, _: &QueueName, receipts: &[Receipt]) -> Vec<Result<(), PortError>> {
        receipts.iter().map(|receipt| self.settle("complete", receipt, "")).collect()
    }

    async fn abandon(&self, _: &QueueName, receipt: &Receipt, how: Abandon) -> Result<(), PortError> {
        let word = if how.failed.is_some() { "failed" } else { "back" };
        self.settle(word, receipt, &format!(" after {}", how.after.as_secs()))
    }

    async fn dead_letter(
        &self,
        _: &QueueName,
        receipt: &Receipt,
        reason: &str,
        _: &str,
    ) -> Result<(), PortError> {
        self.settle("dead", receipt, &format!(" {reason}"))
    }

    async fn renew(&self, _: &QueueName, _: &Receipt, _: Duration) -> Result<Timestamp, PortError> {
        Err(PortError::invalid("the Functions host holds its messages itself"))
    }
}

#[async_trait]
impl Handover for Fake {
    async fn adopt(
        &self,
        _: &QueueName,
        messages: Vec<Delivered>,
        until: Timestamp,
    ) -> Result<Vec<Received>, PortError> {
        let mut state = self.state.lock().unwrap();
        if let Some(kind) = state.refused.pop() {
            return Err(PortError::new(kind, "the records of `work` cannot be read"));
        }
        state.adopted.extend(messages.iter().cloned());
        let received = messages.into_iter().map(|message| {
            state.held.insert(message.receipt.clone(), number(&message.id));
            Received {
                attempt: 1,
                id: MessageId(message.id),
                receipt: Receipt(message.receipt),
                body: message.text.into(),
                session: message.system.get("SessionId").map(|session| Session::from(session.as_str())),
                attributes: message.attributes,
                correlation: message.system.get("CorrelationId").cloned(),
                enqueued: Timestamp::UNIX_EPOCH,
                visible_at: until,
            }
        });
        Ok(received.collect())
    }

    async fn forget(&self, _: &QueueName, receipts: &[Receipt]) -> Result<(), PortError> {
        receipts.iter().try_for_each(|receipt| self.settle("forget", receipt, ""))
    }

    async fn postpone(&self, _: &QueueName, receipt: &Receipt, copy: Message) -> Result<(), PortError> {
        self.settle("later", receipt, "")?;
        self.state.lock().unwrap().sent.push(copy);
        Ok(())
    }
}
