//! Clocks of tests: one that is turned by hand, so that nothing waits for luck and ten minutes take no time, and the
//! machine's own.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use pointsman_core::port::Clock;
use tokio::sync::watch;

/// The machine's time, for tests and benchmarks of what only real time shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct WallClock;

#[async_trait]
impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Stands still until it is turned. Sleepers wake once it stands at or past their time.
///
/// One `turn` is one jump: who sleeps one second again and again wakes once for a turn of ten.
#[derive(Debug)]
pub struct TurnedClock {
    now: watch::Sender<Timestamp>,
    asleep: watch::Sender<usize>,
}

impl TurnedClock {
    /// A clock that stands at `start`.
    pub fn at(start: Timestamp) -> Self {
        Self { now: watch::Sender::new(start), asleep: watch::Sender::new(0) }
    }

    /// Moves time on and wakes who slept until then.
    pub fn turn(&self, by: Duration) {
        self.now.send_modify(|now| *now = later(*now, by));
    }

    /// Returns once at least this many are asleep: what a test waits for before it turns the clock.
    pub async fn until_asleep(&self, at_least: usize) {
        let mut asleep = self.asleep.subscribe();
        asleep.wait_for(|count| *count >= at_least).await.expect("the sender lives as long as this borrow");
    }
}

impl Default for TurnedClock {
    /// A clock that stands at the first second of 2026, UTC.
    fn default() -> Self {
        Self::at(Timestamp::constant(1_767_225_600, 0))
    }
}

#[async_trait]
impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep(&self, duration: Duration) {
        let mut now = self.now.subscribe();
        let until = later(*now.borrow(), duration);
        let _asleep = Asleep::count(&self.asleep);
        now.wait_for(|now| *now >= until).await.expect("the sender lives as long as this borrow");
    }
}

/// Counts one sleeper for as long as it lives, also when the sleep is given up.
struct Asleep<'a>(&'a watch::Sender<usize>);

impl<'a> Asleep<'a> {
    fn count(asleep: &'a watch::Sender<usize>) -> Self {
        asleep.send_modify(|count| *count += 1);
        Self(asleep)
    }
}

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).expect("a test stays within the calendar")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_stands_still_until_it_is_turned() {
        let clock = TurnedClock::default();
        let before = clock.now();
        assert_eq!(clock.now(), before);
        clock.turn(SECOND);
        assert_eq!(clock.now().duration_since(before), jiff::SignedDuration::from_secs(1));
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_has_come_and_not_before() {
        let clock = Arc::new(TurnedClock::default());
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(3 * SECOND).await }
        });
        clock.until_asleep(1).await;
        clock.turn(2 * SECOND);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!sleeper.is_finished());
        clock.turn(SECOND);
        sleeper.await.unwrap();
    }

    #[tokio::test]
    async fn a_sleep_that_is_given_up_is_counted_no_longer() {
        let clock = TurnedClock::default();
        assert!(tokio::time::timeout(Duration::from_millis(1), clock.sleep(SECOND)).await.is_err());
        assert_eq!(*clock.asleep.borrow(), 0);
    }

    #[tokio::test]
    async fn sleeping_for_no_time_returns_at_once() {
        TurnedClock::default().sleep(Duration::ZERO).await;
    }
}
