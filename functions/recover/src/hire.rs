//! From the configuration to what a run works with: whose lists of deliveries are read, and as whom.

use std::sync::Arc;

use pointsman_core::{
    config::{self, Config},
    port::{Archive, Clock, Http, PortError, Records, Secrets},
};
use pointsman_github::{self as github, Github, HookPlace, Identity, Pace};

use crate::{Hook, Pipeline, Ports, Recover};

/// All of the configuration that the schedule depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// How often.
    pub every: std::time::Duration,
    /// By source, as far as GitHub keeps a list for it.
    sources: Vec<(String, Option<config::App>, Option<config::Hooks>)>,
}

impl Terms {
    /// None where it is not to run by itself.
    pub fn of(config: &Config) -> Option<Self> {
        config.recover.enabled.then(|| Self::asked(config))
    }

    /// The same for who asks for a run.
    pub fn asked(config: &Config) -> Self {
        let listed = |(name, source): (&String, &config::Source)| {
            let known = source.app.is_some() || source.hooks.is_some();
            known.then(|| (name.clone(), source.app.clone(), source.hooks.clone()))
        };
        Self { every: config.recover.every, sources: config.sources.iter().filter_map(listed).collect() }
    }
}

/// What a run works with.
#[derive(Clone)]
pub struct Tools {
    /// Raw deliveries.
    pub archive: Arc<dyn Archive>,
    /// Marks, cursors, the lease.
    pub records: Arc<dyn Records>,
    /// Sends, and takes in what was fetched.
    pub pipeline: Pipeline,
    /// How GitHub is asked.
    pub http: Arc<dyn Http>,
    /// Reads keys and tokens.
    pub secrets: Arc<dyn Secrets>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How fast GitHub is asked.
    pub pace: Pace,
}

impl Tools {
    /// The stage. The terms were checked with the configuration: an error names the same fault.
    pub fn hire(&self, terms: &Terms, name: String) -> Result<Recover, PortError> {
        let mut hooks = Vec::new();
        for (source, app, listed) in &terms.sources {
            if let Some(app) = app {
                let github = self.github(github::App::try_from(app)?);
                hooks.push(Hook { source: source.clone(), github, place: HookPlace::App });
            }
            if let Some(listed) = listed {
                let base_url = listed.base_url.parse().map_err(invalid)?;
                let github = self.github(Identity::Token { token: listed.token.clone(), base_url });
                for hook in &listed.list {
                    let (source, github) = (source.clone(), github.clone());
                    hooks.push(Hook { source, github, place: place(hook)? });
                }
            }
        }
        let (archive, records) = (self.archive.clone(), self.records.clone());
        let ports = Ports { archive, records, pipeline: self.pipeline.clone() };
        Ok(Recover { ports, hooks, name, watch: None })
    }

    fn github(&self, identity: impl Into<Identity>) -> Github {
        let ports = github::Ports {
            http: self.http.clone(),
            records: Some(self.records.clone()),
            clock: self.clock.clone(),
            secrets: self.secrets.clone(),
        };
        Github::at_pace(identity, ports, self.pace)
    }
}

fn place(hook: &config::Hook) -> Result<HookPlace, PortError> {
    let id = hook.id;
    Ok(match (&hook.repository, &hook.organisation) {
        (Some(name), _) => HookPlace::Repository { slug: name.parse().map_err(invalid)?, hook: id },
        (None, Some(login)) => HookPlace::Organisation { login: login.clone(), hook: id },
        (None, None) => {
            return Err(invalid(format!("the webhook {id} has neither a repository nor an organisation")));
        }
    })
}

fn invalid(why: String) -> PortError {
    PortError::invalid(why)
}
