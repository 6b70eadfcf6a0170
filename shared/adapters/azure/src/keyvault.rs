//! Key Vault: `azure-kv:NAME[#key]`, the current version and the previous one, kept for a time.

use std::sync::Arc;

use async_trait::async_trait;
use azure_security_keyvault_secrets::{
    ResourceExt as _, SecretClient, SecretClientOptions, models::SecretClientGetSecretOptions,
};
use futures::TryStreamExt as _;
use pointsman_core::{
    port::{Clock, ErrorKind, PortError, Secret, SecretRef, Secrets},
    versions::{self, Version, Versions},
};

use crate::{Connection, fault::Asked};

/// The role on the vault.
const ROLE: &str = "Key Vault Secrets User";

/// A vault, and another place for references of other kinds. Its identity needs the role "Key Vault Secrets User".
pub struct KeyVault {
    client: SecretClient,
    vault: String,
    others: Arc<dyn Secrets>,
    versions: Versions,
}

impl KeyVault {
    /// The vault with this URL; `others` reads what is not `azure-kv:`.
    pub fn new(
        connection: &Connection,
        vault: &str,
        clock: Arc<dyn Clock>,
        others: Arc<dyn Secrets>,
    ) -> Result<Self, PortError> {
        // On another machine's name a token would go to whoever asks for it.
        let verify = !vault.starts_with("https://127.0.0.1:") && !vault.starts_with("https://localhost:");
        let options = SecretClientOptions {
            client_options: connection.options(),
            verify_challenge_resource: Some(verify),
            ..Default::default()
        };
        let client = SecretClient::new(vault, connection.credential.clone(), Some(options))
            .map_err(|error| PortError::invalid(format!("`{vault}` is no Key Vault: {error}")))?;
        let vault = format!("the vault `{vault}`");
        Ok(Self { client, vault, others, versions: Versions::new(clock) })
    }

    /// For when a signature fails against the secrets that are known: forgets those that were read more than a minute ago.
    /// True when there were any, so that reading again may help.
    pub async fn refresh(&self) -> bool {
        self.versions.refresh().await
    }

    /// The current version, and the one before it that is still enabled.
    async fn read(&self, name: &str) -> Result<Vec<Version>, PortError> {
        let (current, id) = self.version(name, None).await?;
        let mut versions = vec![current];
        if let Some(previous) = self.previous(name, &id).await? {
            match self.version(name, Some(previous)).await {
                Ok((previous, _)) => versions.push(previous),
                // It was removed meanwhile.
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(versions)
    }

    /// A version's text and its id.
    async fn version(&self, name: &str, version: Option<String>) -> Result<(Version, String), PortError> {
        let options = SecretClientGetSecretOptions { secret_version: version, ..Default::default() };
        let got = self.client.get_secret(name, Some(options)).await;
        let got = got
            .and_then(azure_core::http::Response::into_model)
            .map_err(|error| self.failed(name, &error))?;
        let id = got.resource_id().ok().and_then(|id| id.version).unwrap_or_default();
        Ok((got.value.unwrap_or_default().into_bytes().into(), id))
    }

    /// The youngest enabled version but the current one.
    async fn previous(&self, name: &str, current: &str) -> Result<Option<String>, PortError> {
        let pager = self.client.list_secret_properties_versions(name, None);
        let mut pager = pager.map_err(|error| self.failed(name, &error))?;
        let mut youngest = None;
        while let Some(found) = pager.try_next().await.map_err(|error| self.failed(name, &error))? {
            let version = found.resource_id().ok().and_then(|id| id.version);
            let Some(version) = version.filter(|version| version != current) else { continue };
            let attributes = found.attributes.unwrap_or_default();
            if attributes.enabled != Some(false) {
                youngest = youngest.max(attributes.created.map(|at| (at, version)));
            }
        }
        Ok(youngest.map(|(_, version)| version))
    }

    fn failed(&self, name: &str, error: &azure_core::Error) -> PortError {
        let on = format!("the secret `{name}` of {}", self.vault);
        let error = Asked { doing: "reading", on: &on, role: ROLE }.failed(error);
        match error.kind {
            ErrorKind::NotFound => {
                PortError::not_found(format!("{} has no secret `{name}`: put it there", self.vault))
            }
            _ => error,
        }
    }
}

#[async_trait]
impl Secrets for KeyVault {
    async fn get(&self, reference: &SecretRef) -> Result<Vec<Secret>, PortError> {
        let SecretRef::AzureSecret { name, key } = reference else {
            return self.others.get(reference).await;
        };
        let versions = self.versions.of(name, self.read(name)).await?;
        versions::secrets(reference, key.as_deref(), &versions)
    }
}
