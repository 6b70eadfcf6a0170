//! What is deployed on Azure, behind the same ports.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use pointsman_azure::{Backend, Dial, Stream};
use pointsman_core::{
    config::Config,
    port::{PortError, Secrets},
};
use pointsman_env::{EnvSecrets, SystemClock};
use pointsman_http::Client;

use super::Store;

/// Nothing is asked for yet but a shared key, where one is configured: what is missing or denied is told by the first call
/// that needs it.
pub async fn open(config: &Config, local: EnvSecrets) -> Result<Store> {
    let http = Client::default();
    let azure = Backend::of(config, Arc::new(http.clone()), Arc::new(SystemClock))?;
    let (archive, records) = (azure.archive()?, azure.records()?);
    let secrets = secrets(config, local).await?;
    let queues = azure.queues(&*secrets).await?;
    let dial = Door { http, place: config.azure_amqp()? };
    let receiver = Arc::new(azure.receiver(&queues, Arc::new(dial), records.clone()));
    let pipeline = azure.pipeline(archive.clone(), queues.clone(), records.clone());
    Ok(Store {
        is_ordered: None,
        queue: Arc::new(queues),
        receiver: receiver.clone(),
        admin: receiver,
        archive,
        records,
        ledger: pipeline.ledger,
        inline: pipeline.inline,
        attached: None,
    })
}

/// Key Vault, where one is named, and what is on this machine.
pub async fn secrets(config: &Config, local: EnvSecrets) -> Result<Arc<dyn Secrets>> {
    if config.azure_vault().is_err() {
        return Ok(Arc::new(local));
    }
    let azure = Backend::of(config, Arc::new(Client::default()), Arc::new(SystemClock))?;
    Ok(azure.secrets(Arc::new(local))?)
}

/// Over TLS to a namespace; in plain text to an emulator on this machine.
struct Door {
    http: Client,
    place: (String, u16, bool),
}

#[async_trait]
impl Dial for Door {
    async fn dial(&self) -> Result<Box<dyn Stream>, PortError> {
        let (host, port, tls) = &self.place;
        match tls {
            true => Ok(Box::new(self.http.dial_tls(host, *port).await?)),
            false => Ok(Box::new(self.http.dial(host, *port).await?)),
        }
    }
}
