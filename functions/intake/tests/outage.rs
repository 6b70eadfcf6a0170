//! One queue is down: the others get the event, its name is kept for recover, and a redelivery reaches it alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use pointsman_conformance::TurnedClock;
use pointsman_core::{
    ledger::{Committed, Entry, Ledger},
    port::{
        ErrorKind, Expect, Message, Object, PortError, Queue, QueueAdmin, QueueName, QueueSettings, Record,
        Records, Sent, Version,
    },
    stepwise::Stepwise,
};
use pointsman_embedded::{Options, Store};

/// A real queue in front of which the network may be down for `slow`; real records that may refuse to be written.
struct Outage {
    store: Store,
    queue_down: AtomicBool,
    records_down: AtomicBool,
    tries: AtomicU32,
}

#[async_trait]
impl Queue for Outage {
    async fn send(&self, queue: &QueueName, messages: Vec<Message>) -> Vec<Result<Sent, PortError>> {
        if queue.as_str() == "slow" && self.queue_down.load(Ordering::Relaxed) {
            self.tries.fetch_add(1, Ordering::Relaxed);
            return messages.iter().map(|_| Err(PortError::unavailable("no route to the queue"))).collect();
        }
        self.store.ports().queue.send(queue, messages).await
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

fn name(text: &str) -> QueueName {
    text.parse().unwrap()
}

fn entry(now: Timestamp) -> Entry {
    let message = |queue: &str| Message {
        body: Bytes::from_static(b"{}").into(),
        dedup_id: queue.into(),
        ..Message::default()
    };
    Entry {
        archive_key: "deliveries/github/2026/11/21/12/-.a".into(),
        object: Object { body: Bytes::from_static(b"{}"), metadata: [].into() },
        mark_key: "routed/github/-.a".into(),
        messages: vec![(name("fast"), message("fast")), (name("slow"), message("slow"))],
        now,
        mark_expires: None,
    }
}

struct House {
    outage: Arc<Outage>,
    ledger: Stepwise,
    admin: Arc<dyn QueueAdmin>,
    entry: Entry,
    _folder: tempfile::TempDir,
}

async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(TurnedClock::default());
    let queues = ["fast", "slow"].map(|queue| (name(queue), QueueSettings::default()));
    let store =
        Store::open(folder.path(), Options::new(clock.clone(), "a test").with_queues(queues)).await.unwrap();
    let all = store.ports();
    let outage =
        Arc::new(Outage { store, queue_down: true.into(), records_down: false.into(), tries: 0.into() });
    // The waits between tries pass by themselves.
    let turning = clock.clone();
    tokio::spawn(async move {
        loop {
            turning.until_asleep(1).await;
            turning.turn(std::time::Duration::from_secs(1));
        }
    });
    let ledger = Stepwise { archive: all.archive, queue: outage.clone(), records: outage.clone(), clock };
    House { outage, ledger, admin: all.admin, entry: entry(Timestamp::UNIX_EPOCH), _folder: folder }
}

impl House {
    async fn depths(&self) -> [u64; 2] {
        let depth = async |queue| self.admin.stats(&name(queue)).await.unwrap().depth;
        [depth("fast").await, depth("slow").await]
    }
}

#[tokio::test]
async fn an_event_that_one_queue_cannot_take_is_accepted_and_its_target_kept() {
    let house = house().await;
    let committed = house.ledger.commit(house.entry.clone()).await.unwrap();
    assert_eq!(committed, Committed::Stored { duplicate: false, sent: vec![name("fast")] });
    assert_eq!(house.outage.tries.load(Ordering::Relaxed), 4, "a bounded number of tries");
    let kept = house.outage.get("unrouted/github/-.a").await.unwrap().unwrap();
    let kept: serde_json::Value = serde_json::from_slice(&kept.value).unwrap();
    assert_eq!(kept["archive"], "deliveries/github/2026/11/21/12/-.a");
    assert_eq!(kept["queues"], serde_json::json!({ "slow": "no route to the queue" }));
    assert_eq!(house.depths().await, [1, 0]);
}

#[tokio::test]
async fn a_redelivery_after_the_outage_reaches_only_the_queue_that_lacks_it() {
    let house = house().await;
    house.ledger.commit(house.entry.clone()).await.unwrap();
    house.outage.queue_down.store(false, Ordering::Relaxed);
    let committed = house.ledger.commit(house.entry.clone()).await.unwrap();
    assert_eq!(committed, Committed::Stored { duplicate: true, sent: vec![name("slow")] });
    assert_eq!(house.depths().await, [1, 1]);
}

#[tokio::test]
async fn where_not_even_the_target_can_be_kept_the_sender_must_come_again() {
    let house = house().await;
    house.outage.records_down.store(true, Ordering::Relaxed);
    let error = house.ledger.commit(house.entry.clone()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    house.outage.queue_down.store(false, Ordering::Relaxed);
    let committed = house.ledger.commit(house.entry.clone()).await.unwrap();
    assert_eq!(committed, Committed::Stored { duplicate: true, sent: vec![name("fast"), name("slow")] });
    assert_eq!(
        house.depths().await,
        [1, 1],
        "a mark that could not be written costs no second copy within the window"
    );
}
