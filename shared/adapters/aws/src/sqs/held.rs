//! What this process holds. SQS settles by receipt alone, and shows a message no second time: for its dead letter the
//! message itself is needed. A standard queue also accepts receipts that are over: here they are not.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use pointsman_core::{
    attempts::Tally,
    port::{PortError, QueueName, Receipt, Received},
    session::Session,
};

/// A message that is held.
#[derive(Debug, Clone)]
pub(super) struct Hold {
    pub(super) message: Received,
    /// Receives by SQS's count, this one included.
    pub(super) receives: u32,
    pub(super) tally: Tally,
}

/// A message that is given back as soon as nothing of its session is held any more.
#[derive(Debug, Clone)]
pub(super) struct Leaving {
    pub(super) receipt: Receipt,
    /// Not before.
    pub(super) due: Timestamp,
    until: Timestamp,
    number: u64,
}

/// All of them, by receipt.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<State>);

type Key = (QueueName, Session);

#[derive(Debug, Default)]
struct State {
    /// Holds and their numbers, in the order they came.
    holds: HashMap<(QueueName, Receipt), (u64, Hold)>,
    leaving: HashMap<Key, Vec<Leaving>>,
    last: u64,
}

impl Held {
    /// Adds holds, in their order, and forgets those that are over.
    pub(super) fn add(&self, queue: &QueueName, holds: impl IntoIterator<Item = Hold>, now: Timestamp) {
        let mut state = self.state();
        state.holds.retain(|_, (_, hold)| hold.message.visible_at > now);
        for hold in holds {
            state.last += 1;
            let number = state.last;
            state.holds.insert((queue.clone(), hold.message.receipt.clone()), (number, hold));
        }
    }

    /// Takes a hold out, to settle it; `Conflict` where there is none that is still good.
    pub(super) fn take(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<Taken, PortError> {
        let found = self.state().holds.remove(&(queue.clone(), receipt.clone()));
        let found = found.filter(|(_, hold)| hold.message.visible_at > now);
        found.map(|(number, hold)| Taken { number, hold }).ok_or_else(|| void(queue))
    }

    /// Puts one back that could not be settled, where it was.
    pub(super) fn put_back(&self, queue: &QueueName, taken: Taken) {
        let key = (queue.clone(), taken.hold.message.receipt.clone());
        self.state().holds.insert(key, (taken.number, taken.hold));
    }

    /// A message of a session is to be given back, once nothing else of its session is held here.
    pub(super) fn leave(&self, queue: &QueueName, session: &Session, taken: &Taken, due: Timestamp) {
        let message = &taken.hold.message;
        let (receipt, until) = (message.receipt.clone(), message.visible_at);
        let leaving = Leaving { receipt, due, until, number: taken.number };
        self.state().leaving.entry((queue.clone(), session.clone())).or_default().push(leaving);
    }

    /// What is to be given back of a session now, last to first: nothing as long as something of it is held.
    pub(super) fn left(&self, queue: &QueueName, session: &Session, now: Timestamp) -> Vec<Leaving> {
        let mut state = self.state();
        if state.holds_of(queue, session, now).next().is_some() {
            return Vec::new();
        }
        let mut left = state.leaving.remove(&(queue.clone(), session.clone())).unwrap_or_default();
        left.retain(|leaving| leaving.until > now);
        left.sort_unstable_by_key(|leaving| std::cmp::Reverse(leaving.number));
        left
    }

    /// All that this process has of a session, last to first.
    pub(super) fn of_session(&self, queue: &QueueName, session: &Session, now: Timestamp) -> Vec<Receipt> {
        let state = self.state();
        let holds = state.holds_of(queue, session, now);
        let mut all: Vec<_> = holds.map(|(number, hold)| (*number, hold.message.receipt.clone())).collect();
        let leaving = state.leaving.get(&(queue.clone(), session.clone())).into_iter().flatten();
        all.extend(leaving.map(|leaving| (leaving.number, leaving.receipt.clone())));
        all.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
        all.into_iter().map(|(_, receipt)| receipt).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn holds_of(
        &self,
        queue: &QueueName,
        session: &Session,
        now: Timestamp,
    ) -> impl Iterator<Item = &(u64, Hold)> {
        let (queue, session) = (queue.clone(), session.clone());
        self.holds
            .iter()
            .filter(move |((of, _), (_, hold))| {
                *of == queue
                    && hold.message.session.as_ref() == Some(&session)
                    && hold.message.visible_at > now
            })
            .map(|(_, numbered)| numbered)
    }
}

/// A hold that is being settled.
#[derive(Debug)]
pub(super) struct Taken {
    number: u64,
    pub(super) hold: Hold,
}

/// The refusal of a receipt.
pub(super) fn void(queue: &QueueName) -> PortError {
    PortError::conflict(format!(
        "this receipt of `{queue}` is void: its message is settled, or was held too long"
    ))
}
