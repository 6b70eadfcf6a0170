//! Keeps one release pull request open whenever something is due: gather, decide, apply.
//!
//! An event says where to look ([`Wanted`]). For each target branch a [`pass`] reads what is there ([`gather`]),
//! settles what is merged ([`settle`]), and for each release branch takes the [`decide::next`] move ([`apply`]).

mod apply;
mod commands;
mod decide;
mod desk;
mod gather;
mod hire;
mod known;
mod newcomers;
mod pass;
mod places;
mod preview;
mod propose;
mod report;
mod rules;
mod settle;
mod wanted;

use std::sync::Arc;

use jiff::Timestamp;
use pointsman_core::{
    outcome::Handled,
    port::{Clock, ErrorKind, PortError, Queue, QueueName, Received, Records},
};
use pointsman_github::{Above, Github};
use tracing::{Instrument as _, info_span};

use commands::Asked;
use desk::Desk;

pub use decide::Move;
pub use hire::Tools;
pub use known::{Known, REPOSITORIES};
pub use places::Places;
pub use report::{Ended, Line, Report};
pub use wanted::Wanted;

/// What the stage asks of the world.
#[derive(Clone)]
pub struct Ports {
    /// GitHub, as the App.
    pub github: Github,
    /// Where the automator hears of what is merged.
    pub queue: Arc<dyn Queue>,
    /// What earlier passes learned.
    pub records: Arc<dyn Records>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The stage: its ports, and what it was configured with.
#[derive(Clone)]
pub struct Orchestrator {
    /// What it asks of the world.
    pub ports: Ports,
    /// The App's number: what it says itself is no command.
    pub app: u64,
    /// The automator's queue.
    pub automator: QueueName,
    /// Settings under the repository's own.
    pub above: Above,
}

/// Brings the release pull requests of one repository up to date: one pass, however many events wait together.
pub async fn handle(batch: &[Received], stage: &Orchestrator) -> Handled<Report> {
    let bodies = batch.iter().map(|message| &message.body[..]);
    let Some(wanted) = Wanted::read(bodies, stage.app)? else {
        return report::skipped("nothing in it can matter to a release");
    };
    let newest = batch.iter().map(|message| message.enqueued).max();
    let span = info_span!("reconcile", repo = %wanted.place.name);
    report::ended(reconcile(wanted, newest, stage).instrument(span).await)
}

async fn reconcile(
    wanted: Wanted,
    newest: Option<Timestamp>,
    stage: &Orchestrator,
) -> Result<Report, PortError> {
    let records = &*stage.ports.records;
    let was = Known::of(&wanted.place, records).await?;
    let wanted = wanted.without_what_cannot_matter(was.as_ref());
    if !wanted.asks() {
        return Ok(Report::default());
    }
    let default_branch =
        match wanted.default_branch.clone().or(was.as_ref().map(|was| was.default_branch.clone())) {
            Some(branch) => branch,
            None => stage.ports.github.at(&wanted.place)?.info().await?.default_branch,
        };
    let desk = Desk::new(stage, &wanted, default_branch, newest)?;
    let mut known = was.clone().unwrap_or_default().seen(&wanted.place, &desk.default_branch);
    let mut asked = Asked::read(&desk, &wanted.commands).await?;
    let mut report = Report::default();
    let mut failed: Option<PortError> = None;
    for (target, moves) in wanted.targets(&known, asked.targets()) {
        match pass::pass(&desk, &target, &moves, &mut asked, &mut known).await {
            Ok(lines) => report.add(lines),
            // Whatever else there is to do would be refused as well.
            Err(error) if matches!(error.kind, ErrorKind::Throttled { .. }) => return Err(error),
            // One branch's trouble is not another's.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    known.keep(was.as_ref(), &wanted.place, records).await?;
    if let Some(error) = failed {
        return Err(error);
    }
    let mut previews = wanted.previews.clone();
    previews.extend(asked.floored().filter(|_| known.preview));
    report.answered = asked.answer(&desk).await?;
    report.previewed = preview::tell(&desk, &previews, &mut known).await?;
    Ok(report)
}
