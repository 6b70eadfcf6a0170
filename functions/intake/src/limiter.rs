//! A limit on wrong signatures, by source and address: past it a 401 becomes a 429. A right signature is checked first
//! and never meets it.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use pointsman_core::outcome::{Reason, Rejection};

/// Wrong signatures that one address may send to one source within a window.
const ALLOWED: u32 = 20;

/// In seconds.
const WINDOW: i64 = 60;

/// Addresses remembered at a time; beyond them, all that are new share one count.
const REMEMBERED: usize = 10_000;

/// Counts failures; forgets them after a minute.
#[derive(Debug, Default)]
pub struct Limiter(Mutex<Windows>);

#[derive(Debug, Default)]
struct Windows {
    by_key: HashMap<Key, Window>,
    /// When the old ones were last thrown out: at most once a second, however fast a flood comes.
    swept: i64,
}

/// `None`: one of those for whom there was no room.
type Key = Option<(String, IpAddr)>;

#[derive(Debug)]
struct Window {
    began: i64,
    failures: u32,
}

impl Limiter {
    /// Counts this refusal; says it as it was, or as too many.
    pub fn limited(&self, source: &str, peer: IpAddr, now: Timestamp, refused: Rejection) -> Rejection {
        let now = now.as_second();
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = Some((source.to_owned(), network(peer)));
        if !windows.has_room(&key, now) {
            key = None;
        }
        let window = windows.by_key.entry(key).or_insert(Window { began: now, failures: 0 });
        if !(0..WINDOW).contains(&(now - window.began)) {
            *window = Window { began: now, failures: 0 };
        }
        window.failures = window.failures.saturating_add(1);
        if window.failures <= ALLOWED {
            return refused;
        }
        let after = u32::try_from(window.began + WINDOW - now).unwrap_or(1).max(1);
        let detail =
            format!("more than {ALLOWED} wrong signatures within a minute; the last: {}", refused.detail);
        Rejection::new(Reason::TooManyFailures { after }, detail)
    }
}

impl Windows {
    fn has_room(&mut self, key: &Key, now: i64) -> bool {
        if self.by_key.len() >= REMEMBERED && self.swept != now {
            self.swept = now;
            self.by_key.retain(|_, window| (0..WINDOW).contains(&(now - window.began)));
        }
        self.by_key.len() < REMEMBERED || self.by_key.contains_key(key)
    }
}

/// An IPv6 sender owns a /64 at least: its addresses count as one.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn fail(limiter: &Limiter, peer: &str, second: i64) -> Reason {
        let refused = Rejection::new(Reason::Signature, "wrong");
        limiter.limited("github", peer.parse().unwrap(), at(second), refused).reason
    }

    #[test]
    fn the_twenty_first_failure_within_a_minute_is_told_to_stay_away() {
        let limiter = Limiter::default();
        for _ in 0..20 {
            assert_eq!(fail(&limiter, "192.0.2.1", 0), Reason::Signature);
        }
        assert_eq!(fail(&limiter, "192.0.2.1", 15), Reason::TooManyFailures { after: 45 });
        assert_eq!(fail(&limiter, "192.0.2.2", 15), Reason::Signature, "another address is not concerned");
        assert_eq!(fail(&limiter, "192.0.2.1", 60), Reason::Signature, "a minute later it is forgotten");
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_as_one() {
        let limiter = Limiter::default();
        for host in 0..20 {
            fail(&limiter, &format!("2001:db8::{host:x}"), 0);
        }
        assert!(matches!(fail(&limiter, "2001:db8::ffff", 1), Reason::TooManyFailures { .. }));
        assert_eq!(fail(&limiter, "2001:db8:0:1::1", 1), Reason::Signature);
    }

    #[test]
    fn a_flood_of_addresses_does_not_grow_the_memory() {
        let limiter = Limiter::default();
        for n in 0..30_000_u32 {
            fail(&limiter, &std::net::Ipv4Addr::from(n).to_string(), 0);
        }
        assert!(limiter.0.lock().unwrap().by_key.len() <= REMEMBERED + 1);
        assert_eq!(fail(&limiter, "203.0.113.9", 61), Reason::Signature);
    }
}
