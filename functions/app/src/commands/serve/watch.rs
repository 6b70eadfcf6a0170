//! A good new version of the configuration takes the place of the old one; a faulty one is told, and the old one stays.

use std::convert::Infallible;

use anyhow::Result;
use pointsman_core::{config::Config, rules::Rules};
use pointsman_embedded::Store;
use pointsman_env::{Loaded, Update, Watcher};
use pointsman_host_http::Dependency;
use pointsman_intake::Intake;
use tokio::sync::watch::Sender;
use tracing::{error, info, warn};

use super::beside::Beside;

/// How the file stands to what is in force.
#[derive(Debug, Clone, Default)]
pub struct Reload {
    /// Why its present version is not in force.
    fault: Option<String>,
    /// What of it needs a restart.
    restart: String,
}

impl Reload {
    /// A line of `/ready`.
    pub fn dependency(&self) -> Dependency {
        let told = Dependency::ok("configuration").because(self.fault.clone());
        match (&self.fault, self.restart.as_str()) {
            (Some(_), _) => {
                told.degraded("the file's present version has faults: the one before is in force")
            }
            (None, "") => told,
            (None, restart) => told.degraded(format!("{restart} changed: that needs a restart")),
        }
    }
}

/// Follows the file for ever.
pub async fn follow(
    mut watcher: Watcher,
    started: &Config,
    intake: &Intake,
    store: &Store,
    (beside, told): (&Beside, &Sender<Reload>),
) -> Infallible {
    loop {
        match watcher.next().await {
            Update::Faulty(faults) => {
                told.send_modify(|reload| reload.fault = Some(faults.to_string()));
                error!("the new configuration cannot be used, the one before stays in force\n{faults}");
            }
            Update::Changed { loaded, mut restart } => {
                if loaded.config.trusted_proxies != started.trusted_proxies {
                    restart.push("trusted_proxies");
                }
                for warning in &loaded.warnings {
                    warn!("{}:{warning}", loaded.origin);
                }
                match replace(&loaded, intake, store).await {
                    Ok(()) => {
                        beside.follow(&loaded.config);
                        told.send_replace(Reload { fault: None, restart: restart.join(", ") });
                        info!("the new configuration is in force");
                    }
                    Err(why) => {
                        told.send_modify(|reload| reload.fault = Some(format!("{why:#}")));
                        error!("the new configuration cannot be used, the one before stays in force: {why:#}")
                    }
                }
                if !restart.is_empty() {
                    warn!("{} changed: that needs a restart", restart.join(", "));
                }
            }
        }
    }
}

/// The queues first: no event may be routed to one that is not there.
async fn replace(loaded: &Loaded, intake: &Intake, store: &Store) -> Result<()> {
    let rules = Rules::load(&loaded.config, &loaded.secrets).await?;
    store.ensure_queues(&loaded.config.queues()).await?;
    intake.replace_rules(rules);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faulty_new_version_is_degraded_with_its_fault_and_webhooks_are_taken_in() {
        let told = |fault: Option<&str>, restart: &str| {
            let reload = Reload { fault: fault.map(str::to_owned), restart: restart.to_owned() };
            let told = reload.dependency();
            assert!(told.ready);
            (told.degraded, told.state, told.last_error)
        };
        assert_eq!(told(None, ""), (false, "ok".to_owned(), None));
        let (degraded, state, error) = told(Some("pointsman.yaml:3:1: an unknown key"), "listen");
        assert!(degraded && state.ends_with("the one before is in force"), "{state}");
        assert_eq!(error.as_deref(), Some("pointsman.yaml:3:1: an unknown key"));
        assert_eq!(told(None, "listen").1, "listen changed: that needs a restart");
    }
}
