//! `pointsman serve`: configuration -> rules -> store -> intake -> HTTP, and releases and recovery beside. It only wires.

mod figures;
mod readiness;
mod screen;
mod watch;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use futures::FutureExt as _;
use pointsman_core::{config::Config, port::PortError, rules::Rules};
use pointsman_embedded::{Options, Store};
use pointsman_env::{LoadError, Loaded, SystemClock, Watcher};
use pointsman_github::Pace;
use pointsman_host_http::{Parts, Server};
use pointsman_intake::{Intake, Ports, handle};
use pointsman_recover::Ask;

use crate::{
    context::Context,
    recovery::{self, Recovery, Run},
    releases::{Releases, Terms, Tools, hire},
    signals,
};
use figures::Figures;
use readiness::Readiness;

/// Words of `serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The address and port to listen on [default: the configuration's, else 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
}

/// Serves until Ctrl-C or SIGTERM; what was accepted by then is finished.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let stop = signals::stop()?;
    let loader = context.loader(args.listen);
    let loaded = loader.load().await.map_err(told)?;
    for warning in &loaded.warnings {
        tracing::warn!("{}:{warning}", loaded.origin);
    }
    let rules = Rules::load(&loaded.config, &loaded.secrets).await?;
    let clock = Arc::new(SystemClock);
    let options = Options::new(clock.clone(), "pointsman serve").with_queues(loaded.config.queues());
    let store = Store::open(&loaded.config.data, options).await?;
    let served = serve(&loaded, rules, &store, Watcher::new(loader, &loaded, clock), stop).await;
    store.close().await;
    served
}

async fn serve(
    loaded: &Loaded,
    rules: Rules,
    store: &Store,
    watcher: Watcher,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let releases = releases(loaded, store);
    let stopping = releases.stopping();
    let stop = async move {
        stop.await;
        stopping.cancel();
    };
    let taken = take_in(loaded, rules, store, watcher, &releases, stop).await;
    releases.stop().await;
    taken
}

async fn take_in(
    loaded: &Loaded,
    rules: Rules,
    store: &Store,
    watcher: Watcher,
    releases: &Releases<Terms>,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let all = store.ports();
    let ports = Ports {
        ledger: all.ledger.clone(),
        archive: all.archive,
        clock: Arc::new(SystemClock),
        inline_limit: None,
    };
    let intake = Arc::new(Intake::new(ports, rules));
    let figures = Figures::install(all.admin)?;
    let recovery = recovery(loaded, store, &intake);
    let readiness = Readiness {
        store: store.clone(),
        ledger: all.ledger,
        terms: releases.terms(),
        standing: recovery.standing(),
        secrets: Arc::new(loaded.secrets.clone()),
    };
    let parts = parts(&loaded.config, intake.clone(), readiness, figures.clone());
    let server = Server::bind(loaded.config.listen, parts).await?;
    screen::show(loaded, server.local_addr());
    // Only now: who cannot listen works on nothing.
    releases.replace(Terms::of(&loaded.config));
    recovery.replace(recovery::Terms::of(&loaded.config));
    let stages = watch::Stages { intake: &intake, releases, recovery: &recovery };
    tokio::select! {
        () = server.serve(stop) => {}
        never = watch::follow(watcher, &loaded.config, store, &stages) => match never {},
        never = figures.keep() => match never {},
    }
    recovery.stop().await;
    Ok(())
}

/// What was lost on the way, looked for by the rules that intake has at the time; idle until it is told its terms.
fn recovery(loaded: &Loaded, store: &Store, intake: &Arc<Intake>) -> Recovery {
    let (all, clock) = (store.ports(), Arc::new(SystemClock));
    let (archive, ledger) = (all.archive.clone(), all.ledger);
    let tools = recovery::Tools {
        archive: all.archive,
        records: all.records,
        pipeline: Ports { ledger, archive, clock: clock.clone(), inline_limit: None },
        http: Arc::new(pointsman_http::Client::default()),
        secrets: Arc::new(loaded.secrets.clone()),
        clock: clock.clone(),
        pace: Pace::default(),
    };
    let intake = intake.clone();
    let run: Run = Arc::new(move |terms| {
        let hired = tools.hire(terms, recovery::name("pointsman serve"));
        let rules = intake.rules();
        async move {
            let recover = hired.map_err(|error| PortError::invalid(format!("{error:#}")))?;
            recover.run(&rules, Ask { since: None, apply: true }).await
        }
        .boxed()
    });
    Recovery::start(clock, run)
}

/// The release stages, idle until they are told their terms.
fn releases(loaded: &Loaded, store: &Store) -> Releases<Terms> {
    let all = store.ports();
    let tools = Tools {
        queue: all.queue,
        receiver: all.receiver,
        records: all.records,
        http: Arc::new(pointsman_http::Client::default()),
        secrets: Arc::new(loaded.secrets.clone()),
        clock: Arc::new(SystemClock),
        pace: Pace::default(),
    };
    Releases::start(None, move |terms: &Terms| {
        hire(terms, &tools).inspect_err(|error| tracing::error!("no release can be made: {error:#}")).ok()
    })
}

fn parts(config: &Config, intake: Arc<Intake>, readiness: Readiness, figures: Figures) -> Parts {
    let stage = move |request| {
        let intake = intake.clone();
        async move { handle(request, &intake).await }
    };
    let ready = move || {
        let readiness = readiness.clone();
        async move { readiness.look().await }
    };
    let mut parts = Parts::new("intake", stage).ready(ready).metrics(move || figures.render());
    parts.trusted_proxies = config.trusted_proxies.clone();
    parts
}

/// All faults, each on its line.
pub fn told(error: LoadError) -> anyhow::Error {
    match error {
        LoadError::Faulty(faults) => anyhow::anyhow!("the configuration has faults\n{faults}"),
        other => other.into(),
    }
}
