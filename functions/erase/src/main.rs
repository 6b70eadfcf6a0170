//! Erase on Lambda: what an uninstalled App leaves, from its queue.

use std::sync::Arc;

use pointsman_aws::Backend;
use pointsman_core::{config::ERASE, port::PortError};
use pointsman_env::{Loaded, Loader, SystemClock};
use pointsman_erase::{Ports, handle};
use pointsman_host_lambda::{Error, Lazy, queue, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    #[cfg(feature = "otlp")]
    pointsman_otlp::start(|| Arc::new(pointsman_http::Client::default()), "aws_sqs");
    let loaded = Loader::default().load().await?;
    let made = &Lazy::new(move || open(loaded.clone()));
    serve(async |event| {
        let made = made.get().await?;
        let (ports, source) = &*made;
        queue::each(&event, source, async |message| handle(message, ports).await).await
    })
    .await
}

async fn open(Loaded { config, .. }: Loaded) -> Result<(Ports, queue::Source), PortError> {
    let clock = Arc::new(SystemClock);
    let aws = Backend::of(&config, clock.clone()).await?;
    let (archive, records) = (aws.archive(), aws.records());
    let queues = aws.queues(records.clone())?;
    let name = ERASE.parse().map_err(PortError::invalid)?;
    let source = queue::Source::new(name, queues.clone(), clock.clone()).with(config.queues());
    // One after another: an erasure reads the whole archive.
    let source = queue::Source { concurrency: 1, ..source };
    Ok((Ports { archive, queues, records, clock }, source))
}
