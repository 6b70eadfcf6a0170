//! Removes everything that is kept of one repository or of one installation, and tells what it removed.
//!
//! [`erase`]: messages (`queues`) -> records (`kept`) -> raw deliveries with their marks (`deliveries`). Broken off
//! anywhere and run again, it ends in the same place. [`handle`]: the stage, on `installation.deleted`.

mod deliveries;
mod kept;
mod queues;
mod scope;
mod stage;

use std::{collections::HashSet, sync::Arc};

use pointsman_core::port::{Archive, Clock, MessageId, PortError, QueueAdmin, Records};
use serde::Serialize;

pub use scope::Scope;
use scope::Sight;
pub use stage::handle;

/// What the stage asks of the world.
#[derive(Clone)]
pub struct Ports {
    /// Raw deliveries.
    pub archive: Arc<dyn Archive>,
    /// Messages that wait, and dead ones.
    pub queues: Arc<dyn QueueAdmin>,
    /// Marks, and what stages learned.
    pub records: Arc<dyn Records>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What was removed; of a dry run, what would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Raw deliveries.
    pub archive: u64,
    /// Raw deliveries that were signed and refused.
    pub rejected: u64,
    /// Routing marks, what stages learned, kept answers of GitHub's.
    pub records: u64,
    /// Messages that waited in queues.
    pub waiting: u64,
    /// Dead letters.
    pub dead: u64,
    /// Not removed: messages that a receiver holds. Run it again once they are handled.
    pub held_back: u64,
    /// Not removed: deliveries that nobody can read, so that it is not known whose they are.
    pub unreadable: u64,
    /// Not looked at: queues that show what waits in them to their receivers alone.
    pub unseen: u64,
}

impl Removed {
    /// All that was removed.
    pub fn total(&self) -> u64 {
        self.archive + self.rejected + self.records + self.waiting + self.dead
    }
}

/// Where it is: called again and again.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// A queue's name, or a delivery's key.
    pub at: &'a str,
    /// Messages and deliveries looked at so far.
    pub looked: u64,
    /// What was found so far.
    pub removed: Removed,
}

/// Removes all of `scope` that is there now; with `dry_run` it only counts.
pub async fn erase(
    scope: &Scope,
    ports: &Ports,
    dry_run: bool,
    progress: &mut (dyn FnMut(Place<'_>) + Send + Sync),
) -> Result<Removed, PortError> {
    Work::new(scope, ports, dry_run, progress).run().await
}

/// One run.
struct Work<'a> {
    scope: &'a Scope,
    ports: &'a Ports,
    dry_run: bool,
    sight: Sight,
    /// A message that is left to who holds it: the one that asked for this.
    own: Option<&'a MessageId>,
    /// Repositories whose records are done.
    repositories: HashSet<String>,
    looked: u64,
    removed: Removed,
    progress: &'a mut (dyn FnMut(Place<'_>) + Send + Sync),
}

impl<'a> Work<'a> {
    fn new(
        scope: &'a Scope,
        ports: &'a Ports,
        dry_run: bool,
        progress: &'a mut (dyn FnMut(Place<'_>) + Send + Sync),
    ) -> Self {
        let (sight, repositories, removed) = (Sight::new(), HashSet::new(), Removed::default());
        Self { scope, ports, dry_run, sight, own: None, repositories, looked: 0, removed, progress }
    }

    /// Messages first: one that came by reference is known by its delivery. The deliveries last, because they tell the
    /// names of an installation's repositories to a run that was broken off.
    async fn run(mut self) -> Result<Removed, PortError> {
        self.queues().await?;
        self.kept().await?;
        self.deliveries().await?;
        Ok(self.removed)
    }

    fn tell(&mut self, at: &str, looked: usize) {
        self.looked += looked as u64;
        (self.progress)(Place { at, looked: self.looked, removed: self.removed });
    }
}
