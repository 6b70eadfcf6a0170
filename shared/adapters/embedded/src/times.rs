//! Times as the database keeps them: milliseconds since 1970.

use std::time::Duration;

use jiff::Timestamp;

/// Milliseconds since 1970.
pub(crate) fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

/// A duration in whole milliseconds, rounded up.
pub(crate) fn millis_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}

/// The time of these milliseconds.
pub(crate) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}
