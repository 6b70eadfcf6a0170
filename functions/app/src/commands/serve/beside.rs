//! What runs beside intake: releases, replays, recovery, retention. Each works by its part of the configuration, and is idle until
//! it is told.

use std::sync::Arc;

use futures::FutureExt as _;
use pointsman_core::config::Config;
use pointsman_embedded::Store;
use pointsman_env::{EnvSecrets, SystemClock};
use pointsman_github::Pace;
use pointsman_intake::{Intake, Ports};
use pointsman_recover::Ask;
use tokio::{join, sync::watch};
use tokio_util::sync::CancellationToken;

use super::readiness::Standing;
use crate::{
    asked::Noted,
    keeping,
    recovery::{self, Run},
    releases::{self, hire},
    replays,
    task::Task,
};

/// All of it.
pub struct Beside {
    /// The release stages.
    pub releases: Task<releases::Terms>,
    /// Replays that are asked for at `/admin/`.
    pub replays: Task<replays::Terms>,
    /// The stage `recover` on its schedule.
    pub recovery: Task<recovery::Terms>,
    /// How that stands, and the rest.
    pub standing: Standing,
    keeping: Task<keeping::Terms>,
}

impl Beside {
    /// Idle.
    pub fn start(store: &Store, secrets: &EnvSecrets, intake: &Arc<Intake>) -> Self {
        let http = Arc::new(pointsman_http::Client::default());
        let github = Noted::new(http, Arc::new(SystemClock));
        let (recovery, recovered) = recovery(store, secrets, intake, &github);
        let (keeping, swept) = keeping(store);
        let standing = Standing { recovery: recovered, swept, github: github.standing() };
        Self {
            releases: releases(store, secrets, &github),
            replays: replays::start(intake, store),
            recovery,
            standing,
            keeping,
        }
    }

    /// Works by this configuration from now on.
    pub fn follow(&self, config: &Config) {
        self.releases.replace(releases::Terms::of(config));
        self.replays.replace(replays::Terms::of(config));
        self.recovery.replace(recovery::Terms::of(config));
        self.keeping.replace(Some(keeping::Terms::of(config)));
    }

    /// When these are cancelled, nothing new is begun.
    pub fn stopping(&self) -> [CancellationToken; 4] {
        let (releases, replays) = (self.releases.stopping(), self.replays.stopping());
        [releases, replays, self.recovery.stopping(), self.keeping.stopping()]
    }

    /// Returns once what runs is finished or given back.
    pub async fn stop(self) {
        join!(self.releases.stop(), self.replays.stop(), self.recovery.stop(), self.keeping.stop());
    }
}

/// The release stages on their queues.
fn releases(store: &Store, secrets: &EnvSecrets, github: &Noted) -> Task<releases::Terms> {
    let all = store.ports();
    let tools = releases::Tools {
        queue: all.queue,
        receiver: all.receiver,
        records: all.records,
        http: Arc::new(github.clone()),
        secrets: Arc::new(secrets.clone()),
        clock: Arc::new(SystemClock),
        pace: Pace::default(),
    };
    releases::start("releases", None, move |terms| {
        hire(terms, &tools).inspect_err(|error| tracing::error!("no release can be made: {error:#}")).ok()
    })
}

/// What was lost on the way, looked for by the rules that intake has at the time.
fn recovery(
    store: &Store,
    secrets: &EnvSecrets,
    intake: &Arc<Intake>,
    github: &Noted,
) -> (Task<recovery::Terms>, watch::Receiver<recovery::Standing>) {
    let (all, clock) = (store.ports(), Arc::new(SystemClock));
    let (archive, ledger) = (all.archive.clone(), all.ledger);
    let tools = recovery::Tools {
        archive: all.archive,
        records: all.records,
        pipeline: Ports { ledger, archive, clock: clock.clone(), inline: Default::default() },
        http: Arc::new(github.clone()),
        secrets: Arc::new(secrets.clone()),
        clock: clock.clone(),
        pace: Pace::default(),
    };
    let intake = intake.clone();
    let run: Run = Arc::new(move |terms| {
        let hired = tools.hire(terms, recovery::name("pointsman serve"));
        let rules = intake.rules();
        async move { hired?.run(&rules, Ask { apply: true, ..Ask::default() }).await }.boxed()
    });
    recovery::start(clock, run)
}

/// Retention and erasure.
fn keeping(store: &Store) -> (Task<keeping::Terms>, watch::Receiver<keeping::Swept>) {
    let all = store.ports();
    let (swept, seen) = watch::channel(keeping::Swept::default());
    let tools = keeping::Tools {
        archive: all.archive,
        queues: all.admin,
        records: all.records,
        receiver: all.receiver,
        clock: Arc::new(SystemClock),
        swept,
    };
    (keeping::start(tools), seen)
}
