//! What every step has at hand.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pointsman_core::{
    port::{PortError, Records},
    release::errand::Place,
};
use pointsman_github::{Repository, late};
use semver::Version;

use crate::{Orchestrator, Wanted};

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
        let repository = stage.ports.github.at(&wanted.place)?;
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
        late::is_young(self.newest, self.now())
    }
}
