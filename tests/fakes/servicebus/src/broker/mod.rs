//! The broker that AMQP and REST share: queues by name, each with its `$deadletterqueue`, in memory and in real time.

pub mod message;
mod queue;
mod refusal;
mod settings;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use self::queue::{Dead, Queue, State, Stored};
pub use self::{message::Message, refusal::Refusal, settings::Settings};

/// Who holds: one link of one connection.
pub type Owner = u64;

const DEAD: &str = "/$deadletterqueue";

/// All queues.
#[derive(Debug)]
pub struct Broker {
    queues: Mutex<BTreeMap<String, Queue>>,
    changed: watch::Sender<u64>,
}

/// A message that is handed out.
#[derive(Debug)]
pub struct Delivered {
    /// Its number in the queue.
    pub sequence: i64,
    /// To settle it with.
    pub token: Uuid,
    /// Until when it is held.
    pub until: Timestamp,
    /// Deliveries before this one.
    pub deliveries: u32,
    /// When it was enqueued.
    pub enqueued: Timestamp,
    /// As it was sent.
    pub message: Message,
}

/// What becomes of a held message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settle {
    /// It is done.
    Complete,
    /// It comes again.
    Abandon,
    /// It is dead.
    DeadLetter {
        /// `DeadLetterReason`.
        reason: Option<String>,
        /// `DeadLetterErrorDescription`.
        error: Option<String>,
    },
}

/// How many messages a queue has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Ready or held.
    pub active: usize,
    /// Not yet enqueued.
    pub scheduled: usize,
    /// In its `$deadletterqueue`.
    pub dead: usize,
}

impl Default for Broker {
    fn default() -> Self {
        Self { queues: Mutex::default(), changed: watch::Sender::new(0) }
    }
}

impl Broker {
    /// Makes a queue, or changes what is there.
    pub fn make(&self, name: &str, settings: Settings) {
        let mut queues = self.queues();
        for (name, settings) in
            [(format!("{name}{DEAD}"), settings.of_dead_letters()), (name.to_owned(), settings)]
        {
            match queues.get_mut(&name) {
                Some(queue) => queue.settings = settings,
                None => drop(queues.insert(name, Queue::new(settings))),
            }
        }
        drop(queues);
        self.tell();
    }

    /// Removes a queue and all that is in it.
    pub fn remove(&self, name: &str) {
        let mut queues = self.queues();
        queues.remove(name);
        queues.remove(&format!("{name}{DEAD}"));
        drop(queues);
        self.tell();
    }

    /// The queues' names.
    pub fn names(&self) -> Vec<String> {
        self.queues().keys().filter(|name| !name.ends_with(DEAD)).cloned().collect()
    }

    /// A queue's settings.
    pub fn settings(&self, name: &str) -> Result<Settings, Refusal> {
        self.on(name, |queue, _| Ok(queue.settings.clone()))
    }

    /// How many messages it has.
    pub fn counts(&self, name: &str) -> Result<Counts, Refusal> {
        let dead = self.on(&format!("{name}{DEAD}"), |queue, _| Ok(queue.messages.len()))?;
        self.on(name, |queue, _| {
            let scheduled = |stored: &&Stored| matches!(stored.state, State::Scheduled(_));
            let scheduled = queue.messages.values().filter(scheduled).count();
            Ok(Counts { active: queue.messages.len() - scheduled, scheduled, dead })
        })
    }

    /// Enqueues all of them or none; says their numbers.
    pub fn send(&self, name: &str, messages: Vec<Message>) -> Result<Vec<i64>, Refusal> {
        self.on(name, |queue, now| {
            if let Some(lone) =
                messages.iter().find(|it| queue.settings.sessions && message::session(it).is_none())
            {
                let id = message::id(lone).unwrap_or_default();
                let why = format!(
                    "The SessionId was not set on message '{id}', and it cannot be sent to the entity."
                );
                return Err(Refusal::NotAllowed(why));
            }
            Ok(messages.into_iter().map(|message| queue.send(message, now)).collect())
        })
    }

    /// Takes back what was scheduled.
    pub fn cancel(&self, name: &str, sequence: i64) -> Result<bool, Refusal> {
        self.on(name, |queue, _| Ok(queue.cancel(sequence)))
    }

    /// Holds the next session that is free and has messages, or the one that is named.
    pub fn lock_session(
        &self,
        name: &str,
        wanted: Option<&str>,
        owner: Owner,
    ) -> Result<(String, Timestamp), Refusal> {
        self.on(name, |queue, now| match queue.settings.sessions {
            true => queue.lock_session(wanted, owner, now),
            false => Err(Refusal::NotAllowed(format!("The entity '{name}' has no sessions."))),
        })
    }

    /// The next message, held, or removed at once.
    pub fn take(&self, name: &str, session: Option<&str>, owner: Owner, keep: bool) -> Option<Delivered> {
        let taken = self.on(name, |queue, now| {
            Ok(queue.take(session, owner, keep, now).map(|(sequence, token, until, stored)| Delivered {
                sequence,
                token,
                until,
                deliveries: stored.deliveries,
                enqueued: stored.enqueued,
                message: stored.message,
            }))
        });
        taken.ok().flatten()
    }

    /// Settles a held message.
    pub fn settle(&self, name: &str, token: Uuid, how: Settle) -> Result<(), Refusal> {
        let dead = self.on(name, |queue, _| match how {
            Settle::Complete => queue.remove(token).map(|_| None),
            Settle::Abandon => queue.give_back(token),
            Settle::DeadLetter { reason, error } => {
                let Stored { mut message, enqueued, deliveries, .. } = queue.remove(token)?;
                for (name, value) in [("DeadLetterReason", reason), ("DeadLetterErrorDescription", error)] {
                    if let Some(value) = value {
                        message::tell(&mut message, name, value);
                    }
                }
                Ok(Some(Dead { message, enqueued, deliveries }))
            }
        })?;
        self.bury(name, dead);
        Ok(())
    }

    /// Holds a message longer; says until when.
    pub fn renew(&self, name: &str, token: Uuid) -> Result<Timestamp, Refusal> {
        self.on(name, |queue, now| queue.renew(token, now))
    }

    /// Holds a session longer; says until when.
    pub fn renew_session(&self, name: &str, session: &str) -> Result<Timestamp, Refusal> {
        self.on(name, |queue, now| queue.renew_session(session, now))
    }

    /// The link has gone: its sessions are free.
    pub fn leave(&self, name: &str, owner: Owner) {
        let dead = self.on(name, |queue, _| Ok(queue.leave(owner))).unwrap_or_default();
        self.bury(name, dead);
    }

    /// Messages from this number on, without taking them: their numbers, deliveries and times with them.
    pub fn peek(
        &self,
        name: &str,
        from: i64,
        most: usize,
        session: Option<&str>,
    ) -> Result<Vec<Delivered>, Refusal> {
        self.on(name, |queue, now| {
            let wanted = |stored: &Stored| {
                session.is_none_or(|session| message::session(&stored.message).as_deref() == Some(session))
            };
            let all = queue.messages.range(from..).filter(|(_, stored)| wanted(stored)).take(most);
            let shown = all.map(|(sequence, stored)| Delivered {
                sequence: *sequence,
                token: Uuid::nil(),
                until: now,
                deliveries: stored.deliveries,
                enqueued: stored.enqueued,
                message: stored.message.clone(),
            });
            Ok(shown.collect())
        })
    }

    /// Says when something has changed.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// When time changes something next.
    pub fn due(&self) -> Option<Timestamp> {
        self.queues().values().filter_map(Queue::due).min()
    }

    /// Does to all queues what time does.
    pub fn pass(&self) {
        let names: Vec<_> = self.queues().keys().cloned().collect();
        for name in names {
            // Whatever is done to a queue, its time passes first.
            let _ = self.on(&name, |_, _| Ok(()));
        }
    }

    /// Does something to a queue as it is now.
    fn on<T>(
        &self,
        name: &str,
        what: impl FnOnce(&mut Queue, Timestamp) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let now = Timestamp::now();
        let mut queues = self.queues();
        let queue = queues.get_mut(name).ok_or_else(|| Refusal::NotFound(name.to_owned()))?;
        let dead = queue.pass(now);
        let done = what(queue, now);
        let news = std::mem::take(&mut queue.news);
        drop(queues);
        if news {
            self.tell();
        }
        self.bury(name, dead);
        done
    }

    fn bury(&self, name: &str, dead: impl IntoIterator<Item = Dead>) {
        let mut dead = dead.into_iter().peekable();
        if dead.peek().is_none() {
            return;
        }
        if let Some(letters) = self.queues().get_mut(&format!("{name}{DEAD}")) {
            for Dead { message, enqueued, deliveries } in dead {
                letters.add(Stored { message, enqueued, deliveries, state: State::Ready });
            }
        }
        self.tell();
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    fn queues(&self) -> MutexGuard<'_, BTreeMap<String, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
