//! What was lost on the way is found and sent, with its cause: one run is three sweeps, local ones first.
//!
//! `unrouted` (a queue was down), `stored` (a crash between archive and queue), `github` (GitHub could not hand it over).
//! Run twice = run once: each sends only what is not there yet.

mod cursor;
mod github;
mod hire;
mod report;
mod stored;
mod turn;
mod unrouted;

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use pointsman_core::{
    lease::{Holder, Lease, Taken},
    outcome::{Handled, Outcome},
    pipeline,
    port::{Archive, Clock, PortError, Records},
    rules::Rules,
};
use pointsman_github::{Github, HookPlace};
use serde::Deserialize;

pub use hire::{Terms, Tools};
pub use pipeline::Ports as Pipeline;
pub use report::{Action, Item, Reached, Report, Sweep, Tally};

use turn::Turn;

/// The lease's name: one run at a time, whoever began it.
const LEASE: &str = "recover";

/// Long enough for a slow GitHub between two renewals; a crash blocks nobody for longer.
const HELD: Duration = Duration::from_secs(3 * 60);

/// A cursor that is older is an alarm: GitHub forgets after three days.
pub const LATE: SignedDuration = SignedDuration::from_hours(24);

/// What a run needs of the world.
#[derive(Clone)]
pub struct Ports {
    /// Raw deliveries.
    pub archive: Arc<dyn Archive>,
    /// Marks, what is unrouted, cursors, the lease.
    pub records: Arc<dyn Records>,
    /// Sends, and takes in what was fetched.
    pub pipeline: Pipeline,
}

/// A webhook whose deliveries GitHub lists.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The source that takes its deliveries.
    pub source: String,
    /// GitHub, asked as who may see the list.
    pub github: Github,
    /// Whose webhook it is.
    pub place: HookPlace,
}

/// The stage.
pub struct Recover {
    /// Its ports.
    pub ports: Ports,
    /// Whose lists are read.
    pub hooks: Vec<Hook>,
    /// What it says of itself to another run, such as `pointsman serve (process 12)`.
    pub name: String,
    /// Told of each step: how many are done, and of how many where that is known.
    pub watch: Option<Watch>,
}

/// Sees a run go on.
pub type Watch = Arc<dyn Fn(Sweep, u64, Option<u64>) + Send + Sync>;

/// What a run is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ask {
    /// How far to look back, instead of to where the last run came.
    pub since: Option<Timestamp>,
    /// Take also what was answered with 2xx and is not here: after a restore, say.
    pub missing: bool,
    /// Do it. Otherwise nothing is written, sent or asked for: what would be done is reported.
    pub apply: bool,
}

impl Ask {
    /// As a schedule asks: all that is new is done.
    pub fn scheduled() -> Self {
        Self { apply: true, ..Self::default() }
    }
}

/// What became of a run.
#[derive(Debug)]
pub enum Ran {
    /// It ran. What failed is in the report.
    Done(Box<Report>),
    /// Another one has the lease.
    Held(Holder),
}

impl Ran {
    /// For a host: a run that could not look at everything has failed, so that an alarm sees it.
    pub fn whole(self) -> Handled<Box<Report>> {
        match self {
            Self::Done(report) if report.faults.is_empty() => Ok(Outcome::Done(report)),
            Self::Done(report) => Err(PortError::unavailable(format!(
                "not everything could be looked at; the next run tries again: {}",
                report.faults.join("; ")
            ))),
            Self::Held(by) => {
                Ok(Outcome::Skipped(format!("another run is under way until {}: {}", by.until, by.name)))
            }
        }
    }
}

impl Recover {
    /// One run by these rules. An error: it could not begin.
    pub async fn run(&self, rules: &Rules, ask: Ask) -> Result<Ran, PortError> {
        let lease = match ask.apply {
            true => match self.take().await? {
                Taken::Ours(lease) => Some(lease),
                Taken::Held(holder) => return Ok(Ran::Held(holder)),
            },
            false => None,
        };
        let mut turn = Turn::new(self, rules, ask, lease);
        // What lies here needs nobody else and is the older: it must not wait behind a limit of GitHub's.
        let done = unrouted::sweep(&mut turn).await;
        turn.ended(Sweep::Unrouted, done);
        let done = stored::sweep(&mut turn).await;
        turn.ended(Sweep::Stored, done);
        for hook in &self.hooks {
            let done = github::sweep(&mut turn, hook).await;
            turn.ended(Sweep::Github, done);
        }
        let (report, lease) = turn.end();
        if let Some(lease) = lease {
            lease.release().await?;
            report.count();
        }
        Ok(Ran::Done(Box::new(report)))
    }

    async fn take(&self) -> Result<Taken, PortError> {
        let (records, clock) = (self.ports.records.clone(), self.ports.pipeline.clock.clone());
        Lease::take(records, clock, LEASE, &self.name, HELD).await
    }
}

/// The clock that all of it goes by.
pub(crate) fn clock(ports: &Ports) -> &dyn Clock {
    &*ports.pipeline.clock
}
