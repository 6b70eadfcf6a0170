//! All stages behind Azure Functions' custom handler. A call's way: its function's name -> `functions` -> the stage.
//!
//! Starting makes no call: what a function needs is made on first use, by `wire`.

#[path = "../exported/mod.rs"]
mod exported;
mod functions;
#[path = "../signals.rs"]
mod signals;
#[cfg(feature = "azure")]
mod wire;
#[cfg(not(feature = "azure"))]
#[path = "without.rs"]
mod wire;
mod world;

use std::{io, process::ExitCode, sync::Arc};

use anyhow::{Error, Result};
use pointsman_core::{invocation, scrub::scrub, telemetry};
use pointsman_env::{Loader, SystemClock};
use pointsman_host_azfunc::{Host, Lazy, config::port};
use tracing::{error, level_filters::LevelFilter};
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

use functions::Functions;

#[tokio::main]
async fn main() -> ExitCode {
    // The host reads each line, and keeps it as a trace of Application Insights.
    exported::open("servicebus");
    let lines = tracing_subscriber::fmt::layer().json().with_writer(io::stdout);
    tracing_subscriber::registry().with(LevelFilter::INFO).with(lines).with(exported::layer()).init();
    _ = exported::record(None);
    invocation::tell_of_panics();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("the program ends: {}", scrub(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let stop = signals::stop()?;
    let port = port().map_err(Error::msg)?;
    let loaded = Loader::default().load().await?;
    let (config, proxies) = (loaded.config.clone(), loaded.config.trusted_proxies.clone());
    let world = Arc::new(Lazy::new(move || wire::open(loaded.clone())));
    let functions = Functions::new(config, world);
    let calls = functions.calls(Arc::new(SystemClock));
    let intake = functions.intake();
    let host = Host::bind(port, calls, "intake", &proxies, move |request| intake(request)).await?;
    host.serve(stop).await;
    telemetry::flush().await;
    Ok(())
}
