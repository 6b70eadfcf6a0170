//! A store with deliveries in it, and the stage on it, each by a clock of its own.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use pointsman_conformance::TurnedClock;
use pointsman_core::{
    config,
    event::Envelope,
    ledger::Mark,
    outcome::Outcome,
    pipeline::{self, Request},
    port::{Ask, Expect, Message, PortError, Queue, QueueName, Received, Record, Records, Sent, Version},
    rules::Rules,
};
use pointsman_embedded::{Options, Ports as StorePorts, Store};
use pointsman_env::EnvSecrets;
use pointsman_replay::{Order, Ports, Replay};
use pointsman_tests::{delivery_id, sign};

/// When everything begins.
pub const START: &str = "2026-11-21T12:00:00Z";

pub const BEFORE: &str = "
sources: { github: { secrets: ['literal:s'] } }
admin: { token: 'literal:t' }
subscriptions: [{ name: all, events: ['*'] }, { name: pushes, events: [push] }]
";

/// The same with a subscription that nobody had.
pub const LATER: &str = "
sources: { github: { secrets: ['literal:s'] } }
admin: { token: 'literal:t' }
subscriptions: [{ name: all, events: ['*'] }, { name: pushes, events: [push] }, { name: late, events: ['*'] }]
";

pub struct House {
    pub store: Store,
    pub ports: StorePorts,
    /// The store's.
    pub clock: Arc<TurnedClock>,
    /// The stage's.
    pub pace: Arc<TurnedClock>,
    pub rules: Arc<Rules>,
    _folder: tempfile::TempDir,
}

pub fn start() -> Timestamp {
    START.parse().unwrap()
}

pub fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

/// The id of the nth delivery that is made at this time.
pub fn id(seconds: i64, nth: u32) -> String {
    delivery_id(after(seconds), nth)
}

impl House {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Two hours after the first id was made: all of them are believed.
        let clock = Arc::new(TurnedClock::at(after(7_200)));
        let config = config::parse(BEFORE).unwrap().config;
        let options = Options::new(clock.clone(), "a test").with_queues(config.queues());
        let store = Store::open(folder.path(), options).await.unwrap();
        let rules = Arc::new(Rules::load(&config, &EnvSecrets::new(folder.path())).await.unwrap());
        let pace = Arc::new(TurnedClock::at(after(86_400)));
        Self { ports: store.ports(), store, clock, pace, rules, _folder: folder }
    }

    /// Another configuration from now on.
    pub async fn configure(&mut self, text: &str) {
        let config = config::parse(text).unwrap().config;
        self.store.ensure_queues(&config.queues()).await.unwrap();
        self.rules = Arc::new(Rules::load(&config, &EnvSecrets::new(".")).await.unwrap());
    }

    /// Takes a delivery in, and says whether it was new.
    pub async fn take(&self, event: &str, id: &str, body: impl Into<Bytes>) -> bool {
        let body = body.into();
        let signature = sign("s", &body);
        let headers = [
            ("Content-Type", "application/json"),
            ("X-GitHub-Event", event),
            ("X-GitHub-Delivery", id),
            ("X-GitHub-Hook-ID", "42"),
            ("X-Hub-Signature-256", signature.as_str()),
        ];
        let request = Request {
            source: "github".into(),
            headers: headers.into_iter().collect(),
            body,
            peer: [192, 0, 2, 1].into(),
        };
        let ports = pipeline::Ports {
            ledger: self.ports.ledger.clone(),
            archive: self.ports.archive.clone(),
            clock: self.clock.clone(),
            inline: Default::default(),
        };
        match pipeline::ingest(request, &self.rules, &ports).await.unwrap() {
            Outcome::Done(accepted) => !accepted.duplicate,
            other => panic!("not taken: {other:?}"),
        }
    }

    /// So many deliveries, one a second, of three branches, with every fifth an issue; all received and done.
    pub async fn fill(&self, count: u32) {
        for n in 0..count {
            self.take_nth(n).await;
        }
        self.drain().await;
    }

    pub async fn take_nth(&self, n: u32) {
        // Taken in backwards, so that no order but that of the ids is right.
        let seconds = i64::from(n) * 97 % 7_000;
        if n % 5 == 4 {
            self.take("issues", &id(seconds, n), issue(n)).await;
        } else {
            self.take("push", &id(seconds, n), push(n % 3)).await;
        }
    }

    pub async fn drain(&self) {
        for queue in self.ports.admin.list().await.unwrap() {
            self.received(queue.as_str()).await;
        }
    }

    /// Takes everything out of a queue for good.
    pub async fn received(&self, queue: &str) -> Vec<Received> {
        let queue: QueueName = queue.parse().unwrap();
        let mut all = Vec::new();
        loop {
            let ask =
                Ask { max: 1_000, wait: Duration::ZERO, visibility: None, session: None, sessions: None };
            let some = self.ports.receiver.receive(&queue, ask).await.unwrap();
            if some.is_empty() {
                return all;
            }
            let receipts: Vec<_> = some.iter().map(|message| message.receipt.clone()).collect();
            for done in self.ports.receiver.complete(&queue, &receipts).await {
                done.unwrap();
            }
            all.extend(some);
        }
    }

    /// The stage; small batches.
    pub fn stage(&self) -> Replay {
        Replay {
            ports: Ports {
                archive: self.ports.archive.clone(),
                records: self.ports.records.clone(),
                queue: self.ports.queue.clone(),
                admin: self.ports.admin.clone(),
                clock: self.pace.clone(),
            },
            rules: self.rules.clone(),
            inline: Default::default(),
            budget: None,
            most: 7,
            holder: "a test".into(),
        }
    }

    pub async fn mark(&self, id: &str) -> Mark {
        let record = self.ports.records.get(&format!("routed/github/42.{id}")).await.unwrap().unwrap();
        Mark::decode(&record.value).unwrap()
    }
}

pub fn push(branch: u32) -> String {
    format!(r#"{{"ref":"refs/heads/b{branch}","repository":{{"full_name":"acme/web"}}}}"#)
}

pub fn issue(number: u32) -> String {
    format!(r#"{{"action":"opened","issue":{{"number":{number}}},"repository":{{"full_name":"acme/api"}}}}"#)
}

pub fn order(text: &str) -> Order {
    Order::read(text.as_bytes(), start()).unwrap()
}

pub fn attribute(message: &Received, name: &str) -> String {
    Envelope::read(&message.body).unwrap().attribute(name).unwrap_or_default()
}

/// The events' sequences by session, in the order in which they came.
pub fn by_session(messages: &[Received]) -> BTreeMap<String, Vec<String>> {
    let mut sessions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in messages {
        sessions.entry(attribute(message, "session")).or_default().push(attribute(message, "sequence"));
    }
    sessions
}

/// A port that dies at its nth write: before it, or after it and before it is told.
pub struct Dying<T: ?Sized> {
    pub inner: Arc<T>,
    pub left: Arc<AtomicUsize>,
    pub after: bool,
}

impl<T: ?Sized> Dying<T> {
    fn dies(&self) -> bool {
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) == Ok(1)
    }

    fn dead() -> PortError {
        PortError::unavailable("killed")
    }
}

#[async_trait]
impl Queue for Dying<dyn Queue> {
    async fn send(&self, queue: &QueueName, messages: Vec<Message>) -> Vec<Result<Sent, PortError>> {
        let count = messages.len();
        let dies = self.dies();
        if dies && !self.after {
            return (0..count).map(|_| Err(Self::dead())).collect();
        }
        let sent = self.inner.send(queue, messages).await;
        if dies { (0..count).map(|_| Err(Self::dead())).collect() } else { sent }
    }
}

#[async_trait]
impl Records for Dying<dyn Records> {
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError> {
        self.inner.get(key).await
    }

    async fn put_if(
        &self,
        key: &str,
        value: Bytes,
        expect: Expect,
        expires: Option<Timestamp>,
    ) -> Result<Version, PortError> {
        let dies = self.dies();
        if dies && !self.after {
            return Err(Self::dead());
        }
        let put = self.inner.put_if(key, value, expect, expires).await;
        if dies { Err(Self::dead()) } else { put }
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>, PortError> {
        self.inner.list(prefix, after, limit).await
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<(), PortError> {
        self.inner.delete(key, expect).await
    }
}
