//! A circuit breaker: whether a target that keeps failing is worth a try. Pure: time is handed in.
//!
//! Closed -> open, where it is skipped at once -> half-open, one probe -> closed, or open again for longer.

mod all;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use all::Breakers;

use crate::port::{ErrorKind, PortError};

/// Sends that fail one after another, each of several tries. One may be a blip of a second, and what is skipped comes
/// late by `recover`: three are an outage, and cost three senders the waits between tries at most.
const IN_A_ROW: u32 = 3;

/// Sends looked back on for the rate: enough that one bad second does not count as one.
const WINDOW: u32 = 20;

/// Failed ones among them: with every second send failing, most of what arrives is out of its session's order anyway.
const TOO_MANY: u32 = 10;

/// Open for this long at first: a queue service that fails over is back within seconds, and each event that is skipped
/// meanwhile comes up to 5 minutes late.
const FIRST: SignedDuration = SignedDuration::from_secs(5);

/// Open for this long at most: between two runs of `recover` (5 minutes) there are always several probes.
const LONGEST: SignedDuration = SignedDuration::from_secs(60);

/// Who probes is waited for this long; then it is given up, and the next one may probe.
pub(crate) const PROBE: SignedDuration = SignedDuration::from_secs(2);

/// What a circuit lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Circuit {
    /// Everything.
    Closed,
    /// Nothing.
    Open {
        /// Until then.
        until: Timestamp,
    },
    /// The next message, as a probe; the others only once that arrived.
    HalfOpen,
}

/// Leave to send. To be settled with what came of it.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Pass {
    /// Results that were asked for in another round say nothing of this one.
    round: u64,
    is_probe: bool,
}

impl Pass {
    /// Whether others wait for what comes of it.
    pub fn is_probe(&self) -> bool {
        self.is_probe
    }
}

/// One target's circuit.
#[derive(Debug, Default)]
pub struct Breaker {
    state: State,
    round: u64,
    last_error: Option<String>,
}

#[derive(Debug)]
enum State {
    Closed {
        in_a_row: u32,
        /// The last sends, youngest lowest; 1 = failed.
        recent: u32,
    },
    /// Skipped, or probed, from `since` until `until`; it was opened for `length`.
    Open { since: Timestamp, until: Timestamp, length: SignedDuration, is_probed: bool },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { in_a_row: 0, recent: 0 }
    }
}

impl Breaker {
    /// Leave to send now, or `None`: not worth a try.
    pub fn pass(&mut self, now: Timestamp) -> Option<Pass> {
        match &mut self.state {
            State::Closed { .. } => Some(Pass { round: self.round, is_probe: false }),
            // A clock that was set back is no reason to wait longer.
            State::Open { since, until, .. } if (*since..*until).contains(&now) => None,
            // A probe that never came back (its sender is gone) is followed by another.
            State::Open { since, until, is_probed, .. } => {
                (*since, *until, *is_probed) = (now, later(now, PROBE), true);
                self.round += 1;
                Some(Pass { round: self.round, is_probe: true })
            }
        }
    }

    /// Whether a pass is still one: what others found out meanwhile may have ended it.
    pub fn is_valid(&self, pass: &Pass) -> bool {
        pass.round == self.round
    }

    /// Takes in what came of a send; says whether the circuit is another one now.
    pub fn settle(&mut self, pass: &Pass, now: Timestamp, result: Result<(), &PortError>) -> bool {
        let failure = result.err().filter(|error| is_the_targets(error));
        if let Some(error) = failure {
            self.last_error = Some(error.to_string());
        }
        if !self.is_valid(pass) {
            return false;
        }
        match (&mut self.state, failure) {
            (State::Closed { in_a_row, recent }, failure) => {
                *recent = (*recent << 1 | u32::from(failure.is_some())) & ((1 << WINDOW) - 1);
                *in_a_row = if failure.is_some() { *in_a_row + 1 } else { 0 };
                let is_down = *in_a_row >= IN_A_ROW || recent.count_ones() >= TOO_MANY;
                match failure {
                    Some(error) if is_down => self.open(now, FIRST, error),
                    _ => return false,
                }
            }
            (State::Open { .. }, None) => {
                self.state = State::default();
                self.round += 1;
            }
            (State::Open { length, .. }, Some(error)) => {
                let longer = (*length * 2).min(LONGEST);
                self.open(now, longer, error);
            }
        }
        true
    }

    /// What it lets through now.
    pub fn circuit(&self, now: Timestamp) -> Circuit {
        match &self.state {
            State::Closed { .. } => Circuit::Closed,
            State::Open { since, until, is_probed: false, .. } if (*since..*until).contains(&now) => {
                Circuit::Open { until: *until }
            }
            State::Open { .. } => Circuit::HalfOpen,
        }
    }

    /// The last failure, also when it works again.
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// A target that says how long to stay away is believed, within bounds.
    fn open(&mut self, now: Timestamp, length: SignedDuration, error: &PortError) {
        let asked = match error.kind {
            ErrorKind::Throttled { after: Some(after) } => SignedDuration::try_from(after).unwrap_or(LONGEST),
            _ => SignedDuration::ZERO,
        };
        let until = later(now, length.max(asked).min(LONGEST));
        self.state = State::Open { since: now, until, length, is_probed: false };
        self.round += 1;
    }
}

/// What is Invalid is the message's fault: the target answered.
fn is_the_targets(error: &PortError) -> bool {
    match error.kind {
        ErrorKind::Invalid | ErrorKind::Conflict => false,
        ErrorKind::Unavailable
        | ErrorKind::Throttled { .. }
        | ErrorKind::Internal
        | ErrorKind::Denied
        | ErrorKind::NotFound => true,
    }
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
