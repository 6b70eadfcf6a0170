//! The automator on Lambda: its queue, a repository's events together.

use std::sync::Arc;

use pointsman_aws::Backend;
use pointsman_core::{config::AUTOMATOR, port::PortError};
use pointsman_env::{Loaded, Loader, SystemClock};
use pointsman_github::Pace;
use pointsman_host_lambda::{Error, Lazy, queue, serve};
use pointsman_release_automator::{Automator, Tools, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    #[cfg(feature = "otlp")]
    pointsman_otlp::start(|| Arc::new(pointsman_http::Client::default()), "aws_sqs");
    let loaded = Loader::default().load().await?;
    let made = &Lazy::new(move || open(loaded.clone()));
    serve(async |event| {
        let made = made.get().await?;
        queue::together(&event, &made.1, async |turn| handle(turn, &made.0).await).await
    })
    .await
}

async fn open(Loaded { config, secrets, .. }: Loaded) -> Result<(Automator, queue::Source), PortError> {
    let clock = Arc::new(SystemClock);
    let aws = Backend::of(&config, clock.clone()).await?;
    let (records, secrets) = (aws.records(), aws.secrets(secrets));
    let queue = aws.queues(records.clone())?;
    let name = AUTOMATOR.parse().map_err(PortError::invalid)?;
    let source = queue::Source::new(name, queue.clone(), clock.clone()).with(config.queues());
    let http = Arc::new(pointsman_http::Client::default());
    let tools = Tools { queue, records, http, secrets, clock, pace: Pace::default() };
    Ok((tools.hire(&config)?, source.fetching(aws.archive())))
}
