//! The trigger suite over this host: what the Functions host does is played over the embedded queues, in every encoding, with
//! one message a call and with batches.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use pointsman_conformance::{
    Subject, Time, TurnedClock,
    trigger::{Ended, Flags, Handler, LOOSE, ORDERED, Ports, Run, Webhooks},
};
use pointsman_core::{
    answer::Answer,
    port::{Abandon, Ask, Clock, Delivered, Handover, PortError, QueueName, Receipt, Received, Receiver},
    session::Session,
};
use pointsman_host_azfunc::{
    Calls, Host, direct,
    queue::{self, Source},
    timer,
};
use pointsman_tests::{
    http,
    queues::{Queues, queues},
};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use crate::support::{call, encoded};

const AZURE: Flags = Flags {
    // GitHub's own cap: the front end takes more.
    largest_request: 25 << 20,
    // The host hands a failed message out again at once; a call can hold it back for half a minute.
    exact_after: false,
    ..Flags::ALL
};

/// The longest wait within a call.
const LONGEST: Duration = Duration::from_secs(30);

/// How the host calls.
#[derive(Clone, Copy)]
struct Way {
    /// How often values are put into strings.
    times: u32,
    batch: bool,
}

/// Time that is turned by hand, but for the waits within a call: they are noted, and the queue keeps them.
struct Hurried {
    clock: Arc<TurnedClock>,
    waited: Mutex<Duration>,
}

#[async_trait]
impl Clock for Hurried {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn sleep(&self, duration: Duration) {
        if duration > LONGEST {
            return self.clock.sleep(duration).await;
        }
        *self.waited.lock().unwrap() += duration;
    }
}

/// The queues as their adapter shows them: the host settles, we count.
struct Adapter {
    queues: Queues,
    /// What is handed over now, by receipt.
    held: Mutex<HashMap<String, Received>>,
    /// How the function gave them back.
    given: Mutex<HashMap<String, Abandon>>,
}

impl Adapter {
    fn let_go(&self, receipt: &Receipt) {
        assert!(self.held.lock().unwrap().remove(&receipt.0).is_some(), "{receipt:?} is settled once");
    }

    async fn receive(&self, queue: &QueueName, way: Way) -> Vec<Received> {
        // A batch is of one session; without sessions it is of anything.
        let sessions = (queue.as_str() == ORDERED).then_some(1);
        let max = if way.batch { 10 } else { 1 };
        let ask = Ask { max, wait: Duration::ZERO, visibility: None, session: None, sessions };
        let messages = self.queues.receiver.receive(queue, ask).await.unwrap();
        let by_receipt = messages.iter().map(|message| (message.receipt.0.clone(), message.clone()));
        self.held.lock().unwrap().extend(by_receipt);
        messages
    }

    /// All by one status. A failure that was told late kept its session for so long.
    async fn settle(&self, queue: &QueueName, messages: &[Received], status: u16, waited: Duration) {
        self.held.lock().unwrap().clear();
        let given = std::mem::take(&mut *self.given.lock().unwrap());
        if status == 200 {
            let receipts: Vec<_> = messages.iter().map(|message| message.receipt.clone()).collect();
            self.queues.receiver.complete(queue, &receipts).await;
            return;
        }
        for message in messages.iter().rev() {
            let failed = given.get(&message.receipt.0).and_then(|how| how.failed.clone());
            let how = Abandon { after: waited, failed };
            // What was buried is there no more.
            let _ = self.queues.receiver.abandon(queue, &message.receipt, how).await;
        }
    }
}

#[async_trait]
impl Receiver for Adapter {
    async fn receive(&self, _: &QueueName, _: Ask) -> Result<Vec<Received>, PortError> {
        Err(PortError::invalid("a function receives nothing: it is given"))
    }

    async fn complete(&self, _: &QueueName, receipts: &[Receipt]) -> Vec<Result<(), PortError>> {
        receipts.iter().map(|_| Err(PortError::invalid("the host completes messages"))).collect()
    }

    async fn abandon(&self, _: &QueueName, receipt: &Receipt, how: Abandon) -> Result<(), PortError> {
        self.let_go(receipt);
        self.given.lock().unwrap().insert(receipt.0.clone(), how);
        Ok(())
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
        Err(PortError::invalid("the host holds its messages itself"))
    }
}

#[async_trait]
impl Handover for Adapter {
    async fn adopt(
        &self,
        _: &QueueName,
        messages: Vec<Delivered>,
        until: Timestamp,
    ) -> Result<Vec<Received>, PortError> {
        let held = self.held.lock().unwrap();
        // All but what only the queue knows is what the host read from the call.
        let adopted = messages.into_iter().map(|message| Received {
            body: message.text.into(),
            session: message.system.get("SessionId").map(|session| Session::from_key(session.as_str())),
            correlation: message.system.get("CorrelationId").cloned(),
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

/// What the host says of a message, and its body.
fn shown(message: &Received) -> (Map<String, Value>, Value) {
    let mut says = json!({
        "MessageId": message.id.0,
        "LockToken": message.receipt.0,
        "SequenceNumber": 7,
        "DeliveryCount": 1,
        "EnqueuedTimeUtc": "2026-11-21T20:00:00Z",
        "ApplicationProperties": message.attributes,
    });
    says["SessionId"] = json!(message.session.as_ref().map(Session::as_str));
    says["CorrelationId"] = json!(message.correlation);
    let body = std::str::from_utf8(&message.body).unwrap();
    let Value::Object(says) = says else { unreachable!("it was written as an object") };
    (says, serde_json::from_str(body).unwrap_or_else(|_| json!(body)))
}

/// A body: as JSON itself where its bytes survive that, else as text.
fn body(message: &Received, times: u32) -> Value {
    let text = String::from_utf8(message.body.to_vec()).unwrap();
    let again = shown(message).1.to_string();
    match times {
        0 if again == text => shown(message).1,
        0 | 1 => Value::String(text),
        times => encoded(&Value::String(text), times - 1),
    }
}

fn asked(messages: &[Received], way: Way) -> Value {
    if !way.batch {
        let says = shown(&messages[0]).0;
        let says: Map<_, _> =
            says.into_iter().map(|(name, value)| (name, encoded(&value, way.times))).collect();
        return json!({ "Data": { "message": body(&messages[0], way.times) }, "Metadata": says });
    }
    let bodies: Vec<Value> = messages.iter().map(|message| body(message, way.times)).collect();
    let mut lists: Map<String, Value> = Map::new();
    for message in messages {
        for (name, value) in shown(message).0 {
            let list = lists.entry(format!("{name}Array")).or_insert_with(|| json!([]));
            list.as_array_mut().unwrap().push(value);
        }
    }
    let lists: Map<_, _> = lists.into_iter().map(|(name, list)| (name, encoded(&list, way.times))).collect();
    json!({ "Data": { "messages": encoded(&json!(bodies), way.times) }, "Metadata": lists })
}

fn ended((status, log): (u16, String)) -> Ended {
    if status != 200 {
        return Ended::Failed(log);
    }
    let told: Value = serde_json::from_str(&log).unwrap();
    match told.get("skipped") {
        Some(why) => Ended::Skipped(why.as_str().unwrap().to_owned()),
        None => Ended::Done(told["done"].clone()),
    }
}

struct Azure {
    adapter: Arc<Adapter>,
    clock: Arc<Hurried>,
    /// One process: it remembers from one call to the next.
    calls: Calls,
    way: Way,
}

#[async_trait(?Send)]
impl pointsman_conformance::trigger::Host for Azure {
    async fn request(&self, request: ::http::Request<Bytes>, stage: Webhooks) -> Answer {
        let host = Host::bind(0, self.calls.clone(), "intake", &[], move |it| stage(it));
        let host = host.await.unwrap();
        let address = host.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(host.serve(async { drop(stopped.await) }));
        let answer = tokio::task::spawn_blocking(move || answered(address, &request)).await.unwrap();
        stop.send(()).unwrap();
        serving.await.unwrap();
        answer
    }

    async fn drain(&self, queue: &QueueName, stage: Handler) {
        loop {
            let messages = self.adapter.receive(queue, self.way).await;
            if messages.is_empty() {
                return;
            }
            let source = Source {
                together: stage.together,
                ..Source::new(queue.clone(), self.adapter.clone(), self.clock.clone())
            };
            let run = stage.run.clone();
            let calls = self.calls.clone().on("work", move |call| {
                let (source, run) = (source.clone(), run.clone());
                async move { queue::handle(&call, &source, |turn| run(turn)).await }
            });
            let (status, _) = call(&calls, "work", &asked(&messages, self.way)).await;
            let waited = std::mem::take(&mut *self.clock.waited.lock().unwrap());
            self.adapter.settle(queue, &messages, status, waited).await;
        }
    }

    async fn schedule(&self, at: Timestamp, stage: Run<Timestamp>) -> Ended {
        let calls = self.calls.clone().on("recover", move |call| {
            let stage = stage.clone();
            async move { timer::handle(&call, "recover", |at| stage(at)).await }
        });
        let timer = json!({ "Schedule": {}, "ScheduleStatus": null, "IsPastDue": false });
        let sys = json!({ "MethodName": "recover", "UtcNow": at });
        let times = self.way.times;
        let asked = json!({ "Data": { "timer": encoded(&timer, times) }, "Metadata": { "sys": encoded(&sys, times) } });
        ended(call(&calls, "recover", &asked).await)
    }

    async fn invoke(&self, order: Value, stage: Run<Value>) -> Ended {
        let calls = self.calls.clone().on("replay-order", move |call| {
            let stage = stage.clone();
            async move { direct::handle(&call, "replay", |order| stage(order)).await }
        });
        let asked =
            json!({ "Data": { "order": encoded(&order, self.way.times) }, "Metadata": { "sys": {} } });
        ended(call(&calls, "replay-order", &asked).await)
    }
}

/// The answer to a request, as the host forwards it.
fn answered(address: SocketAddr, request: &::http::Request<Bytes>) -> Answer {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let headers: Vec<_> = headers.collect();
    let url = format!("http://{address}{}", request.uri());
    let told = http::request(request.method().as_str(), &url, &headers, request.body()).unwrap();
    let mut answer = ::http::Response::builder().status(told.status);
    for (name, value) in &told.headers {
        answer = answer.header(name, value);
    }
    answer.body(told.body).unwrap()
}

async fn azure(way: Way) -> Subject<Ports, Flags> {
    let clock = Arc::new(TurnedClock::default());
    let queues = queues(clock.clone(), &[ORDERED, LOOSE]).await;
    let (queue, receiver) = (queues.queue.clone(), queues.receiver.clone());
    let adapter = Arc::new(Adapter { queues, held: Mutex::default(), given: Mutex::default() });
    let hurried = Arc::new(Hurried { clock: clock.clone(), waited: Mutex::default() });
    let host = Arc::new(Azure { adapter, clock: hurried.clone(), calls: Calls::new(hurried), way });
    Subject {
        ports: Ports { host, queue, receiver },
        time: Time::ByHand(clock),
        // One message a call: a session never comes whole.
        capabilities: Flags { together: way.batch, ..AZURE },
        reopen: None,
        keep: Box::new(()),
    }
}

/// The suite in one encoding.
macro_rules! parity {
    ($name:ident, $times:literal, $batch:literal, $cases:literal) => {
        mod $name {
            use super::*;

            async fn subject() -> Subject<Ports, Flags> {
                azure(Way { times: $times, batch: $batch }).await
            }

            pointsman_conformance::trigger_suite! { cases: $cases, subject: subject }
        }
    };
}

parity!(plain, 0, false, 31);
parity!(once, 1, false, 31);
parity!(twice, 2, false, 31);
parity!(plain_batch, 0, true, 34);
parity!(once_batch, 1, true, 34);
parity!(twice_batch, 2, true, 34);
