//! Giving messages back: those of one session together, and not before the last that is held of it is settled.

use std::time::Duration;

use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;
use futures::future::try_join_all;
use jiff::Timestamp;
use pointsman_core::{
    port::{PortError, QueueName, Receipt},
    session::Session,
};

use super::{
    BATCH, Place, Sqs,
    held::{Hold, Taken},
    wire,
};
use crate::fault::Asked;

/// Messages of one session that are given back wait for one another this long, SQS's shortest.
const TOGETHER: Duration = Duration::from_secs(1);

impl Sqs {
    /// Gives back what waited for the last of its session to be settled. What cannot be given back expires.
    pub(super) async fn leave(&self, queue: &QueueName, place: &Place, session: &Session) {
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

    /// Gives one message back. Its tally first: a crash after it leaves a message that expires and is not counted twice.
    /// One of a session leaves once the last that is held of it is settled: nobody else may have the session before.
    pub(super) async fn let_go(
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
    pub(super) async fn tell(&self, queue: &QueueName, hold: &Hold, failed: bool) -> Result<(), PortError> {
        if queue.is_dead_letters() {
            return Ok(());
        }
        let mut tally = hold.tally.clone();
        tally.failed += u32::from(failed);
        tally.settled = hold.receives;
        self.0.attempts.write(queue, &hold.message.id.0, &tally, self.0.clock.now()).await
    }

    /// Says from when on messages may be received again; in the order given. The last one's answer counts.
    pub(super) async fn change(
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
