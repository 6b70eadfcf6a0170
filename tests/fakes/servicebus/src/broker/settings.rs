//! How a queue of the fake behaves: what a real one is created with.

use std::time::Duration;

use serde::Deserialize;

/// Of one queue. As JSON: `PUT /{queue}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whether each message needs a session. Default true.
    pub sessions: bool,
    /// How long a lock lasts, in milliseconds. Default 30,000. A real one is 5 s to 5 minutes.
    pub lock_ms: u64,
    /// How long message ids are remembered, in milliseconds; 0 = not at all. Default 600,000.
    pub dedup_ms: u64,
    /// After so many deliveries a message is moved to `$deadletterqueue`. Default 10.
    pub max_delivery: u32,
    /// The largest message or batch, in bytes. Default 256 KiB, as on Standard.
    pub largest: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { sessions: true, lock_ms: 30_000, dedup_ms: 600_000, max_delivery: 10, largest: 256 << 10 }
    }
}

impl Settings {
    /// How long a lock lasts.
    pub fn lock(&self) -> Duration {
        Duration::from_millis(self.lock_ms)
    }

    /// How long message ids are remembered.
    pub fn dedup(&self) -> Duration {
        Duration::from_millis(self.dedup_ms)
    }

    /// Those of its dead letters: no sessions, no duplicates, no second death.
    pub fn of_dead_letters(&self) -> Self {
        Self { sessions: false, dedup_ms: 0, max_delivery: u32::MAX, ..self.clone() }
    }
}
