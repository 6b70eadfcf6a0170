//! The stage: an account removed the App, and everything of its installation goes, this event with it.

use std::time::Duration;

use jiff::SignedDuration;
use pointsman_core::{
    event::Envelope,
    outcome::{Handled, Outcome, Reason, Rejection},
    payload::Lens,
    port::{ErrorKind, PortError, Received},
    stored,
    telemetry::ERASED,
};
use tracing::info;

use crate::{Ports, Removed, Scope, Work};

/// The event that it is for.
const DELETED: &str = "com.github.installation.deleted";

/// Deliveries that GitHub sent before this event may come in after it: so long after it came in, another look is taken.
const SETTLED: Duration = Duration::from_secs(60);

/// Erases what belongs to the installation that the message says was deleted. It came through the pipeline: its
/// signature was verified. The event's name is no part of what was signed, so the payload must say the same.
pub async fn handle(message: &Received, ports: &Ports) -> Handled<Removed> {
    let body = match stored::whole(&*ports.archive, message.body.clone()).await {
        Ok(body) => body,
        Err(error) if error.kind == ErrorKind::NotFound => {
            return Ok(Outcome::Skipped("its delivery is gone: it was erased before".into()));
        }
        Err(error) => return Err(error),
    };
    let event = Envelope::read(&body)?;
    if event.attribute("type").as_deref() != Some(DELETED) {
        return Ok(Outcome::Skipped("no installation was deleted".into()));
    }
    let Some(installation) = event.data().and_then(deleted) else {
        let detail =
            "the event says that an installation was deleted, and its payload does not: nothing was erased";
        return Ok(Outcome::Rejected(Rejection::new(Reason::Malformed, detail)));
    };
    let scope = Scope::Installation(installation);
    let mut silent = |_: crate::Place<'_>| {};
    let mut work = Work::new(&scope, ports, false, &mut silent);
    work.own = Some(&message.id);
    let removed = work.run().await?;
    tell(installation, &removed);
    let Some(after) = again(message, ports, &removed) else { return Ok(Outcome::Done(removed)) };
    let text =
        format!("installation {installation} is looked at again, for what came in or was held meanwhile");
    // Throttled: it is no failure, and counts no attempt.
    let cause = PortError::new(ErrorKind::Throttled { after: Some(after) }, text);
    Ok(Outcome::Retry { after, cause })
}

/// The installation that this payload says was deleted. Only an installation's own events have its account, and of
/// those only this one is `deleted` and of no repository.
fn deleted(payload: &str) -> Option<u64> {
    let lens =
        Lens::new(["/action", "/installation/id", "/installation/account/id", "/repository/full_name"]);
    let glance = lens.read(payload.as_bytes()).ok()?;
    let own =
        glance.text("/installation/account/id").is_some() && glance.raw("/repository/full_name").is_none();
    let deleted = glance.text("/action").is_some_and(|action| action == "deleted");
    glance.text("/installation/id").filter(|_| own && deleted)?.parse().ok()
}

/// When to look again, if that is needed.
fn again(message: &Received, ports: &Ports, removed: &Removed) -> Option<Duration> {
    let age = ports.clock.now().duration_since(message.enqueued).max(SignedDuration::ZERO).unsigned_abs();
    if age < SETTLED {
        return Some(SETTLED - age);
    }
    (removed.held_back > 0).then_some(SETTLED)
}

fn tell(installation: u64, removed: &Removed) {
    let Removed { archive, rejected, records, waiting, dead, held_back, unreadable, unseen } = *removed;
    info!(
        installation,
        archive,
        rejected,
        records,
        waiting,
        dead,
        held_back,
        unreadable,
        unseen,
        "erased what was kept of installation {installation}"
    );
    for (what, count) in [
        ("archive", archive),
        ("rejected", rejected),
        ("records", records),
        ("waiting", waiting),
        ("dead", dead),
    ] {
        ERASED.add([what], count);
    }
}
