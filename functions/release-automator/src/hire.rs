//! From the configuration to the stage.

use std::sync::Arc;

use pointsman_core::{
    config::{Config, ORCHESTRATOR},
    port::{Clock, Http, PortError, Queue, Records, Secrets},
};
use pointsman_github::{self as github, Above, Github, Pace};

use crate::{Automator, Ports};

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
    /// The stage. `Invalid`: releases are not enabled.
    pub fn hire(self, config: &Config) -> Result<Automator, PortError> {
        let app = config.releasing()?;
        let Self { queue, records, http, secrets, clock, pace } = self;
        let ports = github::Ports { http, records: Some(records.clone()), clock: clock.clone(), secrets };
        let github = Github::at_pace(github::App::try_from(app)?, ports, pace);
        let above = Above::from(&config.release);
        let orchestrator = ORCHESTRATOR.parse().map_err(PortError::invalid)?;
        Ok(Automator { ports: Ports { github, queue, records, clock }, app: app.id, orchestrator, above })
    }
}
