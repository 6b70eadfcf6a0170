//! The store behind the ports, by the configuration's backend: the embedded one and what holds it open (this process, or
//! the one that has it already), AWS, or Azure.

#[cfg(feature = "aws")]
mod aws;
#[cfg(not(feature = "aws"))]
#[path = "without_aws.rs"]
mod aws;
#[cfg(feature = "azure")]
mod azure;
#[cfg(not(feature = "azure"))]
#[path = "without_azure.rs"]
mod azure;

use std::sync::Arc;

use anyhow::Result;
use futures::future::BoxFuture;
use pointsman_core::{
    config::{Backend, Config},
    ledger::Ledger,
    port::{Archive, PortError, Queue, QueueAdmin, QueueName, Receiver, Records, Secrets},
    sending::Inline,
};
use pointsman_embedded::{Attached, Options, attach};
use pointsman_env::{EnvSecrets, SystemClock};

/// Asks a cloud whether a queue keeps the order of sessions.
pub type IsOrdered = Box<dyn Fn(QueueName) -> BoxFuture<'static, Result<bool, PortError>> + Send + Sync>;

/// All that a command may ask of the store.
pub struct Store {
    /// For sending again.
    pub queue: Arc<dyn Queue>,
    /// For receiving.
    pub receiver: Arc<dyn Receiver>,
    /// For looking and purging.
    pub admin: Arc<dyn QueueAdmin>,
    /// Raw deliveries.
    pub archive: Arc<dyn Archive>,
    /// Routing marks.
    pub records: Arc<dyn Records>,
    /// For what is sent from the archive.
    pub ledger: Arc<dyn Ledger>,
    /// What its queues carry; the rest goes by reference.
    pub inline: Inline,
    /// Tells of a cloud's queues whether each keeps order. The embedded ones all do.
    pub is_ordered: Option<IsOrdered>,
    /// Of the embedded store alone.
    attached: Option<Attached>,
}

impl Store {
    /// Opens the store of the configuration's backend. In the data folder: where another process holds it, that one is
    /// asked instead.
    pub async fn open(config: &Config, purpose: &str) -> Result<Self> {
        match config.backend {
            Backend::Embedded => Self::embedded(config, purpose).await,
            Backend::Aws => aws::open(config).await,
            Backend::Azure => azure::open(config, EnvSecrets::new(".")).await,
        }
    }

    async fn embedded(config: &Config, purpose: &str) -> Result<Self> {
        let options = Options::new(Arc::new(SystemClock), purpose).with_queues(config.queues());
        let attached = attach(&config.data, options).await?;
        let ports = attached.ports();
        Ok(Self {
            queue: ports.queue,
            receiver: ports.receiver,
            admin: ports.admin,
            archive: ports.archive,
            records: ports.records,
            ledger: ports.ledger,
            inline: Default::default(),
            is_ordered: None,
            attached: Some(attached),
        })
    }

    /// Whether a look at dead letters shows all of them: SQS shows of a session the first ten alone.
    pub fn shows_all(&self) -> bool {
        self.attached.is_some()
    }

    /// Lets go of it.
    pub async fn close(self) -> Result<()> {
        if let Some(attached) = self.attached {
            attached.close().await;
        }
        Ok(())
    }
}

/// Who reads the configuration's secrets: this machine's, and those of the backend's cloud.
pub async fn secrets(config: &Config, local: EnvSecrets) -> Result<Arc<dyn Secrets>> {
    match config.backend {
        Backend::Embedded => Ok(Arc::new(local)),
        Backend::Aws => aws::secrets(local).await,
        Backend::Azure => azure::secrets(config, local).await,
    }
}
