//! From the configuration and the world to each stage.

use std::sync::Arc;

use futures::{FutureExt as _, future::BoxFuture};
use pointsman_core::{
    config::{AUTOMATOR, Config, ERASE, ORCHESTRATOR, REPLAY},
    port::PortError,
    rules::Rules,
};
use pointsman_erase as erase;
use pointsman_host_azfunc::queue::Source;
use pointsman_intake::{Fresh, Intake};
use pointsman_recover::{Recover, Terms, Tools};
use pointsman_release_automator as automator;
use pointsman_release_orchestrator as orchestrator;
use pointsman_replay::{self as replay, MOST, Replay};

use super::source;
use crate::world::{Refresh, World};

/// A stage that is being made.
pub type Made<T> = BoxFuture<'static, Result<T, PortError>>;

/// Takes webhooks.
pub struct Taking {
    pub fresh: Fresh,
    pub refresh: Refresh,
}

/// Keeps release pull requests.
pub struct Orchestrator {
    pub stage: orchestrator::Orchestrator,
    pub places: orchestrator::Places,
    pub source: Source,
}

/// Publishes releases.
pub struct Automator {
    pub stage: automator::Automator,
    pub source: Source,
}

/// Sends again.
pub struct Replaying {
    pub stage: Replay,
    pub source: Source,
}

/// Finds what was lost on the way.
pub struct Recovering {
    pub stage: Recover,
    pub rules: Rules,
}

/// Removes what an uninstalled App leaves.
pub struct Erasing {
    pub ports: erase::Ports,
    pub source: Source,
}

pub fn intake(config: Arc<Config>, world: Arc<World>) -> Made<Taking> {
    async move {
        let rules = Rules::load(&config, &*world.secrets).await?;
        let intake = Intake::new(world.pipeline.clone(), rules);
        let fresh = Fresh::new(intake, (*config).clone(), world.secrets.clone());
        Ok(Taking { fresh, refresh: world.refresh.clone() })
    }
    .boxed()
}

pub fn orchestrator(config: Arc<Config>, world: Arc<World>) -> Made<Orchestrator> {
    let made = move || {
        let World { archive, queue, records, http, secrets, clock, pace, .. } = (*world).clone();
        // It looks at the truth itself: what GitHub's limit holds up for an hour is sent again for then.
        let source = Source { later: true, ..source(ORCHESTRATOR, &config, &world)?.fetching(archive) };
        let tools = orchestrator::Tools { queue, records, http, secrets, clock, pace };
        let (stage, places) = tools.hire(&config)?;
        Ok(Orchestrator { stage, places, source })
    };
    async move { made() }.boxed()
}

pub fn automator(config: Arc<Config>, world: Arc<World>) -> Made<Automator> {
    let made = move || {
        let World { archive, queue, records, http, secrets, clock, pace, .. } = (*world).clone();
        let source = Source { later: true, ..source(AUTOMATOR, &config, &world)?.fetching(archive) };
        let tools = automator::Tools { queue, records, http, secrets, clock, pace };
        Ok(Automator { stage: tools.hire(&config)?, source })
    };
    async move { made() }.boxed()
}

pub fn replay(config: Arc<Config>, world: Arc<World>) -> Made<Replaying> {
    async move {
        let source = source(REPLAY, &config, &world)?;
        let rules = Arc::new(Rules::unverifying(&config).await?);
        let inline = world.pipeline.inline;
        let World { archive, records, queue, admin, clock, .. } = (*world).clone();
        let ports = replay::Ports { archive, records, queue, admin, clock };
        let holder = "the function `replay`".to_owned();
        Ok(Replaying { stage: Replay { ports, rules, inline, budget: None, most: MOST, holder }, source })
    }
    .boxed()
}

pub fn recover(config: Arc<Config>, world: Arc<World>) -> Made<Recovering> {
    async move {
        let World { archive, records, pipeline, http, secrets, clock, pace, .. } = (*world).clone();
        let tools = Tools { archive, records, pipeline, http, secrets, clock, pace };
        let stage = tools.hire(&Terms::asked(&config), "the function `recover`".into())?;
        // What it fetches comes from GitHub itself: there is nothing to verify.
        Ok(Recovering { stage, rules: Rules::unverifying(&config).await? })
    }
    .boxed()
}

pub fn erase(config: Arc<Config>, world: Arc<World>) -> Made<Erasing> {
    let made = move || {
        // One after another: an erasure reads the whole archive.
        let source = Source { concurrency: 1, ..source(ERASE, &config, &world)? };
        let World { archive, admin, records, clock, .. } = (*world).clone();
        Ok(Erasing { ports: erase::Ports { archive, queues: admin, records, clock }, source })
    };
    async move { made() }.boxed()
}
