//! Nothing is kept longer than the configuration says: a sweep now and then, and the stage that erases what belonged to
//! an installation. Both work by the terms that hold when they begin; other terms, and they begin anew.

mod erasing;
mod sweep;
mod sweeps;

use std::{sync::Arc, time::Duration};

use pointsman_core::{
    config::{Config, ERASE},
    port::{Archive, Clock, QueueAdmin, QueueSettings, Receiver, Records},
};
use tokio::{join, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// All of the configuration that this depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How long raw deliveries are kept.
    pub archive: Duration,
    /// How long dead letters are kept.
    pub dead_letters: Duration,
    /// The erasing stage's queue; none, and it does not work.
    pub erasing: Option<QueueSettings>,
}

impl Terms {
    /// What the configuration says.
    pub fn of(config: &Config) -> Self {
        let queue = |(name, settings): (_, _)| (name == ERASE.parse().ok()?).then_some(settings);
        Self {
            archive: config.retention.archive,
            dead_letters: config.retention.dead_letters,
            erasing: config.queues().into_iter().find_map(queue),
        }
    }
}

/// What it works with.
#[derive(Clone)]
pub struct Tools {
    /// Raw deliveries.
    pub archive: Arc<dyn Archive>,
    /// Dead letters.
    pub queues: Arc<dyn QueueAdmin>,
    /// Marks, and what stages learned.
    pub records: Arc<dyn Records>,
    /// Where the erasing stage receives.
    pub receiver: Arc<dyn Receiver>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// What runs.
pub struct Keeping {
    terms: watch::Sender<Option<Terms>>,
    stopping: CancellationToken,
    running: JoinHandle<()>,
}

impl Keeping {
    /// Idle until it is told its terms.
    pub fn start(tools: Tools) -> Self {
        let (terms, seen) = watch::channel(None);
        let stopping = CancellationToken::new();
        let leave = stopping.clone();
        let running = tokio::spawn(async move {
            join!(
                sweeps::go(seen.clone(), tools.clone(), leave.clone()),
                erasing::go(seen.clone(), tools, leave)
            );
        });
        Self { terms, stopping, running }
    }

    /// Other terms from now on. The same again change nothing.
    pub fn replace(&self, terms: Terms) {
        self.terms.send_if_modified(|now| {
            let other = now.as_ref() != Some(&terms);
            *now = Some(terms);
            other
        });
    }

    /// When this is cancelled, nothing new is begun.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Begins nothing new, and returns once what runs has ended.
    pub async fn stop(self) {
        self.stopping.cancel();
        if let Err(error) = self.running.await {
            tracing::error!(%error, "retention ended badly; the next start takes it up");
        }
    }
}

#[cfg(test)]
mod tests;
