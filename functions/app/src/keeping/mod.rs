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
use tokio::{join, sync::watch};

pub use sweeps::Swept;

use crate::task::Task;

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
    /// Told of each sweep.
    pub swept: watch::Sender<Swept>,
}

/// The task. A sweep that is under way at a stop is dropped between two batches.
pub fn start(tools: Tools) -> Task<Terms> {
    Task::start("retention", None, |seen, stopping| async move {
        join!(
            sweeps::go(seen.clone(), tools.clone(), stopping.clone()),
            erasing::go(seen.clone(), tools, stopping)
        );
    })
}

#[cfg(test)]
mod tests;
