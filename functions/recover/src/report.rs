//! What a run did, counted for people, for the log and for metrics.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pointsman_core::telemetry::{CURSOR_AGE, RECOVERED, UNROUTED_LEFT};
use serde::Serialize;

use crate::LATE;

/// So many deliveries are named; the rest is counted.
const NAMED: usize = 1_000;

/// A run's three parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sweep {
    /// What a queue did not take.
    Unrouted,
    /// What was stored, and nothing tells that it was sent.
    Stored,
    /// What GitHub failed to hand over.
    Github,
}

/// What was done about a delivery, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// GitHub was asked to send it again.
    Redelivered,
    /// It was fetched from GitHub and taken in.
    Fetched,
    /// It was sent from the archive.
    Sent,
    /// It was sent to the queues that it had not reached.
    Rerouted,
    /// GitHub was asked for it a moment ago, or failed with it just now.
    Waiting,
    /// It failed again; the next run tries again.
    Failing,
    /// Nothing can be done any more.
    Lost,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Which sweep found it.
    pub sweep: Sweep,
    /// What was done about it.
    pub action: Action,
    /// Where it comes in.
    pub source: String,
    /// Its id.
    pub delivery: String,
    /// Such as `issues.opened`; empty where that cannot be told.
    pub event: String,
    /// The queues that it goes to, where that is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<String>,
    /// Why, where it is not plain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// See [`Action::Redelivered`].
    pub redelivered: u64,
    /// See [`Action::Fetched`].
    pub fetched: u64,
    /// See [`Action::Sent`].
    pub sent: u64,
    /// See [`Action::Rerouted`].
    pub rerouted: u64,
    /// GitHub failed to hand it over, and nobody wants it or it is here all the same.
    pub skipped: u64,
    /// See [`Action::Waiting`].
    pub waiting: u64,
    /// See [`Action::Failing`].
    pub failing: u64,
    /// See [`Action::Lost`].
    pub lost: u64,
}

impl Tally {
    fn results(&self) -> [(&'static str, u64); 8] {
        [
            ("redelivered", self.redelivered),
            ("fetched", self.fetched),
            ("sent", self.sent),
            ("rerouted", self.rerouted),
            ("skipped", self.skipped),
            ("waiting", self.waiting),
            ("failing", self.failing),
            ("lost", self.lost),
        ]
    }

    /// What was brought on its way.
    pub fn recovered(&self) -> u64 {
        self.redelivered + self.fetched + self.sent + self.rerouted
    }
}

/// How far everything is settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The source.
    pub source: String,
    /// `archive`, or whose webhook: `app`, `owner/name/7`, `login/7`.
    pub of: String,
    /// Up to here.
    pub upto: Timestamp,
}

/// What a run did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether it was done.
    pub applied: bool,
    /// When it began.
    pub at: Timestamp,
    /// What a queue did not take.
    pub unrouted: Tally,
    /// What was stored, and nothing tells that it was sent.
    pub stored: Tally,
    /// What GitHub failed to hand over.
    pub github: Tally,
    /// The deliveries; the first thousand of them.
    pub items: Vec<Item>,
    /// How many more there are.
    pub more: u64,
    /// How far everything is settled now.
    pub cursors: Vec<Reached>,
    /// What was strange.
    pub notes: Vec<String>,
    /// What ended a sweep early.
    pub faults: Vec<String>,
    /// Records under `unrouted/` that remain.
    pub left: u64,
}

impl Sweep {
    /// As a label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unrouted => "unrouted",
            Self::Stored => "stored",
            Self::Github => "github",
        }
    }
}

impl Report {
    /// By sweep.
    pub fn tallies(&self) -> [(Sweep, Tally); 3] {
        [(Sweep::Unrouted, self.unrouted), (Sweep::Stored, self.stored), (Sweep::Github, self.github)]
    }

    /// Of one sweep.
    pub(crate) fn of(&mut self, sweep: Sweep) -> &mut Tally {
        match sweep {
            Sweep::Unrouted => &mut self.unrouted,
            Sweep::Stored => &mut self.stored,
            Sweep::Github => &mut self.github,
        }
    }

    /// One more delivery: counted, and named as long as there is room.
    pub(crate) fn add(&mut self, item: Item) {
        let tally = self.of(item.sweep);
        let count = match item.action {
            Action::Redelivered => &mut tally.redelivered,
            Action::Fetched => &mut tally.fetched,
            Action::Sent => &mut tally.sent,
            Action::Rerouted => &mut tally.rerouted,
            Action::Waiting => &mut tally.waiting,
            Action::Failing => &mut tally.failing,
            Action::Lost => &mut tally.lost,
        };
        *count += 1;
        let (delivery, why) = (&item.delivery, item.why.as_deref().unwrap_or_default());
        match item.action {
            Action::Lost if self.applied => {
                tracing::error!(delivery.id = %delivery, why, "delivery {delivery} is lost: {why}")
            }
            Action::Failing if self.applied => {
                tracing::warn!(delivery.id = %delivery, why, "delivery {delivery} is not recovered: {why}")
            }
            _ => {}
        }
        if self.items.len() < NAMED {
            self.items.push(item);
        } else {
            self.more += 1;
        }
    }

    /// The oldest cursor of each source.
    pub fn oldest(&self) -> BTreeMap<&str, Timestamp> {
        let mut oldest = BTreeMap::new();
        for it in &self.cursors {
            let at = oldest.entry(it.source.as_str()).or_insert(it.upto);
            *at = it.upto.min(*at);
        }
        oldest
    }

    /// Said to the log and to metrics, once a run.
    pub(crate) fn count(&self) {
        for (sweep, tally) in self.tallies() {
            for (result, count) in tally.results() {
                RECOVERED.add([sweep.label(), result], count);
            }
        }
        let oldest = self.oldest();
        let age = |upto: Timestamp| self.at.duration_since(upto);
        let cursor_age_seconds = oldest.values().map(|upto| age(*upto).as_secs().max(0)).max();
        for (source, upto) in oldest {
            let age = age(upto);
            CURSOR_AGE.set([source], age.as_secs_f64().max(0.0));
            if age > LATE {
                tracing::error!(source, %upto, "deliveries of `{source}` since {upto} are not settled: GitHub forgets after three days");
            }
        }
        UNROUTED_LEFT.count([], self.left);
        let all = self.tallies().map(|(_, tally)| tally);
        let sum = |of: fn(&Tally) -> u64| all.iter().map(of).sum::<u64>();
        // template.yaml makes a metric of the age: a renamed field would be an alarm that never goes off.
        tracing::info!(
            cursor_age_seconds,
            recovered = sum(Tally::recovered),
            waiting = sum(|it| it.waiting),
            skipped = sum(|it| it.skipped),
            failing = sum(|it| it.failing),
            lost = sum(|it| it.lost),
            faults = self.faults.len(),
            "looked for what was lost"
        );
    }
}
