//! Which merged release pull requests a batch of events names. Everything that decides is read fresh from GitHub.

use std::collections::BTreeSet;

use pointsman_core::{
    event::Envelope,
    port::PortError,
    release::{errand, errand::Place, proposal},
};
use serde::Deserialize;

/// What the events of one repository ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The repository.
    pub place: Place,
    /// Release pull requests that were merged, oldest first.
    pub pulls: BTreeSet<u64>,
    /// The trace that the newest event belongs to.
    pub trace: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Payload {
    repository: Named,
    #[serde(default)]
    installation: Option<Id>,
    number: u64,
    #[serde(default)]
    pull_request: Option<PullRequest>,
}

#[derive(Debug, Deserialize)]
struct Named {
    full_name: String,
    #[serde(default)]
    node_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Id {
    id: u64,
}

#[derive(Debug, Deserialize)]
struct PullRequest {
    #[serde(default)]
    merged: bool,
    head: Side,
}

#[derive(Debug, Deserialize)]
struct Side {
    r#ref: String,
}

impl Wanted {
    /// Reads a batch. `None` = no release pull request was merged.
    pub fn read<'b>(bodies: impl IntoIterator<Item = &'b [u8]>) -> Result<Option<Self>, PortError> {
        let mut wanted: Option<Self> = None;
        for body in bodies {
            let Some(one) = Self::of(&Envelope::read(body)?)? else { continue };
            match &mut wanted {
                None => wanted = Some(one),
                Some(all) if all.place.key() == one.place.key() => {
                    all.pulls.extend(one.pulls);
                    all.place.node = one.place.node.or(all.place.node.take());
                    all.trace = one.trace.or(all.trace.take());
                }
                Some(all) => {
                    let (one, other) = (&all.place.name, &one.place.name);
                    return Err(PortError::invalid(format!(
                        "a batch holds events of {one} and of {other}: the queue's session must be `repository`"
                    )));
                }
            }
        }
        Ok(wanted)
    }

    fn of(envelope: &Envelope<'_>) -> Result<Option<Self>, PortError> {
        let kind = envelope.attribute("type").unwrap_or_default();
        if kind != errand::PUBLISH && kind != "com.github.pull_request.closed" {
            return Ok(None);
        }
        let data = envelope.data().ok_or_else(|| errand::without_data(envelope))?;
        let payload: Payload =
            serde_json::from_str(data).map_err(|error| errand::unreadable(envelope, error))?;
        Ok(Self::asked(envelope, payload, kind == errand::PUBLISH))
    }

    fn asked(envelope: &Envelope<'_>, payload: Payload, always: bool) -> Option<Self> {
        let merged = |pull: PullRequest| pull.merged && proposal::branch_parts(&pull.head.r#ref).is_some();
        let matters = always || payload.pull_request.is_some_and(merged);
        let installation = payload.installation.map(|it| it.id);
        let installation = installation.or_else(|| envelope.attribute("installation")?.parse().ok())?;
        let Named { full_name: name, node_id: node } = payload.repository;
        let trace = envelope.attribute("traceparent");
        let place = Place { name, node, installation };
        matters.then(|| Self { place, pulls: [payload.number].into(), trace })
    }
}
