//! Azure behind the ports. Looking into queues needs a receiver, which no function has: whoever asks for it is told.

use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt as _;
use pointsman_azure::Backend;
use pointsman_core::port::{
    Control, MessageId, Peeked, PortError, QueueAdmin, QueueName, QueueStats, Secrets, Selection,
};
use pointsman_env::{Loaded, SystemClock};
use pointsman_github::Pace;

use crate::world::{Refresh, World};

/// By the configuration. Nothing is asked for yet, but a shared key where one is configured.
pub async fn open(Loaded { config, secrets, .. }: Loaded) -> Result<World, PortError> {
    let (clock, http) = (Arc::new(SystemClock), Arc::new(pointsman_http::Client::default()));
    let azure = Backend::of(&config, http.clone(), clock.clone())?;
    let local: Arc<dyn Secrets> = Arc::new(secrets);
    let vault = config.azure_places().is_ok_and(|places| places.vault.is_some());
    let (secrets, refresh): (Arc<dyn Secrets>, Refresh) = if vault {
        let vault = azure.secrets(local)?;
        let again = vault.clone();
        let refresh = move || {
            let vault = again.clone();
            async move { vault.refresh().await }.boxed()
        };
        (vault, Arc::new(refresh))
    } else {
        (local, Arc::new(|| async { false }.boxed()))
    };
    let (archive, records) = (azure.archive()?, azure.records()?);
    let queues = azure.queues(&*secrets).await?;
    let handover = azure.handed(&queues, records.clone());
    let pipeline = azure.pipeline(archive.clone(), queues.clone(), records.clone());
    Ok(World {
        archive,
        records,
        queue: Arc::new(queues),
        admin: Arc::new(Elsewhere),
        handover,
        pipeline,
        secrets,
        refresh,
        http,
        pace: Pace::default(),
        clock,
    })
}

/// Queues that cannot be looked into from here.
struct Elsewhere;

impl Elsewhere {
    fn refuse<T>() -> Result<T, PortError> {
        Err(PortError::invalid(
            "a function on Azure cannot look into queues: the pointsman command can, built with --features azure \
             (`pointsman erase`, `pointsman dead-letters`)",
        ))
    }
}

#[async_trait]
impl QueueAdmin for Elsewhere {
    async fn list(&self) -> Result<Vec<QueueName>, PortError> {
        Self::refuse()
    }

    async fn stats(&self, _: &QueueName) -> Result<QueueStats, PortError> {
        Self::refuse()
    }

    async fn peek(&self, _: &QueueName, _: Option<&MessageId>, _: usize) -> Result<Vec<Peeked>, PortError> {
        Self::refuse()
    }

    async fn purge(&self, _: &QueueName, _: Selection) -> Result<u64, PortError> {
        Self::refuse()
    }

    async fn control(&self, _: &QueueName, _: Control) -> Result<(), PortError> {
        Self::refuse()
    }
}
