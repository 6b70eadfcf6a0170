//! What every step has at hand, and how a step says that it goes no further.

use jiff::Timestamp;
use pointsman_core::{port::PortError, release::errand::Place};
use pointsman_github::{Repository, late};

use crate::{Automator, Wanted};

/// One batch's hands.
pub(crate) struct Desk<'d> {
    pub stage: &'d Automator,
    pub place: &'d Place,
    pub trace: Option<&'d str>,
    pub repository: Repository,
    /// When the newest event was enqueued.
    newest: Option<Timestamp>,
}

impl<'d> Desk<'d> {
    pub fn new(
        stage: &'d Automator,
        wanted: &'d Wanted,
        newest: Option<Timestamp>,
    ) -> Result<Self, PortError> {
        let place = &wanted.place;
        let repository = stage.ports.github.at(place)?;
        Ok(Self { stage, place, trace: wanted.trace.as_deref(), repository, newest })
    }

    /// Whether GitHub may still answer from before the event.
    pub fn is_young(&self) -> bool {
        late::is_young(self.newest, self.stage.ports.clock.now())
    }
}

/// Why a step goes no further.
#[derive(Debug)]
pub(crate) enum Halt {
    /// There is nothing to do, and that is fine.
    Nothing(String),
    /// A person must look: one comment, found again by its key.
    Person {
        /// What the comment is about.
        key: &'static str,
        /// What a person reads.
        text: String,
    },
    /// A port failed.
    Port(PortError),
}

impl Halt {
    /// GitHub does not show yet what it told of.
    pub fn not_seen_yet(what: &str) -> Self {
        Self::Port(late::soon(format!("GitHub does not show yet {what}")))
    }
}

impl From<PortError> for Halt {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}
