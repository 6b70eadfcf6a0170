//! What this process holds. SQS settles by receipt alone, and shows a message no second time: for its dead letter the
//! message itself is needed. A standard queue also accepts receipts that are over: here they are not.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use pointsman_core::port::{PortError, QueueName, Receipt, Received};

use super::attempts::Tally;

/// A message that is held.
#[derive(Debug, Clone)]
pub(super) struct Hold {
    pub(super) message: Received,
    /// Receives by SQS's count, this one included.
    pub(super) receives: u32,
    pub(super) tally: Tally,
}

/// All of them, by receipt.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<HashMap<(QueueName, Receipt), Hold>>);

impl Held {
    /// Adds holds, and forgets those that are over.
    pub(super) fn add(&self, queue: &QueueName, holds: impl IntoIterator<Item = Hold>, now: Timestamp) {
        let mut all = self.all();
        all.retain(|_, hold| hold.message.visible_at > now);
        for hold in holds {
            all.insert((queue.clone(), hold.message.receipt.clone()), hold);
        }
    }

    /// Takes a hold out, to settle it; `Conflict` where there is none that is still good.
    pub(super) fn take(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<Hold, PortError> {
        let hold = self.all().remove(&(queue.clone(), receipt.clone()));
        hold.filter(|hold| hold.message.visible_at > now).ok_or_else(|| void(queue))
    }

    fn all(&self) -> MutexGuard<'_, HashMap<(QueueName, Receipt), Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The refusal of a receipt.
pub(super) fn void(queue: &QueueName) -> PortError {
    PortError::conflict(format!(
        "this receipt of `{queue}` is void: its message is settled, or was held too long"
    ))
}
