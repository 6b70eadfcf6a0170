//! A good new version of the configuration takes the place of the old one; a faulty one is told, and the old one stays.

use std::convert::Infallible;

use anyhow::Result;
use pointsman_core::{config::Config, rules::Rules};
use pointsman_embedded::Store;
use pointsman_env::{Loaded, Update, Watcher};
use pointsman_intake::Intake;
use tracing::{error, info, warn};

use crate::{
    recovery::{self, Recovery},
    releases::{Releases, Terms},
};

/// What goes by the configuration.
pub struct Stages<'a> {
    /// By its rules.
    pub intake: &'a Intake,
    /// By its part on releases.
    pub releases: &'a Releases<Terms>,
    /// By its part on recovery, and by the sources.
    pub recovery: &'a Recovery,
}

/// Follows the file for ever.
pub async fn follow(
    mut watcher: Watcher,
    started: &Config,
    store: &Store,
    stages: &Stages<'_>,
) -> Infallible {
    loop {
        match watcher.next().await {
            Update::Faulty(faults) => {
                error!("the new configuration cannot be used, the one before stays in force\n{faults}");
            }
            Update::Changed { loaded, mut restart } => {
                if loaded.config.trusted_proxies != started.trusted_proxies {
                    restart.push("trusted_proxies");
                }
                for warning in &loaded.warnings {
                    warn!("{}:{warning}", loaded.origin);
                }
                match replace(&loaded, stages.intake, store).await {
                    Ok(()) => {
                        stages.releases.replace(Terms::of(&loaded.config));
                        stages.recovery.replace(recovery::Terms::of(&loaded.config));
                        info!("the new configuration is in force");
                    }
                    Err(why) => {
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
