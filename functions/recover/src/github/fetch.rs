//! A delivery that GitHub cannot hand over is asked for, and taken in behind `verify`: what GitHub shows to who may see it
//! is GitHub's own. The bytes are its rendering, and marked so (`origin: fetched`).

use std::net::Ipv4Addr;

use pointsman_core::{
    outcome::Outcome,
    pipeline::{self, Request},
    port::{ErrorKind, PortError},
};
use pointsman_github::{Deliveries, SentDelivery};

use super::{Told, group::Group};
use crate::{Hook, report::Action, turn::Turn};

/// Headers of the transport, and what was true of other bytes than these.
const NOT_OURS: &[&str] =
    &["content-type", "content-length", "transfer-encoding", "content-encoding", "host"];

/// Fetches one. An error: the webhook's others are left for the next run.
pub(super) async fn one(
    turn: &mut Turn<'_>,
    hook: &Hook,
    deliveries: &Deliveries,
    group: &Group,
    told: &mut Told,
) -> Result<(), PortError> {
    let sent = match deliveries.one(group.newest).await {
        Ok(sent) => sent,
        Err(error) if error.kind == ErrorKind::NotFound => {
            told.lost("GitHub has it no more");
            return Ok(());
        }
        Err(error) if matches!(error.kind, ErrorKind::Invalid | ErrorKind::Internal) => {
            (told.action, told.why) = (Action::Failing, Some(error.to_string()));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let Some(request) = request(turn, hook, sent) else {
        told.lost("GitHub has its body no more");
        return Ok(());
    };
    match pipeline::ingest_fetched(request, turn.rules, &turn.ports.pipeline).await {
        Ok(Outcome::Done(_) | Outcome::Skipped(_)) => told.action = Action::Fetched,
        Ok(Outcome::Rejected(refused)) => told.lost(format!("it is refused: {refused}")),
        Ok(Outcome::Retry { cause, .. }) => return Err(cause),
        Err(error) if matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Throttled { .. }) => {
            return Err(error);
        }
        Err(error) => (told.action, told.why) = (Action::Failing, Some(error.to_string())),
    }
    Ok(())
}

/// As GitHub would have sent it, without a signature; whatever the webhook's form, the payload is JSON now.
fn request(turn: &Turn<'_>, hook: &Hook, sent: SentDelivery) -> Option<Request> {
    let body = sent.payload?;
    let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
    let mut headers: Vec<(String, String)> = sent.headers.into_iter().map(lower).collect();
    headers.retain(|(name, _)| !NOT_OURS.contains(&name.as_str()));
    let app = turn.rules.sources.get(&hook.source).and_then(|source| source.app);
    for (name, value) in [
        ("content-type", Some("application/json".to_owned())),
        ("x-github-delivery", Some(sent.guid)),
        ("x-github-event", Some(sent.event)),
        ("x-github-hook-id", hook.place.hook().map(|id| id.to_string())),
        ("x-github-hook-installation-target-id", app.map(|id| id.to_string())),
    ] {
        if let Some(value) = value
            && !headers.iter().any(|(known, _)| known == name)
        {
            headers.push((name.to_owned(), value));
        }
    }
    let peer = Ipv4Addr::LOCALHOST.into();
    Some(Request { source: hook.source.clone(), headers: headers.into_iter().collect(), body, peer })
}
