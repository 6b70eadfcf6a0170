//! What GitHub does not show yet: a read right after an event may be answered from before it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pointsman_core::port::{ErrorKind, PortError};

/// A read that does not show what an event told of is tried again for this long.
const YOUNG: SignedDuration = SignedDuration::from_mins(2);

/// How soon it is tried again.
const SOON: Duration = Duration::from_secs(2);

/// Whether GitHub may still answer from before the event that was enqueued then.
pub fn is_young(enqueued: Option<Timestamp>, now: Timestamp) -> bool {
    enqueued.is_some_and(|enqueued| now.duration_since(enqueued) < YOUNG)
}

/// The event is given back to the queue for a moment; no attempt is counted.
pub fn soon(why: impl Into<String>) -> PortError {
    PortError::new(ErrorKind::Throttled { after: Some(SOON) }, why)
}
