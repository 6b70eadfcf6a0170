//! All of Azure by the configuration, each part made where it is asked for.

use std::sync::Arc;

use pointsman_core::{
    breaker::Breakers,
    config::{Config, azure::Places},
    pipeline,
    port::{Clock, Http, PortError, QueueName, QueueSettings, Records, Secrets},
    sending::Inline,
    stepwise::Stepwise,
};

use crate::{
    BlobArchive, BlobRecords, Connection, Credential, Handed, INLINE_LIMIT, KeyVault, Namespace, ServiceBus,
};

/// Azure behind the ports. Making it calls nobody: what is missing or denied is told by the first call that needs it.
pub struct Backend {
    connection: Connection,
    places: Places,
    queues: Vec<(QueueName, QueueSettings)>,
    clock: Arc<dyn Clock>,
}

impl Backend {
    /// What a configuration with `backend: azure` names. `Invalid`: it has another backend, or names not all of it.
    pub fn of(config: &Config, http: Arc<dyn Http>, clock: Arc<dyn Clock>) -> Result<Self, PortError> {
        if !config.is_azure() {
            let why = "the configuration has another backend: write `backend: azure` into pointsman.yaml";
            return Err(PortError::invalid(why));
        }
        let places = config.azure_places().map_err(|why| PortError::invalid(why.to_string()))?;
        let queues = config.queues().into_iter().collect();
        Ok(Self { connection: Connection::from_environment(http)?, places, queues, clock })
    }

    /// The records.
    pub fn records(&self) -> Result<Arc<BlobRecords>, PortError> {
        let Places { account, records, .. } = &self.places;
        Ok(Arc::new(BlobRecords::new(&self.connection, account, records, self.clock.clone())?))
    }

    /// The archive.
    pub fn archive(&self) -> Result<Arc<BlobArchive>, PortError> {
        let Places { account, container, .. } = &self.places;
        Ok(Arc::new(BlobArchive::new(&self.connection, account, container)?))
    }

    /// The queues, to be sent to. A shared key, where one is configured, is read from `secrets`.
    pub async fn queues(&self, secrets: &dyn Secrets) -> Result<ServiceBus, PortError> {
        let Places { namespace, prefix, largest, key, .. } = &self.places;
        let credential = match key {
            None => Credential::Identity,
            Some((name, reference)) => {
                let found = secrets.get(reference).await?.into_iter().next();
                let none = || PortError::not_found(format!("{reference} is empty: put the key there"));
                Credential::Key(name.clone(), found.ok_or_else(none)?)
            }
        };
        let namespace = Namespace { url: namespace.clone(), prefix: prefix.clone(), largest: *largest };
        let queues = ServiceBus::new(&self.connection, namespace, credential, self.clock.clone())?;
        queues.set(self.queues.clone())?;
        Ok(queues)
    }

    /// Messages of functions, whose attempts are counted in `records`.
    pub fn handed(&self, queues: &ServiceBus, records: Arc<dyn Records>) -> Arc<Handed> {
        Arc::new(Handed::new(queues.clone(), records))
    }

    /// The queues, received from by a plain process over connections that `dial` makes.
    #[cfg(feature = "receiver")]
    pub fn receiver(
        &self,
        queues: &ServiceBus,
        dial: Arc<dyn crate::Dial>,
        records: Arc<dyn Records>,
    ) -> crate::ServiceBusReceiver {
        crate::ServiceBusReceiver::new(queues.clone(), dial, records)
    }

    /// The vault, and `local` for what is named in other ways. `Invalid`: the configuration names none.
    pub fn secrets(&self, local: Arc<dyn Secrets>) -> Result<Arc<KeyVault>, PortError> {
        let none = || PortError::invalid("a secret of Key Vault needs a vault: set POINTSMAN_AZURE_VAULT");
        let vault = self.places.vault.as_deref().ok_or_else(none)?;
        Ok(Arc::new(KeyVault::new(&self.connection, vault, self.clock.clone(), local)?))
    }

    /// What ingest needs.
    pub fn pipeline(
        &self,
        archive: Arc<BlobArchive>,
        queue: ServiceBus,
        records: Arc<dyn Records>,
    ) -> pipeline::Ports {
        let ledger = Stepwise {
            archive: archive.clone(),
            queue: Arc::new(queue),
            records,
            clock: self.clock.clone(),
            breakers: Breakers::default(),
        };
        let clock = self.clock.clone();
        // What its host may unwrap is carried in base64: only what is long goes by reference.
        let inline = Inline { limit: Some(INLINE_LIMIT), carries: None };
        pipeline::Ports { ledger: Arc::new(ledger), archive, clock, inline }
    }
}
