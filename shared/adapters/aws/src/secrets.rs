//! Secrets Manager: `aws-sm:NAME[#key]`, the current version and the previous one, kept for a time.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use jiff::Timestamp;
use pointsman_core::port::{Clock, ErrorKind, PortError, Secret, SecretRef, Secrets};
use serde_json::value::RawValue;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::{Connection, fault::Asked};

/// How long a secret is believed: a rotation without a word is seen after this time.
const TTL: Duration = Duration::from_secs(300);
/// A signature that fails makes secrets be read anew, this often at most: a flood of wrong ones costs one call a minute.
const REFRESH: Duration = Duration::from_secs(60);

/// The versions of a secret, the current one first.
type Versions = Vec<Zeroizing<Vec<u8>>>;

/// Secrets Manager, and another place for references of other kinds. Its role needs secretsmanager:GetSecretValue.
pub struct SecretsManager {
    client: Client,
    clock: Arc<dyn Clock>,
    others: Arc<dyn Secrets>,
    read: Mutex<HashMap<String, (Timestamp, Versions)>>,
}

impl SecretsManager {
    /// `others` reads what is not `aws-sm:`.
    pub fn new(connection: &Connection, clock: Arc<dyn Clock>, others: Arc<dyn Secrets>) -> Self {
        Self { client: Client::new(connection.config()), clock, others, read: Mutex::default() }
    }

    /// For when a signature fails against the secrets that are known: forgets those that were read more than a minute ago.
    /// True when there were any, so that reading again may help.
    pub async fn refresh(&self) -> bool {
        let mut read = self.read.lock().await;
        let before = read.len();
        read.retain(|_, (at, _)| self.age(*at) < REFRESH);
        read.len() < before
    }

    fn age(&self, at: Timestamp) -> Duration {
        Duration::try_from(self.clock.now().duration_since(at)).unwrap_or_default()
    }

    /// All versions of a secret; one call of Secrets Manager for each, and only one reader at a time.
    async fn versions(&self, name: &str) -> Result<Versions, PortError> {
        let mut read = self.read.lock().await;
        if let Some((at, versions)) = read.get(name)
            && self.age(*at) < TTL
        {
            return Ok(versions.clone());
        }
        let mut versions = vec![self.version(name, "AWSCURRENT").await?];
        match self.version(name, "AWSPREVIOUS").await {
            Ok(previous) => versions.push(previous),
            // It was never rotated.
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        read.insert(name.to_owned(), (self.clock.now(), versions.clone()));
        Ok(versions)
    }

    async fn version(&self, name: &str, stage: &str) -> Result<Zeroizing<Vec<u8>>, PortError> {
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
        let versions = self.versions(name).await?;
        let mut secrets = Vec::new();
        for (index, version) in versions.iter().enumerate() {
            match part(version, key.as_deref()) {
                Ok(part) if !part.is_empty() => secrets.push(Secret::new(&part[..])),
                // An older version may have had other fields; the current one must have this.
                _ if index > 0 => {}
                Ok(_) => {
                    return Err(PortError::not_found(format!("{reference} is empty: put the secret there")));
                }
                Err(why) => return Err(PortError::not_found(format!("{reference} cannot be read: {why}"))),
            }
        }
        Ok(secrets)
    }
}

/// The whole, or one field of the JSON object that it is. Errors do not repeat what stands there.
fn part(version: &Zeroizing<Vec<u8>>, key: Option<&str>) -> Result<Zeroizing<Vec<u8>>, String> {
    let Some(key) = key else { return Ok(version.clone()) };
    let fields: HashMap<String, &RawValue> =
        serde_json::from_slice(version).map_err(|_| "the secret is no JSON object".to_owned())?;
    let field = fields.get(key).ok_or_else(|| format!("the secret has no field `{key}`"))?;
    let text: String =
        serde_json::from_str(field.get()).map_err(|_| format!("its field `{key}` is no text"))?;
    Ok(text.into_bytes().into())
}
