//! All of AWS by the configuration, each part made where it is asked for: a function links and starts only what it uses.

use std::sync::Arc;

use pointsman_core::{
    breaker::Breakers,
    config::{Config, aws::Places},
    pipeline,
    port::{Clock, PortError, QueueName, QueueSettings, Secrets},
    stepwise::Stepwise,
};

use crate::{Connection, DynamoDb, S3, SecretsManager, Sqs, inline};

/// AWS behind the ports. Making it calls nobody: what is missing or denied is told by the first call that needs it.
pub struct Backend {
    connection: Connection,
    places: Places,
    queues: Vec<(QueueName, QueueSettings)>,
    clock: Arc<dyn Clock>,
}

impl Backend {
    /// What a configuration with `backend: aws` names. `Invalid`: it has another backend, or names not all of it.
    pub async fn of(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, PortError> {
        if !config.is_aws() {
            let why = "the configuration has another backend: write `backend: aws` into pointsman.yaml";
            return Err(PortError::invalid(why));
        }
        let places = config.aws_places().map_err(|why| PortError::invalid(why.to_string()))?;
        let queues = config.queues().into_iter().collect();
        Ok(Self { connection: Connection::from_environment().await, places, queues, clock })
    }

    /// The records.
    pub fn records(&self) -> Arc<DynamoDb> {
        Arc::new(DynamoDb::new(&self.connection, self.places.table.clone(), self.clock.clone()))
    }

    /// The archive.
    pub fn archive(&self) -> Arc<S3> {
        Arc::new(S3::new(&self.connection, self.places.bucket.clone()))
    }

    /// The queues, which count attempts in `records`.
    pub fn queues(&self, records: Arc<DynamoDb>) -> Result<Arc<Sqs>, PortError> {
        let prefix = self.places.prefix.clone();
        let queues = Sqs::new(&self.connection, prefix, records, self.clock.clone());
        queues.set(self.queues.clone())?;
        Ok(Arc::new(queues))
    }

    /// Secrets Manager, and `local` for what is named in other ways.
    pub fn secrets(&self, local: impl Secrets + 'static) -> Arc<SecretsManager> {
        Arc::new(SecretsManager::new(&self.connection, self.clock.clone(), Arc::new(local)))
    }

    /// What ingest needs.
    pub fn pipeline(&self, archive: Arc<S3>, queue: Arc<Sqs>, records: Arc<DynamoDb>) -> pipeline::Ports {
        let ledger = Stepwise {
            archive: archive.clone(),
            queue,
            records,
            clock: self.clock.clone(),
            breakers: Breakers::default(),
        };
        let clock = self.clock.clone();
        pipeline::Ports { ledger: Arc::new(ledger), archive, clock, inline: inline() }
    }
}
