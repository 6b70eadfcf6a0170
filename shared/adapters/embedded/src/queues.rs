//! What the engine knows of each queue in memory: settings, sessions, unordered messages, parked receivers.

use std::collections::{BTreeSet, VecDeque};

use pointsman_core::port::{OnPoison, QueueName, QueueSettings};

use crate::{receive::Waiter, sessions::Sessions};

/// Unordered messages: those up to `cursor` were handed out once (or went), those after it lie ready in the table.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Loose {
    /// All of them.
    pub count: u64,
    /// Held by receivers.
    pub in_flight: u64,
    /// Held back by a time.
    pub delayed: u64,
    /// When the next held back one is due, in ms; 0 = none is.
    pub next_due: i64,
    /// The last id handed out.
    pub cursor: i64,
}

impl Loose {
    pub fn ready(&self) -> u64 {
        self.count - self.in_flight - self.delayed
    }

    /// One more is held back until then.
    pub fn delay(&mut self, until: i64) {
        self.delayed += 1;
        self.next_due = if self.next_due == 0 { until } else { self.next_due.min(until) };
    }
}

/// One queue.
#[derive(Debug)]
pub(crate) struct QueueState {
    pub id: i64,
    pub name: QueueName,
    pub settings: QueueSettings,
    pub attached: bool,
    /// Nothing is handed out.
    pub paused: bool,
    pub sessions: Sessions,
    pub loose: Loose,
    /// Unordered messages at or before the cursor that came back.
    pub returned: BTreeSet<i64>,
    /// Receivers that wait for a message, longest first.
    pub waiters: VecDeque<Waiter>,
}

impl QueueState {
    pub fn new(id: i64, name: QueueName, settings: QueueSettings) -> Self {
        Self {
            id,
            name,
            settings,
            attached: false,
            paused: false,
            sessions: Sessions::default(),
            loose: Loose::default(),
            returned: BTreeSet::new(),
            waiters: VecDeque::new(),
        }
    }

    /// What `messages.session` says of its unordered messages.
    pub fn loose_session(&self) -> i64 {
        -self.id
    }

    /// Whether a message can be handed out.
    pub fn is_ready(&self) -> bool {
        !self.paused && (self.loose.ready() > 0 || self.sessions.oldest_ready().is_some())
    }

    /// Failed attempts after which a message dies; a dead letter does not die again by itself.
    pub fn max_deliveries(&self) -> u32 {
        if self.name.is_dead_letters() { u32::MAX } else { self.settings.max_deliveries }
    }

    /// Whether what fails for good is held for a person; a dead letter never is.
    pub fn holds(&self) -> bool {
        self.settings.on_poison == OnPoison::Hold && !self.name.is_dead_letters()
    }

    /// When time alone makes a message ready.
    pub fn next_due(&self) -> Option<i64> {
        let loose = (self.loose.next_due != 0).then_some(self.loose.next_due);
        self.sessions.next_due().into_iter().chain(loose).min()
    }
}
