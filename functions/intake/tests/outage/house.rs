//! A real queue in front of which the network may be down for `slow`; real records that may refuse to be written; a
//! clock that turns by itself while all that goes on is waiting.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use pointsman_conformance::TurnedClock;
use pointsman_core::{
    ledger::{Committed, Entry, Ledger, Unrouted},
    port::{
        Clock, Expect, Message, Object, PortError, Queue, QueueAdmin, QueueName, QueueSettings, Record,
        Records, Sent, Version,
    },
    stepwise::Stepwise,
};
use pointsman_embedded::{Options, Store};
use tokio::{sync::watch, task::JoinHandle};

/// How `slow` behaves.
pub const WORKS: u8 = 0;
/// It answers that it is down.
pub const DOWN: u8 = 1;
/// It never answers.
pub const HANGS: u8 = 2;

pub struct Outage {
    store: Store,
    pub slow: AtomicU8,
    pub records_down: AtomicBool,
    /// Sends to `slow` while it did not work.
    pub tries: AtomicU32,
    /// Sends that the real store works on: no time passes meanwhile.
    working: watch::Sender<u32>,
}

#[async_trait]
impl Queue for Outage {
    async fn send(&self, queue: &QueueName, messages: Vec<Message>) -> Vec<Result<Sent, PortError>> {
        let slow = if queue.as_str() == "slow" { self.slow.load(Ordering::Relaxed) } else { WORKS };
        if slow != WORKS {
            self.tries.fetch_add(1, Ordering::Relaxed);
        }
        match slow {
            DOWN => {
                return messages
                    .iter()
                    .map(|_| Err(PortError::unavailable("no route to the queue")))
                    .collect();
            }
            HANGS => return std::future::pending().await,
            _ => {}
        }
        self.working.send_modify(|count| *count += 1);
        let sent = self.store.ports().queue.send(queue, messages).await;
        self.working.send_modify(|count| *count -= 1);
        sent
    }
}

#[async_trait]
impl Records for Outage {
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError> {
        self.store.ports().records.get(key).await
    }

    async fn put_if(
        &self,
        key: &str,
        value: Bytes,
        expect: Expect,
        expires: Option<Timestamp>,
    ) -> Result<Version, PortError> {
        if self.records_down.load(Ordering::Relaxed) {
            return Err(PortError::unavailable("no route to the records"));
        }
        self.store.ports().records.put_if(key, value, expect, expires).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>, PortError> {
        self.store.ports().records.list(prefix, after, limit).await
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<(), PortError> {
        self.store.ports().records.delete(key, expect).await
    }
}

/// A turned clock that counts who slept to the end.
#[derive(Default)]
struct Counting {
    turned: TurnedClock,
    slept: AtomicU32,
}

#[async_trait]
impl Clock for Counting {
    fn now(&self) -> Timestamp {
        self.turned.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.turned.sleep(duration).await;
        self.slept.fetch_add(1, Ordering::Relaxed);
    }
}

pub struct House {
    pub outage: Arc<Outage>,
    pub ledger: Stepwise,
    admin: Arc<dyn QueueAdmin>,
    clock: Arc<Counting>,
    turning: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

/// With `slow` behaving so.
pub async fn house(slow: u8) -> House {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(Counting::default());
    let queues = ["fast", "slow"].map(|queue| (name(queue), QueueSettings::default()));
    let options = Options::new(clock.clone(), "a test").with_queues(queues);
    let store = Store::open(folder.path(), options).await.unwrap();
    let all = store.ports();
    let outage = Arc::new(Outage {
        store,
        slow: slow.into(),
        records_down: false.into(),
        tries: 0.into(),
        working: watch::Sender::new(0),
    });
    let turning = tokio::spawn(turn(clock.clone(), outage.clone()));
    let ledger = Stepwise {
        archive: all.archive,
        queue: outage.clone(),
        records: outage.clone(),
        clock: clock.clone(),
        breakers: Default::default(),
    };
    House { outage, ledger, admin: all.admin, clock, turning, _folder: folder }
}

/// Time passes in steps while somebody sleeps and nobody works.
async fn turn(clock: Arc<Counting>, outage: Arc<Outage>) {
    let mut working = outage.working.subscribe();
    loop {
        working.wait_for(|count| *count == 0).await.unwrap();
        clock.turned.until_asleep(1).await;
        if *working.borrow() == 0 {
            clock.turned.turn(Duration::from_millis(100));
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.turning.abort();
    }
}

impl House {
    pub async fn depths(&self) -> [u64; 2] {
        let depth = async |queue| self.admin.stats(&name(queue)).await.unwrap().depth;
        [depth("fast").await, depth("slow").await]
    }

    /// Commits the entry of this number; the queues that got a message now.
    pub async fn commit(&self, number: usize) -> Vec<String> {
        match self.ledger.commit(entry(number, &["fast", "slow"])).await.unwrap() {
            Committed::Stored { sent, .. } => sent.iter().map(ToString::to_string).collect(),
            other => panic!("not stored: {other:?}"),
        }
    }

    /// The same of each; how many sleeps they took, and how long by the clock.
    pub async fn cost(&self, numbers: std::ops::Range<usize>) -> (u32, Duration) {
        let (slept, began) = (self.clock.slept.load(Ordering::Relaxed), self.clock.now());
        for number in numbers {
            self.commit(number).await;
        }
        let took = self.clock.now().duration_since(began).unsigned_abs();
        (self.clock.slept.load(Ordering::Relaxed) - slept, took)
    }

    pub fn wait(&self, seconds: u64) {
        self.clock.turned.turn(Duration::from_secs(seconds));
    }

    /// How often `slow` was tried in vain since the last look.
    pub fn tries(&self) -> u32 {
        self.outage.tries.swap(0, Ordering::Relaxed)
    }

    pub fn set_slow(&self, slow: u8) {
        self.outage.slow.store(slow, Ordering::Relaxed);
    }

    /// What is kept for recover: numbers, each with its queues and why.
    pub async fn unrouted(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let records = self.outage.list(Unrouted::FOLDER, None, 1000).await.unwrap();
        let number = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
        let queues =
            |unrouted: Unrouted| unrouted.queues.into_iter().map(|(queue, why)| (queue.to_string(), why));
        records
            .iter()
            .map(|record| (number(&record.key), queues(Unrouted::decode(&record.value).unwrap()).collect()))
            .collect()
    }

    /// Each target's circuit, as `queue state`.
    pub fn circuits(&self) -> Vec<String> {
        let told = |it: pointsman_core::ledger::Target| {
            let circuit = serde_json::to_value(it.circuit).unwrap();
            format!("{} {}", it.queue, circuit["state"].as_str().unwrap())
        };
        self.ledger.targets().into_iter().map(told).collect()
    }
}

pub fn name(text: &str) -> QueueName {
    text.parse().unwrap()
}

/// One message for each queue.
pub fn entry(number: usize, queues: &[&str]) -> Entry {
    let message = |queue: &str| Message {
        body: Bytes::from_static(b"{}").into(),
        dedup_id: format!("{queue}/{number}"),
        ..Message::default()
    };
    Entry {
        archive_key: format!("deliveries/github/2026/11/21/12/-.{number}"),
        object: Object { body: Bytes::from_static(b"{}"), metadata: [].into() },
        mark_key: format!("routed/github/-.{number}"),
        messages: queues.iter().map(|queue| (name(queue), message(queue))).collect(),
        now: Timestamp::UNIX_EPOCH,
        mark_expires: None,
    }
}
