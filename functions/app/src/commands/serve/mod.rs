//! `pointsman serve`: configuration -> rules -> store -> intake -> HTTP. It only wires.

mod figures;
mod screen;
mod watch;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use pointsman_core::{config::Config, rules::Rules};
use pointsman_embedded::{Options, Store};
use pointsman_env::{LoadError, Loaded, SystemClock, Watcher};
use pointsman_host_http::{Dependency, Parts, Server};
use pointsman_intake::{Intake, Ports, handle};

use crate::{context::Context, signals};
use figures::Figures;

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
    let all = store.ports();
    let ports =
        Ports { ledger: all.ledger, archive: all.archive, clock: Arc::new(SystemClock), inline_limit: None };
    let intake = Arc::new(Intake::new(ports, rules));
    let figures = Figures::install(all.admin)?;
    let parts = parts(&loaded.config, intake.clone(), store.clone(), figures.clone());
    let server = Server::bind(loaded.config.listen, parts).await?;
    screen::show(loaded, server.local_addr());
    tokio::select! {
        () = server.serve(stop) => {}
        never = watch::follow(watcher, &loaded.config, &intake, store) => match never {},
        never = figures.keep() => match never {},
    }
    Ok(())
}

fn parts(config: &Config, intake: Arc<Intake>, store: Store, figures: Figures) -> Parts {
    let stage = move |request| {
        let intake = intake.clone();
        async move { handle(request, &intake).await }
    };
    let ready = move || {
        let store = store.clone();
        async move { vec![readiness(&store).await] }
    };
    let mut parts = Parts::new("intake", stage).ready(ready).metrics(move || figures.render());
    parts.trusted_proxies = config.trusted_proxies.clone();
    parts
}

async fn readiness(store: &Store) -> Dependency {
    let health = store.health().await;
    Dependency {
        name: "store".into(),
        ready: health.is_ok(),
        state: if health.is_ok() { "ok" } else { "cannot write" }.into(),
        last_error: health.err().map(|error| error.to_string()),
    }
}

/// All faults, each on its line.
fn told(error: LoadError) -> anyhow::Error {
    match error {
        LoadError::Faulty(faults) => anyhow::anyhow!("the configuration has faults\n{faults}"),
        other => other.into(),
    }
}
