//! The receiving side's answers: complete, give back, bury, renew.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use async_trait::async_trait;
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use jiff::Timestamp;
use pointsman_core::{
    attempts::TOO_OFTEN,
    port::{Abandon, Ask, ErrorKind, PortError, QueueName, Receipt, Received, Receiver},
};

use super::{BATCH, Place, Sqs, again, held::Taken, wire};
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
        self.settle(queue, &place, receipt, async |taken| {
            let most = self.settings(queue).max_deliveries.max(1);
            let attempts = taken.hold.tally.failed + 1;
            match &how.failed {
                Some(error) if !queue.is_dead_letters() && attempts >= most => {
                    self.bury(queue, &place, &taken.hold, TOO_OFTEN, error, attempts).await
                }
                failed => self.let_go(queue, &place, taken, failed.is_some(), how.after).await,
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
        self.settle(queue, &place, receipt, async |taken| {
            if queue.is_dead_letters() {
                // It is one already, and stays one.
                return self.let_go(queue, &place, taken, false, Duration::ZERO).await;
            }
            self.bury(queue, &place, &taken.hold, reason, error, taken.hold.tally.failed + 1).await
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
        let mut taken = self.0.held.take(queue, receipt, now)?;
        // With all that is held of its session, last to first: were it alone, its session could be handed out behind it.
        let mut all = match &taken.hold.message.session {
            Some(session) => self.0.held.of_session(queue, session, now),
            None => Vec::new(),
        };
        all.push(receipt.clone());
        let changed = self.change(queue, &place, &all, visibility).await;
        if changed.is_ok() {
            let whole = Duration::from_secs(wire::seconds(visibility).unsigned_abs().into());
            taken.hold.message.visible_at = now.checked_add(whole).unwrap_or(Timestamp::MAX);
        }
        let until = taken.hold.message.visible_at;
        if !lost(&changed) {
            self.0.held.put_back(queue, taken);
        }
        changed.map(|()| until)
    }
}

impl Sqs {
    /// Settles a hold; it stays one when that failed for another reason than that it is over.
    async fn settle(
        &self,
        queue: &QueueName,
        place: &Place,
        receipt: &Receipt,
        how: impl AsyncFnOnce(&Taken) -> Result<(), PortError>,
    ) -> Result<(), PortError> {
        let taken = self.0.held.take(queue, receipt, self.0.clock.now())?;
        let settled = how(&taken).await;
        let session = taken.hold.message.session.clone();
        if settled.is_err() && !lost(&settled) {
            self.0.held.put_back(queue, taken);
        } else if let Some(session) = session {
            self.leave(queue, place, &session).await;
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
        let sessions: BTreeSet<_> =
            holds.iter().flatten().flatten().filter_map(|taken| taken.hold.message.session.clone()).collect();
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
        let settled = |(number, taken): (usize, &mut Option<Result<Taken, PortError>>)| {
            let taken = taken.take().expect("each is looked at once")?;
            let Some(error) = errors.remove(&number) else { return Ok(()) };
            if error.kind != ErrorKind::Conflict {
                self.0.held.put_back(queue, taken);
            }
            Err(error)
        };
        let results = holds.iter_mut().enumerate().map(settled).collect();
        for session in sessions {
            self.leave(queue, place, &session).await;
        }
        results
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
}

/// Whether the hold itself is over.
fn lost<T>(result: &Result<T, PortError>) -> bool {
    result.as_ref().is_err_and(|error| error.kind == ErrorKind::Conflict)
}
