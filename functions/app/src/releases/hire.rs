//! From the configuration to what runs: GitHub as the App, the two stages on their queues, and the rounds.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Result, anyhow};
use futures::FutureExt as _;
use pointsman_core::{
    config::{AUTOMATOR, App, Config, ORCHESTRATOR, Release},
    outcome::Handled,
    pattern::List,
    port::{Clock, Http, Queue, QueueName, QueueSettings, Received, Receiver, Records, Secrets},
};
use pointsman_github::{self as github, Above, Github, Pace};
use pointsman_host_worker::Worker;
use pointsman_release_automator::{self as automator, Automator};
use pointsman_release_orchestrator::{self as orchestrator, Orchestrator};

use super::{Crew, Handle, Places, Rounds, Stage};

/// All of the configuration that the release stages depend on: other terms, a new crew.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// Whose App works.
    pub app: App,
    /// Where, and how.
    pub release: Release,
    /// How the stages' queues behave.
    queues: HashMap<QueueName, QueueSettings>,
}

impl Terms {
    /// None where releases are not enabled.
    pub fn of(config: &Config) -> Option<Self> {
        let (_, app) = config.release_app()?;
        let queues = config
            .queues()
            .into_iter()
            .filter(|(name, _)| [ORCHESTRATOR, AUTOMATOR].contains(&name.as_str()));
        Some(Self { app: app.clone(), release: config.release.clone(), queues: queues.collect() })
    }
}

/// What the stages work with.
#[derive(Clone)]
pub struct Tools {
    /// Where they send.
    pub queue: Arc<dyn Queue>,
    /// Where they receive.
    pub receiver: Arc<dyn Receiver>,
    /// What they keep.
    pub records: Arc<dyn Records>,
    /// How they ask GitHub.
    pub http: Arc<dyn Http>,
    /// Reads the App's key.
    pub secrets: Arc<dyn Secrets>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How fast they ask GitHub.
    pub pace: Pace,
}

/// What runs by these terms. They were checked with the configuration: an error names the same fault.
pub fn hire(terms: &Terms, tools: &Tools) -> Result<Crew> {
    let github = client(&terms.app, tools)?;
    let stages = vec![orchestrator(terms, tools, &github)?, automator(terms, tools, &github)?];
    let patterns: Vec<String> = terms.release.repositories.iter().map(|it| it.to_lowercase()).collect();
    let places = Arc::new(Places {
        github,
        queue: tools.queue.clone(),
        clock: tools.clock.clone(),
        since: tools.clock.now(),
        every: terms.release.reconcile,
        repositories: List::new(patterns.iter().map(String::as_str)).map_err(anyhow::Error::msg)?,
    });
    let round = Arc::new(move || {
        let places = Arc::clone(&places);
        async move { places.round().await }.boxed()
    });
    let rounds = Rounds { every: terms.release.reconcile, clock: tools.clock.clone(), round };
    Ok(Crew { stages, rounds: Some(rounds) })
}

fn client(app: &App, tools: &Tools) -> Result<Github> {
    let identity = github::App::try_from(app)?;
    let ports = github::Ports {
        http: tools.http.clone(),
        records: Some(tools.records.clone()),
        clock: tools.clock.clone(),
        secrets: tools.secrets.clone(),
    };
    Ok(Github::at_pace(identity, ports, tools.pace))
}

fn orchestrator(terms: &Terms, tools: &Tools, github: &Github) -> Result<Stage> {
    let ports = orchestrator::Ports {
        github: github.clone(),
        queue: tools.queue.clone(),
        records: tools.records.clone(),
        clock: tools.clock.clone(),
    };
    let stage = Arc::new(Orchestrator {
        ports,
        app: terms.app.id,
        automator: name(AUTOMATOR)?,
        above: Above::from(&terms.release),
    });
    stage_on(ORCHESTRATOR, terms, tools, move |turn| {
        let stage = Arc::clone(&stage);
        async move { nothing(orchestrator::handle(&turn, &stage).await) }
    })
}

fn automator(terms: &Terms, tools: &Tools, github: &Github) -> Result<Stage> {
    let ports = automator::Ports {
        github: github.clone(),
        queue: tools.queue.clone(),
        records: tools.records.clone(),
        clock: tools.clock.clone(),
    };
    let stage = Arc::new(Automator {
        ports,
        app: terms.app.id,
        orchestrator: name(ORCHESTRATOR)?,
        above: Above::from(&terms.release),
    });
    stage_on(AUTOMATOR, terms, tools, move |turn| {
        let stage = Arc::clone(&stage);
        async move { nothing(automator::handle(&turn, &stage).await) }
    })
}

fn name(queue: &str) -> Result<QueueName> {
    queue.parse().map_err(|why: String| anyhow!(why))
}

/// The stage on its queue, which says how long it holds and how often it tries.
fn stage_on<F>(
    queue: &str,
    terms: &Terms,
    tools: &Tools,
    handle: impl Fn(Vec<Received>) -> F + Send + Sync + 'static,
) -> Result<Stage>
where
    F: Future<Output = Handled<()>> + Send + 'static,
{
    let queue = name(queue)?;
    let settings = terms.queues.get(&queue).cloned().unwrap_or_default();
    let worker = Worker {
        visibility: settings.visibility,
        max_attempts: settings.max_deliveries,
        max_age: settings.max_age,
        ..Worker::new(tools.receiver.clone(), tools.clock.clone(), queue)
    };
    let handle: Handle = Arc::new(move |turn| handle(turn).boxed());
    Ok(Stage { worker, handle })
}

/// The queue wants to know whether, not what.
fn nothing<T>(handled: Handled<T>) -> Handled<()> {
    handled.map(|outcome| outcome.map(drop))
}
