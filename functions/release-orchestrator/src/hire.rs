//! From the configuration to the stage, and to its rounds.

use std::sync::Arc;

use jiff::Timestamp;
use pointsman_core::{
    config::{AUTOMATOR, Config},
    pattern::List,
    port::{Clock, Http, PortError, Queue, Records, Secrets},
};
use pointsman_github::{self as github, Above, Github, Pace};

use crate::{Orchestrator, Places, Ports};

/// What the stage works with.
#[derive(Clone)]
pub struct Tools {
    /// Where it sends.
    pub queue: Arc<dyn Queue>,
    /// What it keeps.
    pub records: Arc<dyn Records>,
    /// How it asks GitHub.
    pub http: Arc<dyn Http>,
    /// Reads the App's key.
    pub secrets: Arc<dyn Secrets>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How fast it asks GitHub.
    pub pace: Pace,
}

impl Tools {
    /// The stage, and the rounds that look at every repository. `Invalid`: releases are not enabled.
    pub fn hire(self, config: &Config) -> Result<(Orchestrator, Places), PortError> {
        let app = config.releasing()?;
        let Self { queue, records, http, secrets, clock, pace } = self;
        let ports = github::Ports { http, records: Some(records.clone()), clock: clock.clone(), secrets };
        let github = Github::at_pace(github::App::try_from(app)?, ports, pace);
        let patterns: Vec<String> = config.release.repositories.iter().map(|it| it.to_lowercase()).collect();
        let places = Places {
            github: github.clone(),
            queue: queue.clone(),
            clock: clock.clone(),
            // Rounds are counted from one moment by all instances: two looks within one are one.
            since: Timestamp::UNIX_EPOCH,
            every: config.release.reconcile,
            repositories: List::new(patterns.iter().map(String::as_str)).map_err(PortError::invalid)?,
        };
        let above = Above::from(&config.release);
        let automator = AUTOMATOR.parse().map_err(PortError::invalid)?;
        let ports = Ports { github, queue, records, clock };
        Ok((Orchestrator { ports, app: app.id, automator, above }, places))
    }
}
