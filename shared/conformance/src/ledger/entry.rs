//! The words of the ledger suite's cases: an entry, its commit, and a look at what it left.

use std::sync::Arc;

use bytes::Bytes;
use pointsman_core::{
    ledger::{Committed, Entry, Ledger, Mark},
    port::{Archive, Body, Message, Object, QueueName, Records},
};

use crate::{Subject, queue};

/// A ledger and the ports through which its work is seen.
#[derive(Clone)]
pub struct Ports {
    /// The port.
    pub ledger: Arc<dyn Ledger>,
    /// Where it keeps raw deliveries.
    pub archive: Arc<dyn Archive>,
    /// Where it keeps marks.
    pub records: Arc<dyn Records>,
    /// The queues that it sends to.
    pub queues: queue::Ports,
}

impl Subject<Ports> {
    /// The queues alone, for the queue suite's words.
    pub(super) fn queues(&self) -> Subject<queue::Ports> {
        Subject {
            ports: self.ports.queues.clone(),
            time: self.time.clone(),
            capabilities: self.capabilities.clone(),
            reopen: None,
            keep: Box::new(()),
        }
    }

    /// Two fresh queues.
    pub(super) async fn two_queues(&self) -> [QueueName; 2] {
        let queues = self.queues();
        [queues.fresh().await, queues.fresh().await]
    }

    /// An entry of a new delivery for these queues.
    pub(super) fn entry(&self, queues: &[QueueName]) -> Entry {
        let name = format!("7.{:016x}", fastrand::u64(..));
        let raw = Bytes::from(format!("{{\"delivery\": \"{name}\"}}"));
        let message = |queue: &QueueName| (queue.clone(), message(&name, queue, &raw));
        Entry {
            archive_key: format!("deliveries/github/2026/01/01/00/{name}"),
            object: Object { body: raw.clone(), metadata: [("x-github-event".into(), "push".into())].into() },
            mark_key: format!("routed/github/{name}"),
            messages: queues.iter().map(message).collect(),
            now: self.time.now(),
            mark_expires: None,
        }
    }

    /// Commits, which must succeed; says whether it was a duplicate, and which queues were sent to.
    pub(super) async fn commit(&self, entry: &Entry) -> (bool, Vec<QueueName>) {
        match self.ports.ledger.commit(entry.clone()).await.expect("the entry can be written") {
            Committed::Stored { duplicate, mut sent } => {
                sent.sort();
                (duplicate, sent)
            }
            Committed::OtherBytes { .. } => panic!("`{}` holds the same bytes", entry.archive_key),
        }
    }

    /// The mark of an entry.
    pub(super) async fn mark(&self, entry: &Entry) -> Option<Mark> {
        let record = self.ports.records.get(&entry.mark_key).await.expect("marks can be read")?;
        Some(Mark::decode(&record.value).expect("a mark can be read"))
    }

    /// Each of these queues has the entry's message, once and whole, and nothing else; it is completed.
    pub(super) async fn assert_received(&self, queues: &[QueueName], entry: &Entry) {
        for queue in queues {
            let received = self.queues().take(queue, 1).await;
            assert!(
                received[0].body == message_body(&entry.object.body).to_bytes(),
                "{:?}",
                received[0].body
            );
            self.queues().assert_nothing(queue).await;
            self.queues().complete(queue, &received).await;
        }
    }

    /// None of these queues has anything.
    pub(super) async fn assert_nothing_received(&self, queues: &[QueueName]) {
        for queue in queues {
            self.queues().assert_nothing(queue).await;
        }
    }

    /// The object under the entry's archive key is the entry's.
    pub(super) async fn assert_archived(&self, entry: &Entry) {
        let object = self.ports.archive.get(&entry.archive_key).await.expect("the delivery is archived");
        assert_eq!(object, entry.object);
    }
}

/// The queues, sorted.
pub(super) fn sorted(queues: &[QueueName]) -> Vec<QueueName> {
    let mut queues = queues.to_vec();
    queues.sort();
    queues
}

/// The entry for another set of queues.
pub(super) fn with_queues(entry: &Entry, name: &str, queues: &[QueueName]) -> Entry {
    let messages =
        queues.iter().map(|queue| (queue.clone(), message(name, queue, &entry.object.body))).collect();
    Entry { messages, ..entry.clone() }
}

/// The entry with other raw bytes.
pub(super) fn with_bytes(entry: &Entry, bytes: &'static str) -> Entry {
    let object = Object { body: bytes.into(), ..entry.object.clone() };
    Entry { object, ..entry.clone() }
}

/// What the pipeline makes: the archived bytes in the middle of a CloudEvent.
fn message(name: &str, queue: &QueueName, raw: &Bytes) -> Message {
    Message {
        body: message_body(raw),
        session: Some("acme/app/branch/main".into()),
        dedup_id: format!("{name}/{queue}"),
        ..Message::default()
    }
}

fn message_body(raw: &Bytes) -> Body {
    Body { head: Bytes::from_static(b"{\"data\":"), shared: raw.clone(), tail: Bytes::from_static(b"}") }
}
