//! Secrets Manager: `aws-sm:NAME[#key]`, the current version and the previous one, kept for a time.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use pointsman_core::{
    port::{Clock, ErrorKind, PortError, Secret, SecretRef, Secrets},
    versions::{self, Version, Versions},
};

use crate::{Connection, fault::Asked};

/// Secrets Manager, and another place for references of other kinds. Its role needs secretsmanager:GetSecretValue.
pub struct SecretsManager {
    client: Client,
    others: Arc<dyn Secrets>,
    versions: Versions,
}

impl SecretsManager {
    /// `others` reads what is not `aws-sm:`.
    pub fn new(connection: &Connection, clock: Arc<dyn Clock>, others: Arc<dyn Secrets>) -> Self {
        Self { client: Client::new(connection.config()), others, versions: Versions::new(clock) }
    }

    /// For when a signature fails against the secrets that are known: forgets those that were read more than a minute ago.
    /// True when there were any, so that reading again may help.
    pub async fn refresh(&self) -> bool {
        self.versions.refresh().await
    }

    /// All versions of a secret; one call of Secrets Manager for each.
    async fn read(&self, name: &str) -> Result<Vec<Version>, PortError> {
        let mut versions = vec![self.version(name, "AWSCURRENT").await?];
        match self.version(name, "AWSPREVIOUS").await {
            Ok(previous) => versions.push(previous),
            // It was never rotated.
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(versions)
    }

    async fn version(&self, name: &str, stage: &str) -> Result<Version, PortError> {
        let asked = self.client.get_secret_value().secret_id(name).version_stage(stage).send().await;
        let value = asked.map_err(|error| {
            if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) {
                return PortError::not_found(format!("Secrets Manager has no secret `{name}`: put it there"));
            }
            let on = format!("the secret `{name}`");
            Asked { right: "secretsmanager:GetSecretValue", on: &on }.failed(&error)
        })?;
        let text = value.secret_string.map(String::into_bytes);
        Ok(text.or_else(|| value.secret_binary.map(|blob| blob.into_inner())).unwrap_or_default().into())
    }
}

#[async_trait]
impl Secrets for SecretsManager {
    async fn get(&self, reference: &SecretRef) -> Result<Vec<Secret>, PortError> {
        let SecretRef::AwsSecret { name, key } = reference else {
            return self.others.get(reference).await;
        };
        let versions = self.versions.of(name, self.read(name)).await?;
        versions::secrets(reference, key.as_deref(), &versions)
    }
}
