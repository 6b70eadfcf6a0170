//! What all clients have in common: region, credentials, endpoints, time limits. Loading it makes no network call where
//! region and credentials come from the environment, as they do on Lambda.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};

/// A service that does not take a connection in this time will not.
const CONNECT: Duration = Duration::from_secs(2);
/// One try of one call; GitHub waits ten seconds for an answer in all.
const ATTEMPT: Duration = Duration::from_secs(5);
/// The SDK's own tries, the first included; what still fails is settled by core.
const ATTEMPTS: u32 = 3;

/// How AWS is reached. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connection(SdkConfig);

impl Connection {
    /// As the environment says: region, credentials, and an endpoint where one is named (`AWS_ENDPOINT_URL`, or one
    /// service's alone, as `AWS_ENDPOINT_URL_S3`).
    pub async fn from_environment() -> Self {
        let limits = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT);
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(limits.build())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        Self(loader.load().await)
    }

    /// As somebody else has set it up.
    pub fn new(config: SdkConfig) -> Self {
        Self(config)
    }

    pub(crate) fn config(&self) -> &SdkConfig {
        &self.0
    }
}
