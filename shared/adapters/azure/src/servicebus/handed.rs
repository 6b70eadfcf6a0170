//! What a function's host receives for us and settles by the function's answer: success completes, failure brings it again.
//! Here it is counted and, where it failed too often or for good, sent to our own dead letters; the host is then told that
//! all went well.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use pointsman_core::{
    attempts::{Attempts, NOBODY, TOO_OFTEN, Tally, bury, cut},
    pack::unpack,
    port::{
        Abandon, Ask, Delivered, Handover, Message, MessageId, PortError, QueueName, Receipt, Received,
        Receiver, Records,
    },
};

use super::{ServiceBus, wire};

/// Messages of functions. `system` of a [`Delivered`] has the names of the trigger's metadata: `DeliveryCount`,
/// `SequenceNumber`, `SessionId`, `EnqueuedTimeUtc`.
#[derive(Clone)]
pub struct Handed {
    bus: ServiceBus,
    attempts: Arc<Attempts>,
    holds: Arc<Mutex<HashMap<(QueueName, Receipt), Hold>>>,
}

#[derive(Debug, Clone)]
struct Hold {
    message: Received,
    /// By which its attempts are counted: of one dedup id there may be several messages, one after another.
    sequence: String,
    receives: u32,
    tally: Tally,
}

impl Handed {
    /// Failed attempts are counted in `records`.
    pub fn new(bus: ServiceBus, records: Arc<dyn Records>) -> Self {
        Self { bus, attempts: Arc::new(Attempts(records)), holds: Arc::default() }
    }

    async fn hold(&self, queue: &QueueName, message: Delivered, until: Timestamp) -> Result<Hold, PortError> {
        let count = message.system.get("DeliveryCount").and_then(|count| count.parse().ok());
        let receives: u32 = count.unwrap_or(1);
        let sequence = message.system.get("SequenceNumber").unwrap_or(&message.id).clone();
        let mut tally = Tally::default();
        // A dead letter has died: it counts no more attempts.
        if receives > 1 && !queue.is_dead_letters() {
            tally = self.attempts.read(queue, &sequence).await?;
            // A host hands over one message of a session at a time: whatever ended without a word was tried.
            if tally.arrive(receives, true) {
                tally.error = None;
                self.attempts.write(queue, &sequence, &tally, self.bus.0.clock.now()).await?;
            }
        }
        let session = wire::session(message.system.get("SessionId").map(String::as_str));
        let enqueued = message.system.get("EnqueuedTimeUtc").and_then(|text| text.parse().ok());
        let content = unpack(message.text.into(), message.attributes);
        let message = Received {
            id: MessageId(message.id),
            receipt: Receipt(message.receipt),
            body: content.body,
            session,
            attributes: content.attributes,
            correlation: content.correlation,
            attempt: tally.failed + 1,
            enqueued: enqueued.unwrap_or(Timestamp::UNIX_EPOCH),
            visible_at: until,
        };
        Ok(Hold { message, sequence, receives, tally })
    }

    /// A copy goes to the dead letters; a crash before the host has completed the message leaves two of it, never none.
    async fn bury(
        &self,
        queue: &QueueName,
        hold: &Hold,
        reason: &str,
        error: &str,
        attempts: u32,
    ) -> Result<(), PortError> {
        bury(&self.bus, queue, &hold.message, reason, error, attempts, self.bus.0.clock.now()).await
    }

    fn take(&self, queue: &QueueName, receipt: &Receipt) -> Result<Hold, PortError> {
        let found = self.holds().remove(&(queue.clone(), receipt.clone()));
        let now = self.bus.0.clock.now();
        found.filter(|hold| hold.message.visible_at > now).ok_or_else(|| {
            PortError::conflict(format!(
                "this receipt of `{queue}` is void: its message is settled, or was held too long"
            ))
        })
    }

    fn put_back(&self, queue: &QueueName, hold: Hold) {
        self.holds().insert((queue.clone(), hold.message.receipt.clone()), hold);
    }

    fn holds(&self) -> MutexGuard<'_, HashMap<(QueueName, Receipt), Hold>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Handover for Handed {
    async fn adopt(
        &self,
        queue: &QueueName,
        messages: Vec<Delivered>,
        until: Timestamp,
    ) -> Result<Vec<Received>, PortError> {
        let most = self.bus.settings(queue).max_deliveries.max(1);
        let mut living = Vec::new();
        for message in messages {
            let hold = self.hold(queue, message, until).await?;
            if hold.tally.failed >= most && !queue.is_dead_letters() {
                let error = hold.tally.error.clone().unwrap_or_else(|| NOBODY.to_owned());
                self.bury(queue, &hold, TOO_OFTEN, &error, hold.tally.failed).await?;
            } else {
                living.push(hold.message.clone());
                self.put_back(queue, hold);
            }
        }
        Ok(living)
    }

    async fn forget(&self, queue: &QueueName, receipts: &[Receipt]) -> Result<(), PortError> {
        let mut holds = self.holds();
        for receipt in receipts {
            holds.remove(&(queue.clone(), receipt.clone()));
        }
        Ok(())
    }

    async fn postpone(&self, queue: &QueueName, receipt: &Receipt, copy: Message) -> Result<(), PortError> {
        let hold = self.take(queue, receipt)?;
        let sent = self.bus.schedule(queue, &copy).await;
        if sent.is_err() {
            self.put_back(queue, hold);
        }
        sent
    }
}

#[async_trait]
impl Receiver for Handed {
    async fn receive(&self, queue: &QueueName, _: Ask) -> Result<Vec<Received>, PortError> {
        let why = format!(
            "messages of `{queue}` come by the function's trigger: a worker needs the feature `receiver`"
        );
        Err(PortError::invalid(why))
    }

    /// The host removes them once the function has answered.
    async fn complete(&self, queue: &QueueName, receipts: &[Receipt]) -> Vec<Result<(), PortError>> {
        receipts.iter().map(|receipt| self.take(queue, receipt).map(drop)).collect()
    }

    /// Counts; the host gives it back, once the function has failed. It dies when it comes again after the last attempt.
    async fn abandon(&self, queue: &QueueName, receipt: &Receipt, how: Abandon) -> Result<(), PortError> {
        let hold = self.take(queue, receipt)?;
        if queue.is_dead_letters() {
            return Ok(());
        }
        let mut tally = hold.tally.clone();
        tally.settled = hold.receives;
        if let Some(error) = &how.failed {
            tally.failed += 1;
            tally.error = Some(cut(error).to_owned());
        }
        let written = self.attempts.write(queue, &hold.sequence, &tally, self.bus.0.clock.now()).await;
        if written.is_err() {
            self.put_back(queue, hold);
        }
        written
    }

    async fn dead_letter(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        reason: &str,
        error: &str,
    ) -> Result<(), PortError> {
        let hold = self.take(queue, receipt)?;
        if queue.is_dead_letters() {
            let why = format!("a message of `{queue}` is a dead letter already: it stays one");
            return Err(PortError::invalid(why));
        }
        let buried = self.bury(queue, &hold, reason, error, hold.tally.failed + 1).await;
        if buried.is_err() {
            self.put_back(queue, hold);
        }
        buried
    }

    /// The host renews its locks by itself; what is extended here is how long we take them for good.
    async fn renew(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        visibility: Duration,
    ) -> Result<Timestamp, PortError> {
        let mut hold = self.take(queue, receipt)?;
        let until = self.bus.0.clock.now().checked_add(visibility).unwrap_or(Timestamp::MAX);
        hold.message.visible_at = until;
        self.put_back(queue, hold);
        Ok(until)
    }
}
