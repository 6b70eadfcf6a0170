//! What every step has at hand.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use pointsman_core::{
    port::{ErrorKind, PortError, Records},
    release::{changelog::Links, errand::Place},
};
use pointsman_github::{Repository, Slug};
use semver::Version;

use crate::{Orchestrator, Wanted};

/// A read that does not show what an event told of is tried again for this long.
const YOUNG: SignedDuration = SignedDuration::from_mins(2);

/// How soon a read is tried again that was answered from before its event.
const SOON: Duration = Duration::from_secs(2);

/// One batch's hands.
pub(crate) struct Desk<'d> {
    pub stage: &'d Orchestrator,
    pub wanted: &'d Wanted,
    pub place: &'d Place,
    pub trace: Option<&'d str>,
    pub default_branch: String,
    pub repository: Repository,
    /// When the newest event was enqueued.
    newest: Option<Timestamp>,
}

/// What comments ask of one release pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Orders {
    /// Versions to set, by component.
    pub set: BTreeMap<Option<String>, Version>,
    /// Leave it as it is from now on, or no longer.
    pub hold: Option<bool>,
    /// Make it anew, whatever lies on its branch.
    pub rebuild: bool,
}

impl Orders {
    /// Whether there are any.
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

impl<'d> Desk<'d> {
    pub fn new(
        stage: &'d Orchestrator,
        wanted: &'d Wanted,
        default_branch: String,
        newest: Option<Timestamp>,
    ) -> Result<Self, PortError> {
        let repository = repository(stage, &wanted.place)?;
        Ok(Self {
            stage,
            wanted,
            place: &wanted.place,
            trace: wanted.trace.as_deref(),
            default_branch,
            repository,
            newest,
        })
    }

    pub fn records(&self) -> &dyn Records {
        &*self.stage.ports.records
    }

    pub fn now(&self) -> Timestamp {
        self.stage.ports.clock.now()
    }

    /// Whether GitHub may still answer from before the event.
    pub fn is_young(&self) -> bool {
        self.newest.is_some_and(|newest| self.now().duration_since(newest) < YOUNG)
    }

    /// Where links lead.
    pub fn links(&self) -> Links {
        let slug = self.repository.slug();
        Links {
            base: self.stage.ports.github.base_url().web(),
            owner: slug.owner().to_owned(),
            repo: slug.name().to_owned(),
        }
    }
}

/// The repository, as the installation that the events name.
pub(crate) fn repository(stage: &Orchestrator, place: &Place) -> Result<Repository, PortError> {
    let slug: Slug = place.name.parse().map_err(PortError::invalid)?;
    let repository = stage.ports.github.installation(place.installation).repository(slug);
    Ok(repository.known_as(place.node.as_deref()))
}

/// It is given back to the queue for a moment; no attempt is counted.
pub(crate) fn soon(why: impl Into<String>) -> PortError {
    PortError::new(ErrorKind::Throttled { after: Some(SOON) }, why)
}
