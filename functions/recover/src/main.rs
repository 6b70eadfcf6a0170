//! Recover on Lambda: a run at each time of its schedule, or as it is invoked by name.

use std::sync::Arc;

use pointsman_aws::Backend;
use pointsman_core::{port::PortError, rules::Rules};
use pointsman_env::{Loaded, Loader, SystemClock};
use pointsman_github::Pace;
use pointsman_host_lambda::{Error, Lazy, Trigger, direct, serve, timer};
use pointsman_recover::{Ask, Recover, Terms, Tools};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    #[cfg(feature = "otlp")]
    pointsman_otlp::start(|| Arc::new(pointsman_http::Client::default()), "aws_sqs");
    let loaded = Loader::default().load().await?;
    let made = Lazy::new(move || open(loaded.clone()));
    let run = async |ask| made.get().await?.0.run(&made.get().await?.1, ask).await?.whole();
    serve(async |event| match event.trigger() {
        Trigger::Timer => timer::handle(&event, "recover", async |_| run(Ask::scheduled()).await).await,
        _ => direct::handle(&event, "recover", async |ask: Ask| run(ask).await).await,
    })
    .await
}

async fn open(Loaded { config, secrets, .. }: Loaded) -> Result<(Recover, Rules), PortError> {
    let clock = Arc::new(SystemClock);
    let aws = Backend::of(&config, clock.clone()).await?;
    let (archive, records) = (aws.archive(), aws.records());
    let pipeline = aws.pipeline(archive.clone(), aws.queues(records.clone())?, records.clone());
    let (http, secrets) = (Arc::new(pointsman_http::Client::default()), aws.secrets(secrets));
    let tools = Tools { archive, records, pipeline, http, secrets, clock, pace: Pace::default() };
    let recover = tools.hire(&Terms::asked(&config), "the function `recover`".into())?;
    // What it fetches comes from GitHub itself: there is nothing to verify.
    Ok((recover, Rules::unverifying(&config).await?))
}
