//! Secrets of a cloud's store: all versions of one, believed for a time, and what a reference means of them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::lock::Mutex;
use jiff::Timestamp;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::port::{Clock, PortError, Secret, SecretRef};

/// How long a secret is believed: a rotation without a word is seen after this time.
const TTL: Duration = Duration::from_secs(300);
/// A signature that fails makes secrets be read anew, this often at most: a flood of wrong ones costs one call a minute.
const REFRESH: Duration = Duration::from_secs(60);

/// One version's bytes.
pub type Version = Zeroizing<Vec<u8>>;

/// What was read, and when.
pub struct Versions {
    clock: Arc<dyn Clock>,
    read: Mutex<HashMap<String, (Timestamp, Vec<Version>)>>,
}

impl Versions {
    /// Nothing is known yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, read: Mutex::default() }
    }

    /// For when a signature fails against the secrets that are known: forgets those that were read more than a minute ago.
    /// True when there were any, so that reading again may help.
    pub async fn refresh(&self) -> bool {
        let mut read = self.read.lock().await;
        let before = read.len();
        read.retain(|_, (at, _)| self.age(*at) < REFRESH);
        read.len() < before
    }

    /// All versions of a secret, the current one first; `ask` is asked for what is not known, and only one at a time.
    pub async fn of(
        &self,
        name: &str,
        ask: impl Future<Output = Result<Vec<Version>, PortError>>,
    ) -> Result<Vec<Version>, PortError> {
        let mut read = self.read.lock().await;
        if let Some((at, versions)) = read.get(name)
            && self.age(*at) < TTL
        {
            return Ok(versions.clone());
        }
        let versions = ask.await?;
        read.insert(name.to_owned(), (self.clock.now(), versions.clone()));
        Ok(versions)
    }

    fn age(&self, at: Timestamp) -> Duration {
        Duration::try_from(self.clock.now().duration_since(at)).unwrap_or_default()
    }
}

/// What a reference means: each version, or one field of each.
pub fn secrets(
    reference: &SecretRef,
    key: Option<&str>,
    versions: &[Version],
) -> Result<Vec<Secret>, PortError> {
    let mut secrets = Vec::new();
    for (index, version) in versions.iter().enumerate() {
        match part(version, key) {
            Ok(part) if !part.is_empty() => secrets.push(Secret::new(&part[..])),
            // An older version may have had other fields; the current one must have this.
            _ if index > 0 => {}
            Ok(_) => return Err(PortError::not_found(format!("{reference} is empty: put the secret there"))),
            Err(why) => return Err(PortError::not_found(format!("{reference} cannot be read: {why}"))),
        }
    }
    Ok(secrets)
}

/// The whole, or one field of the JSON object that it is. Errors do not repeat what stands there.
fn part(version: &Version, key: Option<&str>) -> Result<Version, String> {
    let Some(key) = key else { return Ok(version.clone()) };
    let fields: HashMap<String, &RawValue> =
        serde_json::from_slice(version).map_err(|_| "the secret is no JSON object".to_owned())?;
    let field = fields.get(key).ok_or_else(|| format!("the secret has no field `{key}`"))?;
    let text: String =
        serde_json::from_str(field.get()).map_err(|_| format!("its field `{key}` is no text"))?;
    Ok(text.into_bytes().into())
}
