//! Intake on Lambda: webhooks of a Function URL or API Gateway. Starting makes no call; what it needs is made on first use.

use std::sync::Arc;

use pointsman_aws::{Backend, SecretsManager};
use pointsman_core::{outcome::Outcome, pipeline::RETRY_AFTER, port::PortError, rules::Rules};
use pointsman_env::{Loaded, Loader, SystemClock};
use pointsman_host_lambda::{Error, Lazy, http, serve};
use pointsman_intake::{Fresh, Intake};

type Door = (Fresh, Arc<SecretsManager>);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    #[cfg(feature = "otlp")]
    pointsman_otlp::start(|| Arc::new(pointsman_http::Client::default()), "aws_sqs");
    let loaded = Loader::default().load().await?;
    let proxies = loaded.config.trusted_proxies.clone();
    let door = Lazy::new(move || open(loaded.clone()));
    let (proxies, door) = (&proxies, &door);
    serve(async |event| {
        let take = async |request| match door.get().await {
            Ok(door) => door.0.handle(request, async || door.1.refresh().await).await,
            Err(cause) => Outcome::Retry { after: RETRY_AFTER, cause },
        };
        http::handle(&event, "intake", proxies, take).await
    })
    .await
}

async fn open(Loaded { config, secrets, .. }: Loaded) -> Result<Door, PortError> {
    let clock = Arc::new(SystemClock);
    let aws = Backend::of(&config, clock).await?;
    let secrets = aws.secrets(secrets);
    let rules = Rules::load(&config, &*secrets).await?;
    let records = aws.records();
    let ports = aws.pipeline(aws.archive(), aws.queues(records.clone())?, records);
    Ok((Fresh::new(Intake::new(ports, rules), config, secrets.clone()), secrets))
}
