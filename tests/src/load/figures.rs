//! How requests ended, and how long they took: over a run, and second by second for the picture.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use super::hostile::Hostile;

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// 202.
    Accepted,
    /// 503 that says when to come again.
    Later,
    /// Any other answer.
    Other(u16),
    /// The connection ended without an answer.
    CutOff,
    /// Nobody listened.
    NobodyThere,
    /// No answer in ten seconds.
    TimedOut,
    /// No connection was free in ten seconds.
    Unsent,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("202"),
            Self::Later => f.write_str("503 with Retry-After"),
            Self::Other(status) => write!(f, "{status}"),
            Self::CutOff => f.write_str("cut off"),
            Self::NobodyThere => f.write_str("nobody there"),
            Self::TimedOut => f.write_str("no answer in 10 s"),
            Self::Unsent => f.write_str("not sent in 10 s"),
        }
    }
}

/// Latencies of what was accepted, in ms.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Latency {
    /// Half were faster.
    pub p50: f64,
    /// 99 of 100 were faster.
    pub p99: f64,
    /// 999 of 1,000 were faster.
    pub p999: f64,
}

/// A run's.
pub struct Figures {
    began: Instant,
    inner: Mutex<Inner>,
}

struct Inner {
    ends: BTreeMap<Ended, u64>,
    hostile: BTreeMap<String, u64>,
    /// Of what was accepted, in microseconds.
    taken: Histogram<u64>,
    /// Of what was told to come later.
    refused: Histogram<u64>,
    seconds: Vec<Second>,
    last: Duration,
}

/// What ended in a second.
#[derive(Debug, Clone)]
pub struct Second {
    /// With 202.
    pub accepted: u64,
    /// In another way.
    pub not: u64,
    /// Of the accepted ones, in microseconds.
    pub taken: Histogram<u32>,
}

impl Default for Figures {
    fn default() -> Self {
        let histogram = || Histogram::new_with_max(120_000_000, 3).expect("bounds that a histogram can have");
        let inner = Inner {
            ends: BTreeMap::new(),
            hostile: BTreeMap::new(),
            taken: histogram(),
            refused: histogram(),
            seconds: Vec::new(),
            last: Duration::ZERO,
        };
        Self { began: Instant::now(), inner: Mutex::new(inner) }
    }
}

impl Figures {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A delivery ended like this, so long after it should have left.
    pub fn count(&self, ended: Ended, after: Duration) {
        let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        let (now, mut inner) = (self.began.elapsed(), self.inner());
        let second = now.as_secs() as usize;
        inner.last = inner.last.max(now);
        *inner.ends.entry(ended).or_default() += 1;
        while inner.seconds.len() <= second {
            let taken = Histogram::new_with_max(120_000_000, 2).expect("bounds that a histogram can have");
            inner.seconds.push(Second { accepted: 0, not: 0, taken });
        }
        match ended {
            Ended::Accepted => {
                inner.taken.saturating_record(micros);
                inner.seconds[second].accepted += 1;
                inner.seconds[second].taken.saturating_record(micros);
            }
            _ => inner.seconds[second].not += 1,
        }
        if ended == Ended::Later {
            inner.refused.saturating_record(micros);
        }
    }

    /// What somebody hostile got for an answer.
    pub fn hostile(&self, kind: Hostile, status: Option<u16>) {
        let status = status.map_or_else(|| "none".into(), |status| status.to_string());
        *self.inner().hostile.entry(format!("{kind:?} {status}")).or_default() += 1;
    }

    /// How many ended so.
    pub fn ended(&self, how: Ended) -> u64 {
        self.inner().ends.get(&how).copied().unwrap_or_default()
    }

    /// How many deliveries ended, all ways together.
    pub fn all(&self) -> u64 {
        self.inner().ends.values().sum()
    }

    /// Each way that something ended, by how often.
    pub fn ends(&self) -> BTreeMap<Ended, u64> {
        self.inner().ends.clone()
    }

    /// Kind and status of what was hostile, by how often.
    pub fn hostile_ends(&self) -> BTreeMap<String, u64> {
        self.inner().hostile.clone()
    }

    /// Of what was accepted.
    pub fn latency(&self) -> Latency {
        latency(&self.inner().taken)
    }

    /// Of what was told to come later.
    pub fn refusal(&self) -> Latency {
        latency(&self.inner().refused)
    }

    /// Second by second.
    pub fn seconds(&self) -> Vec<Second> {
        self.inner().seconds.clone()
    }

    /// From the beginning to the last answer to a delivery; who is hostile may take longer.
    pub fn lasted(&self) -> Duration {
        self.inner().last
    }

    /// One line of it.
    pub fn line(&self) -> String {
        let ends: Vec<String> = self.ends().iter().map(|(ended, count)| format!("{count} {ended}")).collect();
        let Latency { p50, p99, p999 } = self.latency();
        format!("{}; p50 {p50:.1} p99 {p99:.1} p99.9 {p999:.1} ms", ends.join(", "))
    }
}

/// What a histogram of microseconds says.
fn latency(of: &Histogram<u64>) -> Latency {
    let at = |part: f64| of.value_at_quantile(part) as f64 / 1e3;
    Latency { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
}
