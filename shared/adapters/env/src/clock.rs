//! The system's clock.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use pointsman_core::port::Clock;

/// The system's time, and tokio's sleep.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
