//! One queue: its messages in order, who holds what of it until when, and which ids it has seen. Time is handed in.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Owner, Refusal, Settings,
    message::{self, Message},
};

/// A message and what the broker knows of it.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) message: Message,
    pub(super) enqueued: Timestamp,
    /// Deliveries that have ended without its removal.
    pub(super) deliveries: u32,
    pub(super) state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    Scheduled(Timestamp),
    /// `until`: of a message of a session, the session's own end counts.
    Locked {
        token: Uuid,
        owner: Owner,
        until: Option<Timestamp>,
    },
}

/// Who has a session.
#[derive(Debug, Clone)]
struct Lock {
    owner: Owner,
    until: Timestamp,
}

/// A message that died, and why.
pub(super) struct Dead {
    pub(super) message: Message,
    pub(super) enqueued: Timestamp,
    pub(super) deliveries: u32,
}

#[derive(Debug)]
pub(super) struct Queue {
    pub(super) settings: Settings,
    last: i64,
    pub(super) messages: BTreeMap<i64, Stored>,
    tokens: HashMap<Uuid, i64>,
    sessions: HashMap<String, Lock>,
    seen: HashMap<String, Timestamp>,
    /// Something came to be there for somebody.
    pub(super) news: bool,
}

impl Queue {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            last: 0,
            messages: BTreeMap::new(),
            tokens: HashMap::new(),
            sessions: HashMap::new(),
            seen: HashMap::new(),
            news: false,
        }
    }

    /// Enqueues it, or leaves it away as a duplicate; says its number.
    pub(super) fn send(&mut self, message: Message, now: Timestamp) -> i64 {
        if let Some(id) = message::id(&message).filter(|_| self.settings.dedup_ms > 0) {
            if self.seen.get(&id).is_some_and(|until| *until > now) {
                return self.last;
            }
            self.seen.insert(id, now + self.settings.dedup());
        }
        let state = match message::scheduled(&message).filter(|at| *at > now) {
            Some(at) => State::Scheduled(at),
            None => State::Ready,
        };
        self.add(Stored { message, enqueued: now, deliveries: 0, state })
    }

    pub(super) fn add(&mut self, stored: Stored) -> i64 {
        self.last += 1;
        self.news = true;
        self.messages.insert(self.last, stored);
        self.last
    }

    /// Takes back a message that was scheduled.
    pub(super) fn cancel(&mut self, sequence: i64) -> bool {
        let scheduled = |stored: &Stored| matches!(stored.state, State::Scheduled(_));
        if self.messages.get(&sequence).is_some_and(scheduled) {
            return self.messages.remove(&sequence).is_some();
        }
        false
    }

    /// The session that waits longest, or this one; held by the owner from now on. Says until when.
    pub(super) fn lock_session(
        &mut self,
        wanted: Option<&str>,
        owner: Owner,
        now: Timestamp,
    ) -> Result<(String, Timestamp), Refusal> {
        let free = |session: &String| !self.sessions.contains_key(session);
        let session = match wanted {
            Some(session) if free(&session.to_owned()) => session.to_owned(),
            Some(session) => return Err(Refusal::SessionLocked(session.to_owned())),
            None => {
                let ready = self.messages.values().filter(|stored| stored.state == State::Ready);
                let mut sessions = ready.filter_map(|stored| message::session(&stored.message));
                sessions.find(free).ok_or(Refusal::NoSession)?
            }
        };
        let until = now + self.settings.lock();
        self.sessions.insert(session.clone(), Lock { owner, until });
        Ok((session, until))
    }

    /// The next message, of this session where one is named; held from now on, or removed at once.
    pub(super) fn take(
        &mut self,
        session: Option<&str>,
        owner: Owner,
        keep: bool,
        now: Timestamp,
    ) -> Option<(i64, Uuid, Timestamp, Stored)> {
        let until = match session {
            Some(session) => self.sessions.get(session).filter(|lock| lock.owner == owner)?.until,
            None => now + self.settings.lock(),
        };
        let (sequence, stored) = self.messages.iter_mut().find(|(_, stored)| {
            stored.state == State::Ready
                && session.is_none_or(|session| message::session(&stored.message).as_deref() == Some(session))
        })?;
        let (sequence, token) = (*sequence, Uuid::new_v4());
        let copy = stored.clone();
        if keep {
            stored.state = State::Locked { token, owner, until: session.is_none().then_some(until) };
            self.tokens.insert(token, sequence);
        } else {
            self.messages.remove(&sequence);
        }
        Some((sequence, token, until, copy))
    }

    /// Takes a held message out.
    pub(super) fn remove(&mut self, token: Uuid) -> Result<Stored, Refusal> {
        let sequence = self.tokens.remove(&token).ok_or(Refusal::MessageLockLost)?;
        self.messages.remove(&sequence).ok_or(Refusal::MessageLockLost)
    }

    /// Gives a held message back; where that was its last delivery, it is dead.
    pub(super) fn give_back(&mut self, token: Uuid) -> Result<Option<Dead>, Refusal> {
        let sequence = self.tokens.remove(&token).ok_or(Refusal::MessageLockLost)?;
        let most = self.settings.max_delivery;
        let stored = self.messages.get_mut(&sequence).ok_or(Refusal::MessageLockLost)?;
        stored.deliveries += 1;
        self.news = true;
        stored.state = State::Ready;
        if stored.deliveries < most {
            return Ok(None);
        }
        let Stored { mut message, enqueued, deliveries, .. } =
            self.messages.remove(&sequence).ok_or(Refusal::MessageLockLost)?;
        message::tell(&mut message, "DeadLetterReason", "MaxDeliveryCountExceeded");
        let why = format!("Message could not be consumed after {deliveries} delivery attempts.");
        message::tell(&mut message, "DeadLetterErrorDescription", why);
        Ok(Some(Dead { message, enqueued, deliveries }))
    }

    /// All that an owner holds of sessions is free; messages without a session stay held until their time is over.
    pub(super) fn leave(&mut self, owner: Owner) -> Vec<Dead> {
        let sessions: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, lock)| lock.owner == owner)
            .map(|(name, _)| name.clone())
            .collect();
        sessions.iter().flat_map(|session| self.unlock(session)).collect()
    }

    fn unlock(&mut self, session: &str) -> Vec<Dead> {
        self.sessions.remove(session);
        self.news = true;
        let of_it = |stored: &Stored| message::session(&stored.message).as_deref() == Some(session);
        self.locked(|stored, until| until.is_none() && of_it(stored))
    }

    /// Gives back what is held and chosen.
    fn locked(&mut self, chosen: impl Fn(&Stored, Option<Timestamp>) -> bool) -> Vec<Dead> {
        let held = self.messages.values().filter_map(|stored| match stored.state {
            State::Locked { token, until, .. } if chosen(stored, until) => Some(token),
            _ => None,
        });
        let tokens: Vec<_> = held.collect();
        tokens.into_iter().filter_map(|token| self.give_back(token).ok().flatten()).collect()
    }

    pub(super) fn renew(&mut self, token: Uuid, now: Timestamp) -> Result<Timestamp, Refusal> {
        let sequence = self.tokens.get(&token).ok_or(Refusal::MessageLockLost)?;
        let renewed = now + self.settings.lock();
        match self.messages.get_mut(sequence).map(|stored| &mut stored.state) {
            Some(State::Locked { until, .. }) => {
                *until = until.map(|_| renewed);
                Ok(renewed)
            }
            _ => Err(Refusal::MessageLockLost),
        }
    }

    pub(super) fn renew_session(&mut self, session: &str, now: Timestamp) -> Result<Timestamp, Refusal> {
        let lock = self.sessions.get_mut(session).ok_or(Refusal::SessionLockLost)?;
        lock.until = now + self.settings.lock();
        Ok(lock.until)
    }

    /// What time does: locks end, and what was scheduled is enqueued.
    pub(super) fn pass(&mut self, now: Timestamp) -> Vec<Dead> {
        if self.due().is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.seen.retain(|_, until| *until > now);
        let ended: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, lock)| lock.until <= now)
            .map(|(name, _)| name.clone())
            .collect();
        let mut dead: Vec<_> = ended.iter().flat_map(|session| self.unlock(session)).collect();
        dead.extend(self.locked(|_, until| until.is_some_and(|until| until <= now)));
        let come = |stored: &Stored| matches!(stored.state, State::Scheduled(at) if at <= now);
        let come: Vec<_> =
            self.messages.iter().filter(|(_, stored)| come(stored)).map(|(number, _)| *number).collect();
        for sequence in come {
            if let Some(stored) = self.messages.remove(&sequence) {
                self.add(Stored { enqueued: now, state: State::Ready, ..stored });
            }
        }
        dead
    }

    /// When time does something next.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let locks = self.sessions.values().map(|lock| lock.until);
        let messages = self.messages.values().filter_map(|stored| match stored.state {
            State::Scheduled(at) => Some(at),
            State::Locked { until, .. } => until,
            State::Ready => None,
        });
        locks.chain(messages).min()
    }
}
