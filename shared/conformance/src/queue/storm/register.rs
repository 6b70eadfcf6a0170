//! Who holds what, as seen from outside: written at each receive and settle, and wrong as soon as a promise is broken.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use jiff::Timestamp;
use pointsman_core::{
    port::{Receipt, Received},
    session::Session,
};

use crate::Time;

/// One message: its session, and its number in it.
pub(super) type Name = (Session, u32);

/// The shared register of a storm.
pub(super) struct Register {
    seed: u64,
    expected: usize,
    time: Time,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Counts what was written, so that two entries have an order.
    tick: u64,
    held: HashMap<Session, Vec<Hold>>,
    /// When its completion was asked for, of each message that is completed.
    completed: HashMap<Name, u64>,
    /// When a message was received last, or all had been sent.
    last: Option<Timestamp>,
    /// What each receive began with, and when.
    begun: Vec<(Name, u64)>,
}

struct Hold {
    consumer: u64,
    receipt: Receipt,
    until: Timestamp,
}

impl State {
    /// A receive gives a session's messages, beginning with `number`.
    fn begin(&mut self, seed: u64, consumer: u64, session: &Session, number: u32, now: Timestamp) {
        for hold in self.held.remove(session).unwrap_or_default() {
            let over = hold.until <= now;
            assert!(over, "seed {seed}: {session} is held by {} and by {consumer}", hold.consumer);
        }
        self.tick += 1;
        self.begun.push(((session.clone(), number), self.tick));
    }
}

/// What is known when a completion is asked for.
pub(super) struct Asked {
    tick: u64,
    /// The hold was over by then: the receipt must be refused.
    pub(super) expired: bool,
}

impl Register {
    pub(super) fn new(seed: u64, expected: usize, time: Time) -> Self {
        Self { seed, expected, time, state: Mutex::default() }
    }

    pub(super) fn all_completed(&self) -> bool {
        self.state().completed.len() == self.expected
    }

    /// All messages have been sent.
    pub(super) fn all_sent(&self) {
        self.state().last = Some(self.time.now());
    }

    /// After a receive that gave nothing: a hold's time is the longest that a message can stay away.
    pub(super) fn received_nothing(&self, longest: Duration) {
        let Some(last) = self.state().last else { return };
        let away = self.time.now().duration_since(last).unsigned_abs();
        assert!(away < longest, "seed {}: nothing came for {away:?}: messages were lost", self.seed);
    }

    /// After a receive has returned: nobody else may hold any of these sessions, and numbers go up without a gap.
    pub(super) fn received(&self, consumer: u64, messages: &[Received]) {
        let seed = self.seed;
        let now = self.time.now();
        let mut state = self.state();
        state.last = state.last.map(|_| now);
        let mut last: HashMap<Session, u32> = HashMap::new();
        // What expired on its way here may be another's already.
        for message in messages.iter().filter(|message| message.visible_at > now) {
            let (session, number) = name(message);
            match last.insert(session.clone(), number) {
                Some(before) => assert_eq!(number, before + 1, "seed {seed}: {session} has a gap in a batch"),
                None => state.begin(seed, consumer, &session, number, now),
            }
            let already = state.completed.contains_key(&(session.clone(), number));
            assert!(!already, "seed {seed}: {session} {number} came again after it was completed");
            let hold = Hold { consumer, receipt: message.receipt.clone(), until: message.visible_at };
            state.held.entry(session).or_default().push(hold);
        }
    }

    /// Before a message is settled: from now on another may receive its session.
    pub(super) fn letting_go(&self, message: &Received) -> Asked {
        let now = self.time.now();
        let mut state = self.state();
        state.tick += 1;
        let (session, _) = name(message);
        let holds = state.held.entry(session).or_default();
        let mine = holds.iter().position(|hold| hold.receipt == message.receipt);
        // Without an entry another has received the session since, which was checked to be after this hold's end.
        let expired = mine.is_none_or(|index| holds.swap_remove(index).until < now);
        Asked { tick: state.tick, expired }
    }

    /// After a completion succeeded.
    pub(super) fn completed(&self, message: &Received, asked: &Asked) {
        let seed = self.seed;
        let (session, number) = name(message);
        assert!(!asked.expired, "seed {seed}: {session} {number} was completed by an expired receipt");
        let before = self.state().completed.insert((session.clone(), number), asked.tick);
        assert!(before.is_none(), "seed {seed}: {session} {number} was completed twice");
    }

    /// After a renewal succeeded.
    pub(super) fn renewed(&self, message: &Received, until: Timestamp) {
        let mut state = self.state();
        let holds = state.held.entry(name(message).0).or_default();
        if let Some(hold) = holds.iter_mut().find(|hold| hold.receipt == message.receipt) {
            hold.until = hold.until.max(until);
        }
    }

    /// At the end: all were completed, and no receive began with a message while an earlier one of its session was not
    /// yet completed.
    pub(super) fn assert_all_in_order(&self) {
        let seed = self.seed;
        let state = self.state();
        assert_eq!(state.completed.len(), self.expected, "seed {seed}: messages were lost");
        for ((session, number), tick) in &state.begun {
            let Some(before) = number.checked_sub(1) else { continue };
            let completed = state.completed.get(&(session.clone(), before));
            let in_order = completed.is_some_and(|completed| completed < tick);
            assert!(in_order, "seed {seed}: {session} {number} was received before {before} was completed");
        }
        for ((session, number), tick) in &state.completed {
            let Some(before) = number.checked_sub(1) else { continue };
            let in_order =
                state.completed.get(&(session.clone(), before)).is_some_and(|earlier| earlier < tick);
            assert!(in_order, "seed {seed}: {session} {number} was completed before {before}");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

pub(super) fn name(message: &Received) -> Name {
    let session = message.session.clone().expect("every message of the storm has a session");
    let number = std::str::from_utf8(&message.body).ok().and_then(|text| text.parse().ok());
    (session, number.expect("every body of the storm is a number"))
}
