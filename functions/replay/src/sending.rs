//! A batch goes out: to each queue its messages in order, then into the routing marks what they lack.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use pointsman_core::{
    ledger::Mark,
    port::{ErrorKind, Expect, Message, PortError, QueueName, Sent},
};
use tracing::warn;

use crate::{Ports, reading::Item};

/// How often a contended mark is tried.
const TRIES: usize = 3;

/// What came of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Messages enqueued.
    pub sent: u64,
    /// Messages that were enqueued before.
    pub duplicates: u64,
    /// Messages that their queue refused for good.
    pub failed: u64,
}

/// Sends; an error says that not everything is out, and that the same batch may be sent again: what is out is known by
/// its dedup id.
pub async fn send(
    items: &mut [Item],
    ports: &Ports,
    (now, kept): (Timestamp, SignedDuration),
) -> Result<Sum, PortError> {
    let mut queues: BTreeMap<QueueName, Vec<(usize, Message)>> = BTreeMap::new();
    let mut lacking: Vec<BTreeSet<QueueName>> = Vec::with_capacity(items.len());
    for (index, item) in items.iter_mut().enumerate() {
        let messages = std::mem::take(&mut item.again.messages);
        let lacks = messages.iter().filter(|(queue, _)| item.had(queue).is_none());
        lacking.push(lacks.map(|(queue, _)| queue.clone()).collect());
        for (queue, message) in messages {
            queues.entry(queue).or_default().push((index, message));
        }
    }
    let sends = queues.into_iter().map(|(queue, messages)| to_one(queue, messages, ports));
    let mut sum = Sum::default();
    for (queue, results) in join_all(sends.collect::<Vec<_>>()).await {
        for (index, result) in results {
            match result {
                Ok(sent) if sent.duplicate => sum.duplicates += 1,
                Ok(_) => sum.sent += 1,
                Err(error) if error.kind == ErrorKind::Invalid => {
                    warn!(%queue, "`{queue}` takes {} for good not: {error}", items[index].key);
                    lacking[index].remove(&queue);
                    sum.failed += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
    let marks = items.iter().zip(lacking).filter(|(_, lacks)| !lacks.is_empty());
    join_all(marks.map(|(item, lacks)| complete(item, lacks, ports, (now, kept))).collect::<Vec<_>>()).await;
    Ok(sum)
}

type Results = Vec<(usize, Result<Sent, PortError>)>;

/// One call a queue, so that what a session is sent stays in order also when it fails half-way.
async fn to_one(queue: QueueName, messages: Vec<(usize, Message)>, ports: &Ports) -> (QueueName, Results) {
    let (indexes, messages): (Vec<_>, Vec<_>) = messages.into_iter().unzip();
    let results = ports.queue.send(&queue, messages).await;
    let mut results = results.into_iter();
    let answered = |index| {
        let none = || Err(PortError::internal(format!("`{queue}` gave no answer for a message")));
        (index, results.next().unwrap_or_else(none))
    };
    let answers = indexes.into_iter().map(answered).collect();
    (queue, answers)
}

/// The mark says from now on that these queues have it, too: a redelivery is not sent to them. Without it only a second
/// copy is at stake, so what fails here is told and no more.
async fn complete(
    item: &Item,
    lacks: BTreeSet<QueueName>,
    ports: &Ports,
    (now, kept): (Timestamp, SignedDuration),
) {
    let expires = item.received.checked_add(kept).ok();
    if item.mark.is_none() && expires.is_some_and(|expires| expires <= now) {
        // It is so old that its mark was forgotten: nobody sends it again.
        return;
    }
    let mut mark = item.mark.clone();
    for _ in 0..TRIES {
        let (mut said, expect) = match mark {
            Some((mark, version)) => (mark, Expect::Version(version)),
            None => (Mark { archive: item.key.clone(), sent: BTreeMap::new() }, Expect::Absent),
        };
        for queue in &lacks {
            said.sent.entry(queue.clone()).or_insert(now);
        }
        let until = now.checked_add(kept).ok();
        match ports.records.put_if(&item.mark_key, said.encode(), expect, until).await {
            Ok(_) => return,
            Err(error) if error.kind == ErrorKind::Conflict => {}
            Err(error) => return warn!(%error, "the mark `{}` could not be completed", item.mark_key),
        }
        let read = ports.records.get(&item.mark_key).await.ok().flatten();
        mark = read.and_then(|record| Some((Mark::decode(&record.value).ok()?, record.version)));
    }
    warn!("the mark `{}` is contended: it was not completed", item.mark_key);
}
