//! The ledger for backends whose archive, queues and records know nothing of each other: one safe step after another.
//!
//! Raw bytes first; then all queues at once; what cannot be sent is named under `unrouted/` for `recover`; the mark last.
//! A crash between two steps loses nothing: the next try, or `recover`, goes on from what is there.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use futures::future::join_all;

use crate::{
    ledger::{Committed, Entry, Ledger, Mark, Unrouted},
    port::{Archive, Clock, ErrorKind, Expect, Message, PortError, Queue, QueueName, Record, Records},
};

/// Waits between tries of one queue, jittered; with the sends themselves well under GitHub's 10 s.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
const TRIES: usize = 4;

/// A ledger over three separate ports.
pub struct Stepwise {
    /// Raw deliveries.
    pub archive: Arc<dyn Archive>,
    /// The queues.
    pub queue: Arc<dyn Queue>,
    /// Routing marks and what is unrouted.
    pub records: Arc<dyn Records>,
    /// For the waits between tries.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Ledger for Stepwise {
    async fn commit(&self, entry: Entry) -> Result<Committed, PortError> {
        let seen = self.records.get(&entry.mark_key).await?;
        let mark = seen.as_ref().map(|record| Mark::decode(&record.value)).transpose()?;
        let archive = mark.as_ref().map_or(&entry.archive_key, |mark| &mark.archive).clone();
        let Some(duplicate) = self.keep(&archive, &entry).await? else {
            return Ok(Committed::OtherBytes { key: archive });
        };
        let mut sent = mark.map(|mark| mark.sent).unwrap_or_default();
        let lacking = entry.messages.iter().filter(|(queue, _)| !sent.contains_key(queue));
        let results =
            join_all(lacking.map(|(queue, message)| self.send(queue, message)).collect::<Vec<_>>()).await;
        let (reached, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(|(_, result)| result.is_ok());
        let reached: Vec<QueueName> = reached.into_iter().map(|(queue, _)| queue).collect();
        if !failed.is_empty() {
            self.keep_unrouted(&entry, &archive, failed).await?;
        }
        sent.extend(reached.iter().map(|queue| (queue.clone(), entry.now)));
        self.mark(&entry, seen, Mark { archive, sent }).await;
        Ok(Committed::Stored { duplicate, sent: reached })
    }
}

impl Stepwise {
    /// Makes the raw bytes durable; says whether they were there before, or `None` where other bytes are.
    async fn keep(&self, key: &str, entry: &Entry) -> Result<Option<bool>, PortError> {
        match self.archive.put_new(key, entry.object.clone()).await {
            Ok(()) => Ok(Some(false)),
            Err(error) if error.kind == ErrorKind::Conflict => {
                let there = self.archive.get(key).await?;
                Ok((there.body == entry.object.body).then_some(true))
            }
            Err(error) => Err(error),
        }
    }

    /// Sends one message, and again while that may help.
    async fn send(&self, queue: &QueueName, message: &Message) -> (QueueName, Result<(), PortError>) {
        let waits = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(TRIES - 1);
        let mut waits = waits.build();
        loop {
            let result = self.queue.send(queue, vec![message.clone()]).await.pop();
            let result =
                result.unwrap_or_else(|| Err(PortError::internal(format!("`{queue}` gave no answer"))));
            let wait = match &result {
                Err(error) if may_pass(error) => waits.next(),
                _ => None,
            };
            match wait {
                Some(wait) => self.clock.sleep(wait).await,
                None => return (queue.clone(), result.map(drop)),
            }
        }
    }

    /// Names the queues that an event could not be sent to. If even that cannot be kept, the sender must come again.
    async fn keep_unrouted(
        &self,
        entry: &Entry,
        archive: &str,
        failed: Vec<(QueueName, Result<(), PortError>)>,
    ) -> Result<(), PortError> {
        let mut queues = BTreeMap::new();
        for (queue, result) in failed {
            let why = result.err().map(|error| error.to_string()).unwrap_or_default();
            tracing::warn!(%queue, why, "`{archive}` could not be sent to `{queue}`: kept for recover");
            queues.insert(queue, why);
        }
        let unrouted = Unrouted { archive: archive.to_owned(), queues, since: entry.now };
        self.records
            .put_if(&Unrouted::key(&entry.mark_key), unrouted.encode(), Expect::Anything, None)
            .await?;
        Ok(())
    }

    /// A mark that cannot be written costs a second copy at worst, within the queues' dedup window not even that: it is
    /// told, and the delivery is accepted.
    async fn mark(&self, entry: &Entry, seen: Option<Record>, mut mark: Mark) {
        let mut expect = seen.map_or(Expect::Absent, |record| Expect::Version(record.version));
        for _ in 0..TRIES {
            match self
                .records
                .put_if(&entry.mark_key, mark.encode(), expect.clone(), entry.mark_expires)
                .await
            {
                Ok(_) => return,
                Err(error) if error.kind == ErrorKind::Conflict => {}
                Err(error) => {
                    return tracing::warn!(%error, "the mark `{}` could not be written", entry.mark_key);
                }
            }
            let Ok(Some(record)) = self.records.get(&entry.mark_key).await else { continue };
            if let Ok(other) = Mark::decode(&record.value) {
                mark.sent.extend(other.sent);
            }
            expect = Expect::Version(record.version);
        }
        tracing::warn!("the mark `{}` is contended: given up", entry.mark_key);
    }
}

fn may_pass(error: &PortError) -> bool {
    matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Throttled { .. })
}
