//! The receiving side's answers: complete, give back, bury, renew.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use async_trait::async_trait;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry};
use futures::future::try_join_all;
use jiff::Timestamp;
use pointsman_core::{
    port::{Abandon, Ask, ErrorKind, PortError, QueueName, Receipt, Received, Receiver},
    session::Session,
};

use super::{
    BATCH, Place, Sqs, again,
    bury::TOO_OFTEN,
    held::{Hold, Taken},
    wire,
};
use crate::fault::Asked;

/// Messages of one session that are given back wait for one another this long, SQS's shortest.
const TOGETHER: Duration = Duration::from_secs(1);

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
    /// Forgets messages that somebody else removes, as Lambda's event source does with what its function has handled: what
    /// waits for them to be settled is given back. Of adopted messages, each is settled or forgotten.
    pub async fn forget(&self, queue: &QueueName, receipts: &[Receipt]) -> Result<(), PortError> {
        let place = self.place(queue).await?;
        let now = self.0.clock.now();
        let taken = receipts.iter().filter_map(|receipt| self.0.held.take(queue, receipt, now).ok());
        let sessions: BTreeSet<_> = taken.filter_map(|taken| taken.hold.message.session).collect();
        for session in sessions {
            self.leave(queue, &place, &session).await;
        }
        Ok(())
    }

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

    /// Gives back what waited for the last of its session to be settled. What cannot be given back expires.
    async fn leave(&self, queue: &QueueName, place: &Place, session: &Session) {
        let now = self.0.clock.now();
        let left = self.0.held.left(queue, session, now);
        let Some(due) = left.iter().map(|leaving| leaving.due).max() else { return };
        let wait = Duration::try_from(due.duration_since(now)).unwrap_or_default();
        // Several become visible in one moment, the first of them last: nobody gets a part of them, or out of order.
        let wait = if left.len() > 1 { wait.max(TOGETHER) } else { wait };
        let receipts: Vec<_> = left.into_iter().map(|leaving| leaving.receipt).collect();
        if let Err(error) = self.change(queue, place, &receipts, wait).await {
            tracing::warn!(%queue, %session, %error, "messages of `{session}` are given back late: when their hold is over");
        }
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

    /// Gives one message back. Its tally first: a crash after it leaves a message that expires and is not counted twice.
    /// One of a session leaves once the last that is held of it is settled: nobody else may have the session before.
    async fn let_go(
        &self,
        queue: &QueueName,
        place: &Place,
        taken: &Taken,
        failed: bool,
        after: Duration,
    ) -> Result<(), PortError> {
        self.tell(queue, &taken.hold, failed).await?;
        let message = &taken.hold.message;
        match &message.session {
            Some(session) => {
                let due = self.0.clock.now().checked_add(after).unwrap_or(Timestamp::MAX);
                self.0.held.leave(queue, session, taken, due);
                Ok(())
            }
            None => self.change(queue, place, std::slice::from_ref(&message.receipt), after).await,
        }
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

    /// Says from when on messages may be received again; in the order given. The last one's answer counts.
    async fn change(
        &self,
        queue: &QueueName,
        place: &Place,
        receipts: &[Receipt],
        visibility: Duration,
    ) -> Result<(), PortError> {
        let right = "sqs:ChangeMessageVisibility";
        let mut result = Ok(());
        for few in receipts.chunks(BATCH) {
            let mut call = self.0.client.change_message_visibility_batch().queue_url(&place.url);
            for (number, receipt) in few.iter().enumerate() {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(number.to_string());
                let entry = entry.receipt_handle(&receipt.0).visibility_timeout(wire::seconds(visibility));
                call = call.entries(entry.build().expect("it has both"));
            }
            let answer = match call.send().await {
                Ok(answer) => answer,
                Err(error) => return Err(self.failed(queue, place, right, error).await),
            };
            let last = (few.len() - 1).to_string();
            let failed = answer.failed.into_iter().find(|failed| failed.id == last);
            result = failed.map_or(Ok(()), |failed| {
                let status = if failed.sender_fault { 400 } else { 500 };
                let asked = Asked { right, on: &place.shown };
                Err(asked.refused(Some(&failed.code), failed.message.as_deref(), status, None))
            });
        }
        result
    }

    /// Gives back at once what nobody has seen, last to first. What cannot be given back expires.
    pub(super) async fn give_back(
        &self,
        queue: &QueueName,
        place: &Place,
        holds: Vec<Hold>,
    ) -> Result<(), PortError> {
        if holds.is_empty() {
            return Ok(());
        }
        try_join_all(holds.iter().map(|hold| self.tell(queue, hold, false))).await?;
        let backwards: Vec<_> = holds.into_iter().rev().map(|hold| hold.message.receipt).collect();
        self.change(queue, place, &backwards, Duration::ZERO).await
    }
}

/// Whether the hold itself is over.
fn lost<T>(result: &Result<T, PortError>) -> bool {
    result.as_ref().is_err_and(|error| error.kind == ErrorKind::Conflict)
}
