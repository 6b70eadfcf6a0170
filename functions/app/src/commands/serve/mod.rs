//! `pointsman serve`: configuration -> rules -> store -> intake -> HTTP, and what runs beside. It only wires.

mod beside;
mod disk;
mod figures;
mod readiness;
mod screen;
mod watch;

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Result, bail};
use pointsman_core::{config::Config, rules::Rules, telemetry};
use pointsman_embedded::{Options, Store};
use pointsman_env::{LoadError, Loaded, SystemClock, Watcher};
use pointsman_host_http::{Parts, Server};
use pointsman_intake::{Intake, Ports, handle};
use tokio_util::sync::CancellationToken;

use crate::{context::Context, logs::Format, replays, signals};
use beside::Beside;
use figures::Figures;
use readiness::Readiness;
use watch::Reload;

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
    if loaded.config.is_azure() {
        bail!(
            "with `backend: azure` the stages are functions of one app, and no server is run: deploy it (see \
             infra/azure/README.md), or leave `backend` and `azure` out for one on this machine"
        );
    }
    if loaded.config.is_aws() {
        bail!(
            "with `backend: aws` the stages are functions, and no server is run: deploy them (sam build && sam deploy \
             --guided, see infra/aws/README.md), or leave `backend` and `aws` out for one on this machine"
        );
    }
    for warning in &loaded.warnings {
        tracing::warn!("{}:{warning}", loaded.origin);
    }
    let rules = Rules::load(&loaded.config, &loaded.secrets).await?;
    let clock = Arc::new(SystemClock);
    let options = Options::new(clock.clone(), "pointsman serve").with_queues(loaded.config.queues());
    let store = Store::open(&loaded.config.data, options).await?;
    let served =
        serve((&loaded, context.logs), rules, &store, Watcher::new(loader, &loaded, clock), stop).await;
    store.close().await;
    telemetry::flush().await;
    served
}

async fn serve(
    (loaded, logs): (&Loaded, Format),
    rules: Rules,
    store: &Store,
    watcher: Watcher,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let all = store.ports();
    let (ledger, clock) = (all.ledger, Arc::new(SystemClock));
    let intake =
        Intake::new(Ports { ledger, archive: all.archive, clock, inline: Default::default() }, rules);
    let intake = Arc::new(intake);
    let beside = Beside::start(store, &loaded.secrets, &intake);
    let stopping = beside.stopping();
    let stop = async move {
        stop.await;
        stopping.iter().for_each(CancellationToken::cancel);
    };
    let taken = take_in((loaded, logs), intake, store, watcher, &beside, stop).await;
    beside.stop().await;
    taken
}

async fn take_in(
    (loaded, logs): (&Loaded, Format),
    intake: Arc<Intake>,
    store: &Store,
    watcher: Watcher,
    beside: &Beside,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let all = store.ports();
    let figures = Figures::install(all.admin)?;
    let secrets = Arc::new(loaded.secrets.clone());
    let (reload, reloaded) = tokio::sync::watch::channel(Reload::default());
    let readiness = Readiness {
        store: store.clone(),
        data: loaded.config.data.clone(),
        ledger: all.ledger,
        terms: beside.releases.terms(),
        standing: beside.standing.clone(),
        reload: reloaded,
        secrets: secrets.clone(),
    };
    let parts = parts(&loaded.config, intake.clone(), readiness, figures.clone());
    let parts = parts.admin(replays::admin(&intake, store, beside.replays.terms(), secrets));
    let server = Server::bind(loaded.config.listen, parts).await?;
    screen::show(loaded, server.local_addr(), logs);
    // Only now: who cannot listen works on nothing.
    beside.follow(&loaded.config);
    tokio::select! {
        () = server.serve(stop) => {}
        never = watch::follow(watcher, &loaded.config, &intake, store, (beside, &reload)) => match never {},
        never = figures.keep() => match never {},
    }
    Ok(())
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
