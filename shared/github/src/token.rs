//! Installations' tokens: made when needed, kept in memory until shortly before they expire, written nowhere.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use http::Method;
use jiff::{SignedDuration, Timestamp};
use pointsman_core::port::{ErrorKind, PortError};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    Github, Refusal,
    ask::Ask,
    client::Auth,
    model::{AppInfo, InstallationInfo},
};

/// What the release stages may do, and no more.
pub const PERMISSIONS: &[(&str, &str)] =
    &[("contents", "write"), ("issues", "write"), ("metadata", "read"), ("pull_requests", "write")];

/// A token is not used in its last minutes: the request that it is sent with must still get there.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// Most tokens are asked for again within the hour; more than this are not kept.
const MOST: usize = 1000;

/// Which token: of one installation, for one repository or for looking at all of them.
pub(crate) type Key = (u64, Option<String>);

/// Tokens by what they are for.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<Key, Token>>);

struct Token {
    text: Zeroizing<String>,
    expires: Timestamp,
}

impl Tokens {
    fn get(&self, key: &Key, now: Timestamp) -> Option<Zeroizing<String>> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let token = tokens.get(key)?;
        (now < token.expires - MARGIN).then(|| token.text.clone())
    }

    fn put(&self, key: Key, token: Token, now: Timestamp) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MOST {
            tokens.retain(|_, token| now < token.expires - MARGIN);
        }
        if tokens.len() < MOST {
            tokens.insert(key, token);
        }
    }

    /// GitHub no longer takes this one.
    pub fn forget(&self, key: &Key, text: &str) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.get(key).is_some_and(|token| *token.text == text) {
            tokens.remove(key);
        }
    }
}

#[derive(Deserialize)]
struct Made {
    token: Zeroizing<String>,
    expires_at: Timestamp,
}

impl Github {
    /// The installation's token: from memory, else a new one.
    pub(crate) async fn token(&self, key: &Key) -> Result<Zeroizing<String>, PortError> {
        let now = self.now();
        if let Some(token) = self.tokens().get(key, now) {
            return Ok(token);
        }
        let made = self.make_token(key).await?;
        self.tokens().put(key.clone(), Token { text: made.token.clone(), expires: made.expires_at }, now);
        Ok(made.token)
    }

    async fn make_token(&self, key: &Key) -> Result<Made, PortError> {
        let (id, repository) = key;
        let body = match repository {
            Some(name) => {
                let permissions: BTreeMap<_, _> = PERMISSIONS.iter().copied().collect();
                json!({ "repositories": [name], "permissions": permissions })
            }
            None => json!({ "permissions": { "metadata": "read" } }),
        };
        let ask = Ask::post(format!("/app/installations/{id}/access_tokens"), &body);
        let response = self.send(&Auth::App, &ask, None).await;
        match response {
            Ok(response) => self.read(&ask, response.body()),
            Err(error) => Err(self.no_token(*id, repository.as_deref(), error).await),
        }
    }

    /// Says why there is no token: gone, suspended, or which permission is missing.
    async fn no_token(&self, id: u64, repository: Option<&str>, error: PortError) -> PortError {
        let denied = |why: Refusal, message: String| why.error(ErrorKind::Denied, message, error.to_string());
        match (error.kind, Refusal::of(&error)) {
            (ErrorKind::NotFound, _) => denied(
                Refusal::InstallationGone,
                format!("installation {id} is gone: install the App again, or remove what still names it"),
            ),
            (_, Some(Refusal::Suspended)) => denied(
                Refusal::Suspended,
                format!("installation {id} is suspended: lift that in its settings"),
            ),
            (ErrorKind::Invalid, Some(Refusal::Other)) => {
                let missing = self.missing_permissions(id).await;
                if missing.is_empty() {
                    let which = repository.unwrap_or("any repository");
                    return denied(
                        Refusal::Permission,
                        format!(
                            "installation {id} has no access to {which}: add it in the installation's settings"
                        ),
                    );
                }
                let missing = missing.join(", ");
                denied(
                    Refusal::Permission,
                    format!(
                        "installation {id} lacks {missing}: grant it to the App and accept it in the installation"
                    ),
                )
            }
            _ => error,
        }
    }

    /// Which of our permissions the installation has not.
    async fn missing_permissions(&self, id: u64) -> Vec<String> {
        let ask = Ask::new(Method::GET, format!("/app/installations/{id}"));
        let Ok(response) = self.send(&Auth::App, &ask, None).await else { return Vec::new() };
        let Ok(info) = self.read::<InstallationInfo>(&ask, response.body()) else { return Vec::new() };
        info.missing_permissions()
    }
}

impl InstallationInfo {
    /// Those of [`PERMISSIONS`] that it has not: `contents: write`.
    pub fn missing_permissions(&self) -> Vec<String> {
        missing(&self.permissions)
    }
}

impl AppInfo {
    /// Those of [`PERMISSIONS`] that it has not: `contents: write`.
    pub fn missing_permissions(&self) -> Vec<String> {
        missing(&self.permissions)
    }
}

fn missing(permissions: &BTreeMap<String, String>) -> Vec<String> {
    let rank = |level: &str| match level {
        "read" => 1,
        "write" => 2,
        "admin" => 3,
        _ => 0,
    };
    let has = |name: &str| permissions.get(name).map_or(0, |level| rank(level));
    let missing = PERMISSIONS.iter().filter(|(name, level)| has(name) < rank(level));
    missing.map(|(name, level)| format!("{name}: {level}")).collect()
}
