//! Every repository that the App is installed on and that is released: each is asked for a look, as a message of its own.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use pointsman_core::{
    config::ORCHESTRATOR,
    outcome::{Handled, Outcome},
    pattern::List,
    port::{Clock, ErrorKind, Message, PortError, Queue, QueueName},
    release::errand::{Errand, Place},
};
use pointsman_github::{Github, InstallationInfo, RepositoryInfo};
use tracing::warn;

/// So many messages are sent in one call.
const SENT: usize = 100;

/// Where the release stages work.
pub struct Places {
    /// GitHub as the App sees it.
    pub github: Github,
    /// The stages' queues.
    pub queue: Arc<dyn Queue>,
    /// Tells which round it is.
    pub clock: Arc<dyn Clock>,
    /// When the rounds began.
    pub since: Timestamp,
    /// How long a round is: two looks within one are one.
    pub every: Duration,
    /// The repositories that are released, in lower case.
    pub repositories: List,
}

impl Places {
    /// Asks for a look at each; says at how many. What one installation refuses keeps nobody from the others; the first
    /// such refusal is the error.
    pub async fn round(&self) -> Result<usize, PortError> {
        let queue: QueueName = ORCHESTRATOR.parse().map_err(PortError::invalid)?;
        let because = self.because(self.clock.now());
        let (mut asked, mut fault) = (0, None);
        for installation in self.github.installations().await? {
            match self.of(&installation).await {
                Ok(places) => {
                    asked += places.len();
                    self.ask(&queue, &places, &because).await?;
                }
                Err(error) if matches!(error.kind, ErrorKind::Throttled { .. }) => return Err(error),
                // It was removed just now.
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => {
                    warn!(installation = installation.id, %error, "an installation's repositories cannot be listed");
                    fault.get_or_insert(error);
                }
            }
        }
        fault.map_or(Ok(asked), Err)
    }

    /// A round, for a host.
    pub async fn handle(&self) -> Handled<usize> {
        self.round().await.map(Outcome::Done)
    }

    async fn of(&self, installation: &InstallationInfo) -> Result<Vec<Place>, PortError> {
        if installation.suspended_at.is_some() {
            return Ok(Vec::new());
        }
        let all = self.github.installation(installation.id).repositories().await?;
        Ok(self.released(installation.id, all))
    }

    /// Those that can be released, and are to be.
    fn released(&self, installation: u64, all: Vec<RepositoryInfo>) -> Vec<Place> {
        all.into_iter()
            .filter(|it| !it.archived && self.repositories.matches(&[&it.full_name.to_lowercase()]))
            .map(|it| Place {
                name: it.full_name,
                node: Some(it.node_id).filter(|node| !node.is_empty()),
                installation,
            })
            .collect()
    }

    async fn ask(&self, queue: &QueueName, places: &[Place], because: &str) -> Result<(), PortError> {
        for places in places.chunks(SENT) {
            let message = |place: &Place| -> Message {
                let errand = Errand::Reconcile { targets: BTreeSet::new(), because: because.to_owned() };
                errand.message(place, self.clock.now(), None)
            };
            let sent = self.queue.send(queue, places.iter().map(message).collect()).await;
            sent.into_iter().collect::<Result<Vec<_>, _>>()?;
        }
        Ok(())
    }

    /// Another one after each start: what happened while nobody listened is to be seen now, not in the next round.
    fn because(&self, now: Timestamp) -> String {
        let every = i64::try_from(self.every.as_secs().max(1)).unwrap_or(i64::MAX);
        let round = now.duration_since(self.since).as_secs().max(0) / every;
        format!("round {round} of {every} s since {}", self.since)
    }
}
