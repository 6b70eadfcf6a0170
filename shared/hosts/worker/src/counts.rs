//! What became of the messages.

use std::ops::AddAssign;

/// Each message that was taken is counted once, each time it was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Done or skipped, and removed.
    pub completed: u64,
    /// Failed with an attempt counted; the queue hands it out again or buries it.
    pub failed: u64,
    /// Dead-lettered by the handler's word, or after too many attempts or too long a time.
    pub dead: u64,
    /// Given back without an attempt counted: throttled, behind a failed one of its session, or at a stop.
    pub given_back: u64,
    /// Handled, but its hold had run out or it could not be settled: it comes again.
    pub lost: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.completed += more.completed;
        self.failed += more.failed;
        self.dead += more.dead;
        self.given_back += more.given_back;
        self.lost += more.lost;
    }
}
