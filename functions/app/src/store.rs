//! The store behind the ports, and what holds it open: this process, or the one that has it already.

use std::sync::Arc;

use anyhow::Result;
use pointsman_core::{
    config::Config,
    ledger::Ledger,
    port::{Archive, Queue, QueueAdmin, Receiver, Records},
};
use pointsman_embedded::{Attached, Options, attach};
use pointsman_env::SystemClock;

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
    attached: Attached,
}

impl Store {
    /// Opens the store in the configuration's data folder; where another process holds it, that one is asked instead.
    pub async fn open(config: &Config, purpose: &str) -> Result<Self> {
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
            attached,
        })
    }

    /// Lets go of it.
    pub async fn close(self) -> Result<()> {
        self.attached.close().await;
        Ok(())
    }
}
