//! Replay on Lambda: turns of replays from its queue; a replay is asked for by an invocation with an order.

use std::sync::Arc;

use pointsman_aws::{Backend, inline};
use pointsman_core::{config::REPLAY, port::PortError, rules::Rules};
use pointsman_env::{Loaded, Loader, SystemClock};
use pointsman_host_lambda::{Error, Lazy, Trigger, direct, queue, serve};
use pointsman_replay::{MOST, Ports, Replay, handle, submitted};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    #[cfg(feature = "otlp")]
    pointsman_otlp::start(|| Arc::new(pointsman_http::Client::default()), "aws_sqs");
    let loaded = Loader::default().load().await?;
    let made = &Lazy::new(move || open(loaded.clone()));
    serve(async |event| {
        let made = made.get().await?;
        let (stage, source) = &*made;
        let budget = Some(event.budget(source.clock.now()));
        let stage = &Replay { budget, ..stage.clone() };
        match event.trigger() {
            Trigger::Queue => queue::each(&event, source, async |turn| handle(turn, stage).await).await,
            _ => direct::handle(&event, REPLAY, async |order| submitted(order, stage).await).await,
        }
    })
    .await
}

async fn open(Loaded { config, .. }: Loaded) -> Result<(Replay, queue::Source), PortError> {
    let clock = Arc::new(SystemClock);
    let aws = Backend::of(&config, clock.clone()).await?;
    let (archive, records) = (aws.archive(), aws.records());
    let queues = aws.queues(records.clone())?;
    let rules = Arc::new(Rules::unverifying(&config).await?);
    let name = REPLAY.parse().map_err(PortError::invalid)?;
    let source = queue::Source::new(name, queues.clone(), clock.clone()).with(config.queues());
    let ports = Ports { archive, records, queue: queues.clone(), admin: queues, clock };
    let (inline, holder) = (inline(), "the function `replay`".to_owned());
    Ok((Replay { ports, rules, inline, budget: None, most: MOST, holder }, source))
}
