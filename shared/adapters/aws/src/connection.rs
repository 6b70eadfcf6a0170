//! What all clients have in common: region, credentials, endpoints, time limits, TLS. Loading it makes no network call where
//! region and credentials come from the environment, as they do on Lambda.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_s3::config::SharedHttpClient;
use aws_smithy_http_client::{
    Builder, ConnectorBuilder,
    proxy::ProxyConfig,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use pointsman_core::port::PortError;

use crate::config::Trust;

/// A service that does not take a connection in this time will not.
const CONNECT: Duration = Duration::from_secs(2);
/// One try of one call; GitHub waits ten seconds for an answer in all.
const ATTEMPT: Duration = Duration::from_secs(5);
/// The SDK's own tries, the first included; what still fails is settled by core.
const ATTEMPTS: u32 = 3;

/// How AWS is reached. Cheap to clone; all clients of it share one pool of connections.
#[derive(Debug, Clone)]
pub struct Connection(SdkConfig);

impl Connection {
    /// As the environment says: region, credentials, and an endpoint where one is named (`AWS_ENDPOINT_URL`, or one
    /// service's alone, as `AWS_ENDPOINT_URL_S3`). `Invalid`: `AWS_CA_BUNDLE` names no certificates.
    pub async fn from_environment() -> Result<Self, PortError> {
        let roots = Trust::from_environment().roots()?;
        let limits = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT);
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(limits.build())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .http_client(client(roots));
        Ok(Self(loader.load().await))
    }

    /// As somebody else has set it up; without an HTTP client of its own, with ours, which trusts as this machine does.
    pub fn new(config: SdkConfig) -> Self {
        if config.http_client().is_some() {
            return Self(config);
        }
        Self(config.into_builder().http_client(client(None)).build())
    }

    pub(crate) fn config(&self) -> &SdkConfig {
        &self.0
    }
}

/// The SDK's default client but for its cryptography: aws-lc's first random bytes take 30 ms of a cold start.
fn client(roots: Option<Vec<u8>>) -> SharedHttpClient {
    let trust = match roots {
        Some(pem) => TrustStore::empty().with_pem_certificate(pem),
        None => TrustStore::default(),
    };
    let tls =
        TlsContext::builder().with_trust_store(trust).build().expect("a trust store is all that it needs");
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = ConnectorBuilder::default()
            .tls_provider(Provider::rustls(CryptoMode::Ring))
            .tls_context(tls.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    })
}
