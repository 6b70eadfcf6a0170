//! What is sent, and when: GitHub's example payloads over repositories by a Zipf law, some of them again, some of them
//! hostile. A seed repeats it.

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;

use super::hostile::Hostile;
use crate::{
    fixtures::{self, Payload},
    sign,
};

/// Bodies made and signed before the load begins.
const BODIES: usize = 2048;
/// Repositories that they are of.
const REPOSITORIES: usize = 200;
/// The n-th repository is so much less busy than the first: n to this power.
const SKEW: f64 = 1.1;
/// In a thousand, each: a delivery that was sent before, and what no honest sender sends.
const AGAIN: u32 = 50;
const HOSTILE: u32 = 10;
/// How far back one is looked for that is sent again.
const RECENT: u32 = 2000;

/// A payload with its signature.
#[derive(Debug, Clone)]
pub struct Body {
    /// The event's name.
    pub event: String,
    /// The payload.
    pub bytes: Bytes,
    /// The value of `X-Hub-Signature-256`.
    pub signature: String,
}

/// One request of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shot {
    /// A delivery of this number, for the first time.
    New(u32),
    /// The delivery of this number once more, with the same id.
    Again(u32),
    /// What must be refused.
    Hostile(Hostile),
}

/// Every body that is sent; which one a delivery has follows from its number.
pub struct Bodies(Vec<Body>);

impl Bodies {
    /// Made of GitHub's examples, and signed.
    pub fn new(secret: &str, seed: u64) -> Self {
        let (mut rng, zipf) = (Rng::with_seed(seed), Zipf::new(REPOSITORIES, SKEW));
        let examples: Vec<Payload> = fixtures::github().collect();
        let make = |_| {
            let example = &examples[rng.usize(..examples.len())];
            let bytes = moved(&example.bytes, &format!("acme/r{}", zipf.pick(&mut rng)));
            let signature = sign(secret, &bytes);
            Body { event: example.event.clone(), bytes, signature }
        };
        Self((0..BODIES).map(make).collect())
    }

    /// The body of a delivery.
    pub fn of(&self, number: u32) -> &Body {
        // An odd multiplier: every body comes, and not in the order in which they were made.
        &self.0[number.wrapping_mul(2_654_435_761) as usize % self.0.len()]
    }
}

/// The same event of another repository.
fn moved(payload: &[u8], name: &str) -> Bytes {
    let text = String::from_utf8_lossy(payload);
    let text = ["Codertocat/Hello-World", "octo-org/octo-repo", "Octocoders/Hello-World"]
        .iter()
        .fold(text.into_owned(), |text, from| text.replace(from, name));
    Bytes::from(text)
}

/// Ranks from 0, each less likely than the one before.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(ranks: usize, skew: f64) -> Self {
        let mut sum = 0.0;
        let up_to = |rank: usize| {
            sum += 1.0 / ((rank + 1) as f64).powf(skew);
            sum
        };
        Self((0..ranks).map(up_to).collect())
    }

    fn pick(&self, rng: &mut Rng) -> usize {
        let all = self.0.last().copied().unwrap_or_default();
        let at = rng.f64() * all;
        self.0.partition_point(|up_to| *up_to < at).min(self.0.len() - 1)
    }
}

/// The order of the load.
pub struct Traffic {
    rng: Rng,
    next: u32,
}

impl Traffic {
    /// The same seed, the same load.
    pub fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), next: 0 }
    }

    /// The next request, and how long after the one before it leaves: by chance, so many a second on average.
    pub fn next(&mut self, per_second: f64) -> (Duration, Shot) {
        let gap = -(1.0 - self.rng.f64()).ln() / per_second;
        let shot = match self.rng.u32(0..1000) {
            dice if dice < HOSTILE => Shot::Hostile(Hostile::pick(&mut self.rng)),
            dice if dice < HOSTILE + AGAIN && self.next > 0 => {
                Shot::Again(self.rng.u32(self.next.saturating_sub(RECENT)..self.next))
            }
            _ => {
                self.next += 1;
                Shot::New(self.next - 1)
            }
        };
        (Duration::from_secs_f64(gap), shot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_the_shares_are_kept() {
        let shots = |seed| {
            let mut traffic = Traffic::new(seed);
            (0..20_000).map(|_| traffic.next(1000.0)).collect::<Vec<_>>()
        };
        let first = shots(1);
        assert_eq!(first, shots(1));
        assert_ne!(first, shots(2));
        let count = |of: fn(&Shot) -> bool| first.iter().filter(|(_, shot)| of(shot)).count();
        assert!((150..250).contains(&count(|shot| matches!(shot, Shot::Hostile(_)))));
        assert!((900..1100).contains(&count(|shot| matches!(shot, Shot::Again(_)))));
        let time: Duration = first.iter().map(|(gap, _)| *gap).sum();
        assert!((19..21).contains(&time.as_secs()), "{time:?}");
    }

    #[test]
    fn few_repositories_are_busy_and_many_are_quiet() {
        let (zipf, mut rng) = (Zipf::new(REPOSITORIES, SKEW), Rng::with_seed(1));
        let mut counts = vec![0; REPOSITORIES];
        (0..10_000).for_each(|_| counts[zipf.pick(&mut rng)] += 1);
        assert!(counts[0] > 1500 && counts[0] > 20 * counts[100], "{counts:?}");
        assert!(counts.iter().filter(|count| **count > 0).count() > 150);
    }

    #[test]
    fn every_event_of_github_is_sent() {
        let bodies = Bodies::new("secret", 1);
        let mut events: Vec<_> = (0..20_000).map(|number| &bodies.of(number).event).collect();
        events.sort();
        events.dedup();
        assert!(events.len() > 50, "{} events", events.len());
    }
}
