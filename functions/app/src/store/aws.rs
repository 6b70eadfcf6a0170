//! What is deployed on AWS, behind the same ports.

use std::sync::Arc;

use anyhow::Result;
use pointsman_aws::{Connection, DynamoDb, INLINE_LIMIT, S3, SecretsManager, Sqs};
use pointsman_core::{breaker::Breakers, config::Config, port::Secrets, stepwise::Stepwise};
use pointsman_env::{EnvSecrets, SystemClock};

use super::Store;

/// Nothing is asked for yet: what is missing or denied is told by the first call that needs it.
pub async fn open(config: &Config) -> Result<Store> {
    let places = config.aws_places()?;
    let (connection, clock) = (Connection::from_environment().await, Arc::new(SystemClock));
    let records = Arc::new(DynamoDb::new(&connection, places.table, clock.clone()));
    let archive = Arc::new(S3::new(&connection, places.bucket));
    let queues = Sqs::new(&connection, places.prefix, records.clone(), clock.clone());
    queues.set(config.queues())?;
    let queues = Arc::new(queues);
    let ledger = Stepwise {
        archive: archive.clone(),
        queue: queues.clone(),
        records: records.clone(),
        clock,
        breakers: Breakers::default(),
    };
    Ok(Store {
        queue: queues.clone(),
        receiver: queues.clone(),
        admin: queues,
        archive,
        records,
        ledger: Arc::new(ledger),
        inline_limit: Some(INLINE_LIMIT),
        attached: None,
    })
}

/// Secrets Manager, and what is on this machine.
pub async fn secrets(local: EnvSecrets) -> Result<Arc<dyn Secrets>> {
    let connection = Connection::from_environment().await;
    Ok(Arc::new(SecretsManager::new(&connection, Arc::new(SystemClock), Arc::new(local))))
}
