//! The receiving side's answers: complete, give back, bury, renew.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry};
use futures::future::try_join_all;
use jiff::Timestamp;
use pointsman_core::port::{Abandon, Ask, ErrorKind, PortError, QueueName, Receipt, Received, Receiver};

use super::{BATCH, Place, Sqs, again, bury::TOO_OFTEN, held::Hold, wire};
use crate::fault::Asked;

#[async_trait]
impl Receiver for Sqs {
    async fn receive(&self, queue: &QueueName, ask: Ask) -> Result<Vec<Received>, PortError> {
        self.receive_some(queue, ask).await
    }

    async fn complete(&self, queue: &QueueName, receipts: &[Receipt]) -> Vec<Result<(), PortError>> {
        if receipts.is_empty() {
            return Vec::new();
        }
        let place = match self.place(queue).await {
            Ok(place) => place,
            Err(error) => return receipts.iter().map(|_| Err(again(&error))).collect(),
        };
        let mut results = Vec::with_capacity(receipts.len());
        for few in receipts.chunks(BATCH) {
            results.extend(self.complete_few(queue, &place, few).await);
        }
        results
    }

    async fn abandon(&self, queue: &QueueName, receipt: &Receipt, how: Abandon) -> Result<(), PortError> {
        let place = self.place(queue).await?;
        self.settle(queue, receipt, async |hold| {
            let most = self.settings(queue).max_deliveries.max(1);
            match &how.failed {
                Some(error) if !queue.is_dead_letters() && hold.tally.failed + 1 >= most => {
                    self.bury(queue, &place, hold, TOO_OFTEN, error, hold.tally.failed + 1).await
                }
                failed => self.let_go(queue, &place, hold, failed.is_some(), how.after).await,
            }
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
        let place = self.place(queue).await?;
        self.settle(queue, receipt, async |hold| {
            if queue.is_dead_letters() {
                // It is one already, and stays one.
                return self.let_go(queue, &place, hold, false, Duration::ZERO).await;
            }
            self.bury(queue, &place, hold, reason, error, hold.tally.failed + 1).await
        })
        .await
    }

    async fn renew(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        visibility: Duration,
    ) -> Result<Timestamp, PortError> {
        let place = self.place(queue).await?;
        let now = self.0.clock.now();
        let mut hold = self.0.held.take(queue, receipt, now)?;
        let changed = self.change(queue, &place, receipt, visibility).await;
        if changed.is_ok() {
            let whole = Duration::from_secs(wire::seconds(visibility).unsigned_abs().into());
            hold.message.visible_at = now.checked_add(whole).unwrap_or(Timestamp::MAX);
        }
        let until = hold.message.visible_at;
        if !lost(&changed) {
            self.0.held.add(queue, [hold], now);
        }
        changed.map(|()| until)
    }
}

impl Sqs {
    /// Settles a hold; it stays one when that failed for another reason than that it is over.
    async fn settle(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        how: impl AsyncFnOnce(&Hold) -> Result<(), PortError>,
    ) -> Result<(), PortError> {
        let now = self.0.clock.now();
        let hold = self.0.held.take(queue, receipt, now)?;
        let settled = how(&hold).await;
        if settled.is_err() && !lost(&settled) {
            self.0.held.add(queue, [hold], now);
        }
        settled
    }

    async fn complete_few(
        &self,
        queue: &QueueName,
        place: &Place,
        receipts: &[Receipt],
    ) -> Vec<Result<(), PortError>> {
        let now = self.0.clock.now();
        let mut holds: Vec<_> =
            receipts.iter().map(|receipt| Some(self.0.held.take(queue, receipt, now))).collect();
        let mut call = self.0.client.delete_message_batch().queue_url(&place.url);
        let mut any = false;
        for (number, receipt) in receipts.iter().enumerate() {
            if let Some(Ok(_)) = holds[number] {
                let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string());
                call = call.entries(entry.receipt_handle(&receipt.0).build().expect("it has both"));
                any = true;
            }
        }
        let mut errors: HashMap<usize, PortError> = HashMap::new();
        if any {
            match call.send().await {
                Ok(answer) => {
                    for failed in answer.failed {
                        let asked = Asked { right: "sqs:DeleteMessage", on: &place.shown };
                        let status = if failed.sender_fault { 400 } else { 500 };
                        let error =
                            asked.refused(Some(&failed.code), failed.message.as_deref(), status, None);
                        errors.extend(failed.id.parse().map(|number: usize| (number, error)));
                    }
                }
                Err(error) => {
                    let error = self.failed(queue, place, "sqs:DeleteMessage", error).await;
                    errors.extend((0..receipts.len()).map(|number| (number, again(&error))));
                }
            }
        }
        let settled = |(number, hold): (usize, &mut Option<Result<Hold, PortError>>)| {
            let hold = hold.take().expect("each is looked at once")?;
            let Some(error) = errors.remove(&number) else { return Ok(()) };
            if error.kind != ErrorKind::Conflict {
                self.0.held.add(queue, [hold], now);
            }
            Err(error)
        };
        holds.iter_mut().enumerate().map(settled).collect()
    }

    pub(super) async fn delete(
        &self,
        queue: &QueueName,
        place: &Place,
        receipt: &Receipt,
    ) -> Result<(), PortError> {
        let call = self.0.client.delete_message().queue_url(&place.url).receipt_handle(&receipt.0);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(queue, place, "sqs:DeleteMessage", error).await),
        }
    }

    /// Gives one message back. Its tally first: a crash after it leaves a message that expires and is not counted twice.
    async fn let_go(
        &self,
        queue: &QueueName,
        place: &Place,
        hold: &Hold,
        failed: bool,
        after: Duration,
    ) -> Result<(), PortError> {
        self.tell(queue, hold, failed).await?;
        self.change(queue, place, &hold.message.receipt, after).await
    }

    /// Writes that this receive has come to its end, so that it is not taken for one that expired.
    async fn tell(&self, queue: &QueueName, hold: &Hold, failed: bool) -> Result<(), PortError> {
        if queue.is_dead_letters() {
            return Ok(());
        }
        let mut tally = hold.tally.clone();
        tally.failed += u32::from(failed);
        tally.settled = hold.receives;
        self.0.attempts.write(queue, &hold.message.id.0, &tally, self.0.clock.now()).await
    }

    async fn change(
        &self,
        queue: &QueueName,
        place: &Place,
        receipt: &Receipt,
        visibility: Duration,
    ) -> Result<(), PortError> {
        let call = self.0.client.change_message_visibility().queue_url(&place.url).receipt_handle(&receipt.0);
        match call.visibility_timeout(wire::seconds(visibility)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(queue, place, "sqs:ChangeMessageVisibility", error).await),
        }
    }

    /// Gives back at once what nobody has seen, last to first. What cannot be given back expires.
    pub(super) async fn give_back(
        &self,
        queue: &QueueName,
        place: &Place,
        holds: Vec<Hold>,
    ) -> Result<(), PortError> {
        try_join_all(holds.iter().map(|hold| self.tell(queue, hold, false))).await?;
        let backwards: Vec<_> = holds.iter().rev().collect();
        for few in backwards.chunks(BATCH) {
            let mut call = self.0.client.change_message_visibility_batch().queue_url(&place.url);
            for (number, hold) in few.iter().enumerate() {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(number.to_string());
                let entry = entry.receipt_handle(&hold.message.receipt.0).visibility_timeout(0);
                call = call.entries(entry.build().expect("it has both"));
            }
            if let Err(error) = call.send().await {
                return Err(self.failed(queue, place, "sqs:ChangeMessageVisibility", error).await);
            }
        }
        Ok(())
    }
}

/// Whether the hold itself is over.
fn lost<T>(result: &Result<T, PortError>) -> bool {
    result.as_ref().is_err_and(|error| error.kind == ErrorKind::Conflict)
}
