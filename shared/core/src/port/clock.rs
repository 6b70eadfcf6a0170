//! Time, injected: core and stages have no other.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

/// The only source of time. Tests hand in one that they turn by hand.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
    /// Returns once `now()` has moved on by `duration`.
    async fn sleep(&self, duration: Duration);
}
