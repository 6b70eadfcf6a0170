//! The orchestrator on Lambda: its queue, a repository's events together; on its schedule, a look at every repository.

use std::sync::Arc;

use pointsman_aws::Backend;
use pointsman_core::{config::ORCHESTRATOR, port::PortError};
use pointsman_env::{Loaded, Loader, SystemClock};
use pointsman_github::Pace;
use pointsman_host_lambda::{Error, Lazy, Trigger, queue, serve, timer};
use pointsman_release_orchestrator::{Orchestrator, Places, Tools, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    #[cfg(feature = "otlp")]
    pointsman_otlp::start(|| Arc::new(pointsman_http::Client::default()), "aws_sqs");
    let loaded = Loader::default().load().await?;
    let made = &Lazy::new(move || open(loaded.clone()));
    serve(async |event| {
        let (stage, places, source) = &*made.get().await?;
        match event.trigger() {
            Trigger::Timer => timer::handle(&event, ORCHESTRATOR, async |_| places.handle().await).await,
            _ => queue::together(&event, source, async |turn| handle(turn, stage).await).await,
        }
    })
    .await
}

type Made = (Orchestrator, Places, queue::Source);

async fn open(Loaded { config, secrets, .. }: Loaded) -> Result<Made, PortError> {
    let clock = Arc::new(SystemClock);
    let aws = Backend::of(&config, clock.clone()).await?;
    let (records, secrets) = (aws.records(), aws.secrets(secrets));
    let queue = aws.queues(records.clone())?;
    let name = ORCHESTRATOR.parse().map_err(PortError::invalid)?;
    let source = queue::Source::new(name, queue.clone(), clock.clone()).with(config.queues());
    let http = Arc::new(pointsman_http::Client::default());
    let tools = Tools { queue, records, http, secrets, clock, pace: Pace::default() };
    let (stage, places) = tools.hire(&config)?;
    Ok((stage, places, source.fetching(aws.archive())))
}
