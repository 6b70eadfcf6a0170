//! What all clients have in common: who we are, how requests go, how often they are tried. Making it calls nobody.

use std::sync::Arc;

use azure_core::{
    credentials::TokenCredential,
    http::{ClientOptions, ExponentialRetryOptions, RetryOptions, Transport, policies::Policy},
    time::Duration,
};
use pointsman_core::port::{Http, PortError};

use crate::{config, transport::OverPort};

/// How Azure is reached. Cheap to clone.
#[derive(Clone)]
pub struct Connection {
    pub(crate) http: Arc<dyn Http>,
    pub(crate) credential: Arc<dyn TokenCredential>,
    /// Signs requests where no token does; of tests.
    signed: Option<Arc<dyn Policy>>,
    retry: RetryOptions,
}

impl Connection {
    /// As the environment says who we are: a function's managed identity, a workload's, a client with its secret
    /// (`AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET`), or whoever has logged in with `az` or `azd`.
    pub fn from_environment(http: Arc<dyn Http>) -> Result<Self, PortError> {
        let options =
            ClientOptions { transport: Some(transport(&http)), retry: retries(), ..Default::default() };
        let credential = config::credential(options)
            .map_err(|error| PortError::invalid(format!("who we are on Azure cannot be told: {error}")))?;
        Ok(Self::new(http, credential))
    }

    /// With this credential.
    pub fn new(http: Arc<dyn Http>, credential: Arc<dyn TokenCredential>) -> Self {
        Self { http, credential, signed: None, retry: retries() }
    }

    /// With this policy in place of a token for storage, as emulators without TLS want it.
    #[must_use]
    pub fn signed_by(self, policy: Arc<dyn Policy>) -> Self {
        Self { signed: Some(policy), ..self }
    }

    /// Each request is tried once, for tests of what is refused.
    #[must_use]
    pub fn without_retries(self) -> Self {
        Self { retry: RetryOptions::none(), ..self }
    }

    /// The token for storage, unless each request is signed.
    pub(crate) fn token(&self) -> Option<Arc<dyn TokenCredential>> {
        self.signed.is_none().then(|| self.credential.clone())
    }

    pub(crate) fn options(&self) -> ClientOptions {
        ClientOptions {
            transport: Some(transport(&self.http)),
            retry: self.retry.clone(),
            per_try_policies: self.signed.iter().cloned().collect(),
            ..Default::default()
        }
    }
}

fn transport(http: &Arc<dyn Http>) -> Transport {
    Transport::new(Arc::new(OverPort(http.clone())))
}

/// The SDK's own would go on for more than a minute; GitHub waits ten seconds for an answer in all.
fn retries() -> RetryOptions {
    RetryOptions::exponential(ExponentialRetryOptions {
        initial_delay: Duration::milliseconds(100),
        max_retries: 2,
        max_total_elapsed: Duration::seconds(5),
        max_delay: Duration::seconds(1),
    })
}
