//! A function of your own behind a subscription's queue: it tells an address of each event, one session's in order.
//!
//! What SQS and Lambda ask for is the host's; yours is `tell`: an event in, how it ended out. An event may come twice, and
//! its `id` says so. How it is deployed: infra/aws/README.md.

mod config;

use std::sync::Arc;

use http::{Request, Uri};
use pointsman_aws::Backend;
use pointsman_core::{
    outcome::{Handled, Outcome, Reason, Rejection},
    port::{Http, Named, PortError, QueueName, Received},
};
use pointsman_env::{Loaded, Loader, SystemClock};
use pointsman_host_lambda::{Error, Lazy, queue, serve};
use pointsman_http::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let loaded = Loader::default().load().await?;
    let (name, target) = config::read()?;
    let made = Lazy::new(move || open(loaded.clone(), name.clone()));
    let (made, target) = (&made, &target);
    serve(async |event| {
        let (source, client) = &*made.get().await?;
        queue::each(&event, source, async |message| tell(client, target, message).await).await
    })
    .await
}

/// Makes what it needs, when the first batch comes: starting makes no call.
async fn open(Loaded { config, .. }: Loaded, name: QueueName) -> Result<(queue::Source, Client), PortError> {
    let clock = Arc::new(SystemClock);
    let aws = Backend::of(&config, clock.clone()).await?;
    let queues = aws.queues(aws.records())?;
    let source = queue::Source::new(name, queues, clock).with(config.queues()).fetching(aws.archive());
    Ok((source, Client::default()))
}

/// Done at a 2xx. At a 4xx it is a dead letter: said again it would be refused again. Everything else is tried again.
async fn tell(client: &Client, target: &Uri, message: &Received) -> Handled<()> {
    // The target is configured: it may be on a private network.
    let request =
        Request::post(target).extension(Named).header("content-type", "application/cloudevents+json");
    let request =
        request.body(message.body.clone()).map_err(|error| PortError::invalid(error.to_string()))?;
    let status = client.send(request).await?.status();
    match status.as_u16() {
        200..300 => Ok(Outcome::Done(())),
        400..500 => {
            Ok(Outcome::Rejected(Rejection::new(Reason::Failed, format!("the target answered {status}"))))
        }
        _ => Err(PortError::unavailable(format!("the target answered {status}"))),
    }
}
