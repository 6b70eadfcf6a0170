//! Recorded events, and a queue as the adapter of SQS behaves: adopted records are held, and each is settled once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use pointsman_core::{
    port::{
        Abandon, Ask, Clock, Delivered, ErrorKind, Handover, MessageId, PortError, QueueName, Receipt,
        Received, Receiver,
    },
    session::Session,
};
use pointsman_host_lambda::{Event, Fault, queue::Source};
use pointsman_tests::house::root;
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// What Lambda gives a function that has half a minute.
pub const TIME: Duration = Duration::from_secs(30);

/// A recorded event, which must be answered within [`TIME`].
pub fn recorded(name: &str) -> Event {
    let text = std::fs::read_to_string(root().join("tests/fixtures/events").join(name)).unwrap();
    event(&text)
}

pub fn event(json: &str) -> Event {
    Event::new(serde_json::from_str(json).unwrap(), Timestamp::UNIX_EPOCH + TIME)
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
    /// What the next settling answers with.
    refused: Vec<ErrorKind>,
}

/// The queue; its messages are called by their number in the recorded batch.
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

    /// Those of the log that begin so.
    pub fn told(&self, word: &str) -> Vec<String> {
        self.log().into_iter().filter(|line| line.starts_with(word)).collect()
    }

    /// The next settlings, and adoptions, fail so.
    pub fn refuse(&self, kinds: &[ErrorKind]) {
        self.state.lock().unwrap().refused.extend(kinds);
    }

    /// What is neither settled nor forgotten: it must be nothing.
    pub fn held(&self) -> usize {
        self.state.lock().unwrap().held.len()
    }

    fn take(&self, records: Vec<Delivered>, until: Timestamp) -> Result<Vec<Received>, PortError> {
        let mut state = self.state.lock().unwrap();
        if let Some(kind) = state.refused.pop() {
            return Err(PortError::new(kind, "sqs:GetQueueUrl on the queue `work` is denied"));
        }
        let received = records.into_iter().map(|record| {
            let number = number(&record.id);
            state.held.insert(record.receipt.clone(), number);
            Received {
                attempt: 1,
                id: MessageId(record.id),
                receipt: Receipt(record.receipt),
                body: record.text.into(),
                session: record.system.get("MessageGroupId").map(|group| Session::from(group.as_str())),
                attributes: record.attributes,
                correlation: None,
                enqueued: Timestamp::UNIX_EPOCH,
                visible_at: until,
            }
        });
        Ok(received.collect())
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

/// The number in a recorded message's id.
pub fn number(id: &str) -> u32 {
    id.split('-').next().unwrap().parse().unwrap()
}

/// The numbers that an answer names as not done.
pub fn returned(answer: Result<Value, Fault>) -> Vec<u32> {
    let answer = answer.unwrap();
    let named = answer["batchItemFailures"].as_array().unwrap().iter();
    named.map(|item| number(item["itemIdentifier"].as_str().unwrap())).collect()
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
        Err(PortError::invalid("Lambda's event source holds its messages itself"))
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
        self.take(messages, until)
    }

    async fn forget(&self, _: &QueueName, receipts: &[Receipt]) -> Result<(), PortError> {
        receipts.iter().try_for_each(|receipt| self.settle("forget", receipt, ""))
    }
}
