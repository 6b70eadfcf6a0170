//! What Lambda's event source receives for us, and removes once its function has answered.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use pointsman_core::port::{Delivered, Handover, PortError, QueueName, Receipt, Received};

use super::Sqs;

#[async_trait]
impl Handover for Sqs {
    async fn adopt(
        &self,
        queue: &QueueName,
        messages: Vec<Delivered>,
        until: Timestamp,
    ) -> Result<Vec<Received>, PortError> {
        let place = self.place(queue).await?;
        let holds = self.holds(queue, messages, until).await?;
        self.keep_living(queue, &place, holds).await
    }

    async fn forget(&self, queue: &QueueName, receipts: &[Receipt]) -> Result<(), PortError> {
        let place = self.place(queue).await?;
        let now = self.0.clock.now();
        let taken = receipts.iter().filter_map(|receipt| self.0.held.take(queue, receipt, now).ok());
        let sessions: BTreeSet<_> = taken.filter_map(|taken| taken.hold.message.session).collect();
        for session in sessions {
            self.leave(queue, &place, &session).await;
        }
        Ok(())
    }
}
