//! The receiving side's answers: complete, give back, bury, renew.

use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use jiff::Timestamp;
use pointsman_core::{
    attempts::TOO_OFTEN,
    port::{Abandon, Ask, PortError, QueueName, Receipt, Received, Receiver},
};

use super::{ServiceBusReceiver, holder::Hold};

#[async_trait]
impl Receiver for ServiceBusReceiver {
    async fn receive(&self, queue: &QueueName, ask: Ask) -> Result<Vec<Received>, PortError> {
        self.receive_some(queue, ask).await
    }

    async fn complete(&self, queue: &QueueName, receipts: &[Receipt]) -> Vec<Result<(), PortError>> {
        let complete = |receipt| async move {
            self.there(queue, receipt).await?;
            let holder = self.holder(queue, receipt)?;
            holder.settle(receipt, async |_| holder.dispose(receipt, "completed").await.map(|()| None)).await
        };
        join_all(receipts.iter().map(complete)).await
    }

    async fn abandon(&self, queue: &QueueName, receipt: &Receipt, how: Abandon) -> Result<(), PortError> {
        self.there(queue, receipt).await?;
        let holder = self.holder(queue, receipt)?;
        let most = self.0.bus.settings(queue).max_deliveries.max(1);
        holder
            .settle(receipt, async |hold| {
                let attempts = hold.tally.failed + 1;
                if let Some(error) = &how.failed
                    && !queue.is_dead_letters()
                    && attempts >= most
                {
                    self.bury(queue, hold, TOO_OFTEN, error, attempts).await?;
                    return holder.dispose(receipt, "completed").await.map(|()| None);
                }
                self.tell(queue, hold, how.failed.is_some()).await?;
                let due = self.0.bus.0.clock.now().checked_add(how.after);
                Ok(Some(due.unwrap_or(Timestamp::MAX)))
            })
            .await
    }

    async fn dead_letter(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        reason: &str,
        error: &str,
    ) -> Result<(), PortError> {
        self.there(queue, receipt).await?;
        let holder = self.holder(queue, receipt)?;
        holder
            .settle(receipt, async |hold| {
                if queue.is_dead_letters() {
                    // It is one already, and stays one.
                    return Ok(Some(self.0.bus.0.clock.now()));
                }
                self.bury(queue, hold, reason, error, hold.tally.failed + 1).await?;
                holder.dispose(receipt, "completed").await.map(|()| None)
            })
            .await
    }

    async fn renew(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        visibility: Duration,
    ) -> Result<Timestamp, PortError> {
        self.there(queue, receipt).await?;
        let until = self.0.bus.0.clock.now().checked_add(visibility).unwrap_or(Timestamp::MAX);
        self.holder(queue, receipt)?.renew(receipt, until).await.map(|()| until)
    }
}

impl ServiceBusReceiver {
    /// Of a receipt that nobody here knows: the queue may be one that is not there.
    async fn there(&self, queue: &QueueName, receipt: &Receipt) -> Result<(), PortError> {
        match self.holder(queue, receipt) {
            Ok(_) => Ok(()),
            Err(_) => self.look(queue, 0, 1).await.map(drop),
        }
    }

    /// Writes of what was only looked at that nobody tried it.
    pub(super) async fn untouched(
        &self,
        queue: &QueueName,
        holds: Vec<Hold>,
        but: &[Receipt],
    ) -> Result<(), PortError> {
        for hold in holds.iter().filter(|hold| !but.contains(&hold.message.receipt)) {
            self.tell(queue, hold, false).await?;
        }
        Ok(())
    }

    /// Writes that this receive has come to its end, so that it is not taken for one that expired.
    async fn tell(&self, queue: &QueueName, hold: &Hold, failed: bool) -> Result<(), PortError> {
        if queue.is_dead_letters() {
            return Ok(());
        }
        let mut tally = hold.tally.clone();
        tally.failed += u32::from(failed);
        tally.settled = hold.receives;
        self.0.attempts.write(queue, &hold.sequence, &tally, self.0.bus.0.clock.now()).await
    }
}
