//! What was sent, what was answered and what came, as numbers: millions of events are a few hundred megabytes.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use jiff::Timestamp;
use pointsman_core::{event::Envelope, port::Received};

use super::traffic::Bodies;
use crate::delivery_id;

/// A moment that has not come.
pub const NEVER: u64 = u64::MAX;

/// A delivery, once it was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// The time in its id.
    pub born: Timestamp,
    /// When it was first on its way, in ns since the beginning.
    pub left: u64,
    /// When it was first answered with 202.
    pub answered: u64,
}

/// An event that came to a consumer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Came {
    /// Which queue it came from.
    pub queue: u8,
    /// The delivery's number.
    pub number: u32,
    /// Which session; the same text, the same number.
    pub session: u32,
    /// Which message: what was enqueued twice has two.
    pub message: u64,
    /// It says why it may come after younger ones.
    pub has_cause: bool,
    /// The payload is byte for byte what was sent.
    pub is_whole: bool,
}

/// All of it.
pub struct Facts {
    /// When the load began.
    pub began: Instant,
    /// What is sent.
    pub bodies: Bodies,
    inner: Mutex<Inner>,
}

/// What the judge looks at.
#[derive(Debug, Default)]
pub struct Inner {
    /// By number.
    pub sent: Vec<Sent>,
    /// In order of arrival.
    pub came: Vec<Came>,
    /// Came, and is no delivery of ours.
    pub strange: Vec<String>,
    sessions: HashMap<String, u32>,
}

impl Facts {
    /// Nothing sent yet.
    pub fn new(bodies: Bodies) -> Self {
        Self { began: Instant::now(), bodies, inner: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(NEVER)
    }

    /// It leaves now; its id. One that comes again has the id that it had.
    pub fn leaves(&self, number: u32) -> String {
        let (now, mut inner) = (self.now(), self.inner());
        let at = number as usize;
        while inner.sent.len() <= at {
            inner.sent.push(Sent { born: Timestamp::now(), left: NEVER, answered: NEVER });
        }
        let sent = &mut inner.sent[at];
        sent.left = sent.left.min(now);
        delivery_id(sent.born, number)
    }

    /// It was answered with 202.
    pub fn answered(&self, number: u32) {
        let (now, mut inner) = (self.now(), self.inner());
        if let Some(sent) = inner.sent.get_mut(number as usize) {
            sent.answered = sent.answered.min(now);
        }
    }

    /// It came from a queue.
    pub fn came(&self, queue: u8, message: &Received) {
        let session = message.session.as_ref().map(ToString::to_string).unwrap_or_default();
        self.came_as(queue, &message.id.0, &session, &message.body);
    }

    /// The same in parts.
    pub fn came_as(&self, queue: u8, message: &str, session: &str, body: &[u8]) {
        let event = Envelope::read(body).ok();
        let id = event.as_ref().and_then(|event| event.attribute("id")).unwrap_or_default();
        let has_cause = event.as_ref().is_some_and(|event| event.attribute("cause").is_some());
        let number = number(&id);
        let is_whole = number.is_some_and(|number| body.ends_with(&tail(&self.bodies.of(number).bytes)));
        let message = BuildHasherDefault::<DefaultHasher>::default().hash_one(message);
        self.keep(number.ok_or(id), session, Came { queue, message, has_cause, is_whole, ..Came::default() });
    }

    /// A consumer has noted that it came, and no more: which message it was, and its bytes, are not known.
    pub fn noted(&self, session: &str, id: &str, has_cause: bool) {
        let number = number(id).ok_or_else(|| id.to_owned());
        self.keep(number, session, Came { has_cause, is_whole: true, ..Came::default() });
    }

    fn keep(&self, number: Result<u32, String>, session: &str, came: Came) {
        let mut inner = self.inner();
        let number = match number {
            Ok(number) if (number as usize) < inner.sent.len() => number,
            Ok(number) => return inner.strange.push(number.to_string()),
            Err(id) => return inner.strange.push(id),
        };
        let count = u32::try_from(inner.sessions.len()).unwrap_or(u32::MAX);
        let session = match inner.sessions.get(session) {
            Some(known) => *known,
            None => *inner.sessions.entry(session.to_owned()).or_insert(count),
        };
        inner.came.push(Came { number, session, ..came });
    }

    /// How many came so far.
    pub fn count(&self) -> usize {
        self.inner().came.len()
    }

    /// All that is known, for the judge.
    pub fn with<T>(&self, look: impl FnOnce(&Inner) -> T) -> T {
        look(&self.inner())
    }
}

/// How an event ends whose data are these bytes.
fn tail(bytes: &[u8]) -> Vec<u8> {
    [b",\"data\":", bytes, b"}"].concat()
}

/// The number in an id that [`delivery_id`] made.
fn number(id: &str) -> Option<u32> {
    let node = id.rsplit('-').next()?.strip_prefix("0200")?;
    u32::from_str_radix(node, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_number() {
        for n in [0, 1, 0x3fff, 70_000, u32::MAX] {
            assert_eq!(number(&delivery_id(Timestamp::now(), n)), Some(n));
        }
        assert_eq!(number("hostile"), None);
    }
}
