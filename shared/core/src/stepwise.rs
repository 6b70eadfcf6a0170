//! The ledger for backends whose archive, queues and records know nothing of each other: one safe step after another.
//!
//! Raw bytes first; then all queues at once; what cannot be sent is named under `unrouted/` for `recover`; the mark last.
//! A crash between two steps loses nothing: the next try, or `recover`, goes on from what is there.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use futures::future::{Either, join_all, select};

use crate::{
    breaker::{Breakers, PROBE, Pass},
    ledger::{Committed, Entry, Ledger, Mark, Target, Unrouted},
    port::{Archive, Clock, ErrorKind, Expect, Message, PortError, Queue, QueueName, Record, Records},
    telemetry::UNROUTED,
};

/// Waits between tries of one queue, jittered; with the sends themselves well under GitHub's 10 s.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
const TRIES: usize = 4;

/// A queue that gives no answer is given up after this long: half of GitHub's 10 s is left for the steps before and after.
const PATIENCE: Duration = Duration::from_secs(5);

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
    /// Who keeps failing is skipped for a while.
    pub breakers: Breakers,
}

/// The queues that did not take a message, and why.
type Failed = Vec<(QueueName, PortError)>;

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
        let (mut reached, mut failed) = (Vec::new(), Failed::new());
        for (queue, result) in results {
            match result {
                Ok(()) => reached.push(queue),
                Err(error) => failed.push((queue, error)),
            }
        }
        sent.extend(reached.iter().map(|queue| (queue.clone(), entry.now)));
        let mark = Mark { archive, sent };
        if !failed.is_empty() {
            self.keep_unrouted(&entry, &mark, &failed).await?;
        }
        self.mark(&entry, seen, mark).await;
        Ok(Committed::Stored { duplicate, sent: reached })
    }

    fn targets(&self) -> Vec<Target> {
        self.breakers.targets(self.clock.now())
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

    /// Sends one message, unless the queue's circuit is open: then nothing is tried and nothing waits.
    async fn send(&self, queue: &QueueName, message: &Message) -> (QueueName, Result<(), PortError>) {
        let pass = match self.breakers.pass(queue, self.clock.now()) {
            Ok(pass) => pass,
            Err(skipped) => return (queue.clone(), Err(skipped)),
        };
        let patience = if pass.is_probe() { PROBE.unsigned_abs() } else { PATIENCE };
        let tried = Box::pin(self.tries(queue, message, &pass));
        let result = match select(tried, self.clock.sleep(patience)).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(PortError::unavailable(format!(
                "`{queue}` gave no answer within {} s",
                patience.as_secs()
            ))),
        };
        self.breakers.settle(queue, &pass, self.clock.now(), &result);
        (queue.clone(), result)
    }

    /// Tries, and again while that may help. A probe is one try: others are skipped meanwhile.
    async fn tries(&self, queue: &QueueName, message: &Message, pass: &Pass) -> Result<(), PortError> {
        let waits = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(if pass.is_probe() { 0 } else { TRIES - 1 });
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
                Some(wait) if self.breakers.is_valid(queue, pass) => self.clock.sleep(wait).await,
                _ => return result.map(drop),
            }
        }
    }

    /// Names the queues that an event could not be sent to, beside those that were named before and have not got it yet.
    /// If even that cannot be kept, the sender must come again.
    async fn keep_unrouted(&self, entry: &Entry, mark: &Mark, failed: &Failed) -> Result<(), PortError> {
        let key = Unrouted::key(&entry.mark_key);
        for _ in 0..TRIES {
            let record = self.records.get(&key).await?;
            let known = record.as_ref().and_then(|record| Unrouted::decode(&record.value).ok());
            let fresh = Unrouted { archive: mark.archive.clone(), queues: BTreeMap::new(), since: entry.now };
            let mut unrouted = known.unwrap_or(fresh);
            unrouted.queues.retain(|queue, _| !mark.sent.contains_key(queue));
            let new = failed.iter().filter(|(queue, _)| !unrouted.queues.contains_key(queue));
            let new: Vec<_> = new.map(|(queue, _)| queue).collect();
            unrouted.queues.extend(failed.iter().map(|(queue, error)| (queue.clone(), error.to_string())));
            let expect = record.map_or(Expect::Absent, |record| Expect::Version(record.version));
            match self.records.put_if(&key, unrouted.encode(), expect, None).await {
                Ok(_) => {
                    new.into_iter().for_each(|queue| told(queue, &mark.archive, &unrouted));
                    return Ok(());
                }
                Err(error) if error.kind == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        Err(PortError::unavailable(format!("`{key}` is contended: nobody could say what is not sent yet")))
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

fn told(queue: &QueueName, archive: &str, unrouted: &Unrouted) {
    let why = unrouted.queues.get(queue).map_or("", String::as_str);
    UNROUTED.add([queue.as_str()], 1);
    tracing::warn!(%queue, why, "`{archive}` could not be sent to `{queue}`: kept for recover");
}

fn may_pass(error: &PortError) -> bool {
    matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Throttled { .. })
}
