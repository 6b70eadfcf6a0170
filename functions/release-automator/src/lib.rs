//! Turns a merged release pull request into a tag and a release: a saga of read-then-create steps.
//!
//! [`handle`]: what is asked ([`Wanted`]) -> what was merged ([`check`]) -> the steps ([`saga`]). Killed after any step
//! and run again, it ends in the same place.

mod check;
mod decide;
mod desk;
mod hire;
mod notes;
mod saga;
mod tidy;
mod wanted;

use std::sync::Arc;

use pointsman_core::{
    outcome::{Handled, Outcome},
    port::{Clock, PortError, Queue, QueueName, Received, Records},
    release::errand::Errand,
    telemetry::PUBLISHINGS,
};
use pointsman_github::{Above, Github, Refusal};
use tracing::{Instrument as _, info, info_span};

use desk::{Desk, Halt};
pub use hire::Tools;
pub use wanted::Wanted;

/// What the stage asks of the world.
#[derive(Clone)]
pub struct Ports {
    /// GitHub, as the App.
    pub github: Github,
    /// Where the orchestrator hears that it should look again.
    pub queue: Arc<dyn Queue>,
    /// What was done before.
    pub records: Arc<dyn Records>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The stage: its ports, and what it was configured with.
#[derive(Clone)]
pub struct Automator {
    /// What it asks of the world.
    pub ports: Ports,
    /// The App's number: comments by it are ours.
    pub app: u64,
    /// The orchestrator's queue.
    pub orchestrator: QueueName,
    /// Settings under the repository's own.
    pub above: Above,
}

/// What a batch came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Tags that have a published release now.
    pub released: Vec<String>,
    /// Pull requests that a person must look at; each has a comment that says why.
    pub told: Vec<u64>,
    /// Pull requests with which nothing was to be done, and why.
    pub skipped: Vec<(u64, String)>,
}

/// Publishes what a batch of one repository's events names.
pub async fn handle(batch: &[Received], stage: &Automator) -> Handled<Report> {
    let Some(wanted) = Wanted::read(batch.iter().map(|message| &message.body[..]))? else {
        return Ok(Outcome::Skipped("no release pull request was merged".into()));
    };
    let newest = batch.iter().map(|message| message.enqueued).max();
    let span = info_span!("publish", repo = %wanted.place.name);
    async {
        let desk = Desk::new(stage, &wanted, newest)?;
        let mut report = Report::default();
        for pull in &wanted.pulls {
            match one(&desk, *pull, &mut report).await {
                Ok(()) => {}
                Err(error) => return Refusal::settled(error),
            }
        }
        Ok(Outcome::Done(report))
    }
    .instrument(span)
    .await
}

async fn one(desk: &Desk<'_>, pull: u64, report: &mut Report) -> Result<(), PortError> {
    let published = saga::publish(desk, pull).await;
    let result = match published {
        Ok(tags) => {
            info!(pull, tags = tags.join(" "), "released {} of pull request {pull}", tags.join(" "));
            report.released.extend(tags);
            "released"
        }
        Err(Halt::Nothing(why)) => {
            report.skipped.push((pull, why));
            "skipped"
        }
        Err(Halt::Person { key, text }) => {
            desk.repository.tell(pull, desk.stage.app, key, &text).await?;
            info!(pull, key, "a person is needed for pull request {pull}: {key}");
            report.told.push(pull);
            "told"
        }
        Err(Halt::Port(error)) => {
            count("failed");
            return Err(error);
        }
    };
    count(result);
    Ok(())
}

fn count(result: &'static str) {
    PUBLISHINGS.add([result], 1);
}

/// What the orchestrator is asked for once a release is out.
fn look_again(target: &str, merge: &pointsman_core::release::Sha) -> Errand {
    Errand::Reconcile { targets: [target.to_owned()].into(), because: format!("published {merge}") }
}
