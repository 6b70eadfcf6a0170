//! What is deployed on AWS, behind the same ports.

use std::sync::Arc;

use anyhow::Result;
use futures::FutureExt as _;
use pointsman_aws::{Backend, Connection, SecretsManager};
use pointsman_core::{
    config::Config,
    port::{QueueName, Secrets},
};
use pointsman_env::{EnvSecrets, SystemClock};

use super::Store;

/// Nothing is asked for yet: what is missing or denied is told by the first call that needs it.
pub async fn open(config: &Config) -> Result<Store> {
    let aws = Backend::of(config, Arc::new(SystemClock)).await?;
    let (archive, records) = (aws.archive(), aws.records());
    let queues = aws.queues(records.clone())?;
    let pipeline = aws.pipeline(archive.clone(), queues.clone(), records.clone());
    let asked = queues.clone();
    let is_ordered = move |queue: QueueName| {
        let asked = asked.clone();
        async move { asked.is_ordered(&queue).await }.boxed()
    };
    Ok(Store {
        is_ordered: Some(Box::new(is_ordered)),
        queue: queues.clone(),
        receiver: queues.clone(),
        admin: queues,
        archive,
        records,
        ledger: pipeline.ledger,
        inline: pipeline.inline,
        attached: None,
    })
}

/// Secrets Manager, and what is on this machine.
pub async fn secrets(local: EnvSecrets) -> Result<Arc<dyn Secrets>> {
    let connection = Connection::from_environment().await;
    Ok(Arc::new(SecretsManager::new(&connection, Arc::new(SystemClock), Arc::new(local))))
}
