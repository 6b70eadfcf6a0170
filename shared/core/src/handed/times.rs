//! A function's time: what is begun in it, what is dropped, and how much of it one stage may use.

use std::time::Duration;

use jiff::Timestamp;

/// No new message is begun this long before the deadline.
const LAST: Duration = Duration::from_secs(5);
/// A handler that still runs this long before the deadline is dropped, so that the others' outcomes are told.
const CUT: Duration = Duration::from_secs(2);
/// A stage that can stop by itself does so this long before the deadline.
const EARLY: Duration = Duration::from_secs(10);

/// When a batch must be done with.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Nothing is begun from then on.
    pub last: Timestamp,
    /// What runs is dropped.
    pub cut: Timestamp,
}

impl Times {
    /// A function with little time of its own keeps half of it for work.
    pub fn of(now: Timestamp, deadline: Timestamp) -> Self {
        let half = left(now, deadline) / 2;
        let before = |time: Duration| deadline.checked_sub(time).unwrap_or(now);
        Self { last: before(LAST.min(half)), cut: before(CUT.min(half / 2)) }
    }
}

/// How long a stage may work that can stop by itself: until ten seconds before the deadline, or for half of a time that is
/// short.
pub fn budget(now: Timestamp, deadline: Timestamp) -> Duration {
    let left = left(now, deadline);
    left.saturating_sub(EARLY).max(left / 2)
}

/// The time until then; none where it is over.
pub(super) fn left(now: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or_default()
}
