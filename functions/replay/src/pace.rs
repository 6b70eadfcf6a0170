//! Not more than so many deliveries a second, by the injected clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// When the next delivery is due.
#[derive(Debug)]
pub struct Pace {
    /// From one delivery to the next; none = no limit.
    each: Option<Duration>,
    due: Option<Timestamp>,
    longest: Duration,
}

impl Pace {
    /// So many a second; 0 = no limit.
    pub fn new(rate: u32) -> Self {
        let each = (rate > 0).then(|| Duration::from_secs(1) / rate);
        Self { each, due: None, longest: Duration::ZERO }
    }

    /// How long to wait now. Never longer than what was sent last is worth: a clock that was set back stops nothing.
    pub fn wait(&self, now: Timestamp) -> Duration {
        let due = self.due.unwrap_or(now);
        let wait = Duration::try_from(due.duration_since(now)).unwrap_or_default();
        wait.min(self.longest)
    }

    /// So many are sent now.
    pub fn sent(&mut self, deliveries: usize, now: Timestamp) {
        let Some(each) = self.each else { return };
        self.longest = each.saturating_mul(u32::try_from(deliveries).unwrap_or(u32::MAX));
        let worth = SignedDuration::try_from(self.longest).unwrap_or(SignedDuration::MAX);
        // Time that went by unused is not caught up on.
        self.due = now.saturating_add(worth).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000_000_000 + millis).unwrap()
    }

    #[test]
    fn fifty_a_second_are_ten_in_two_hundred_milliseconds() {
        let mut pace = Pace::new(50);
        assert_eq!(pace.wait(at(0)), Duration::ZERO);
        pace.sent(10, at(0));
        assert_eq!(pace.wait(at(50)), Duration::from_millis(150));
        assert_eq!(pace.wait(at(200)), Duration::ZERO);
    }

    #[test]
    fn time_that_went_by_is_not_caught_up_on() {
        let mut pace = Pace::new(50);
        pace.sent(10, at(0));
        pace.sent(10, at(10_000));
        assert_eq!(pace.wait(at(10_000)), Duration::from_millis(200));
    }

    #[test]
    fn a_clock_that_was_set_back_stops_nothing() {
        let mut pace = Pace::new(50);
        pace.sent(10, at(3_600_000));
        assert_eq!(pace.wait(at(0)), Duration::from_millis(200));
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        let mut pace = Pace::new(0);
        pace.sent(1_000_000, at(0));
        assert_eq!(pace.wait(at(0)), Duration::ZERO);
    }
}
