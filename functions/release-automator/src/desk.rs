//! What every step has at hand, and how a step says that it goes no further.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pointsman_core::{
    port::{ErrorKind, PortError},
    release::{changelog::Links, errand::Place},
};
use pointsman_github::{Repository, Slug};

use crate::{Automator, Wanted};

/// A read that does not show what an event told of is tried again for this long.
const YOUNG: SignedDuration = SignedDuration::from_mins(2);

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
        let slug: Slug = place.name.parse().map_err(PortError::invalid)?;
        let repository = stage.ports.github.installation(place.installation).repository(slug);
        let repository = repository.known_as(place.node.as_deref());
        Ok(Self { stage, place, trace: wanted.trace.as_deref(), repository, newest })
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

    /// Whether GitHub may still answer from before the event.
    pub fn is_young(&self) -> bool {
        let now = self.stage.ports.clock.now();
        self.newest.is_some_and(|newest| now.duration_since(newest) < YOUNG)
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
        let after = Some(Duration::from_secs(2));
        Self::Port(PortError::new(ErrorKind::Throttled { after }, format!("GitHub does not show yet {what}")))
    }
}

impl From<PortError> for Halt {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}
