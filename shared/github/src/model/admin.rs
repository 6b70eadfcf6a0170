//! Apps, installations, hooks, repositories and rights.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use pointsman_core::port::Secret;
use serde::{Deserialize, Serialize};

use super::{Account, nullable};

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryInfo {
    /// Its number.
    pub id: u64,
    /// Its name in GraphQL.
    #[serde(default)]
    pub node_id: String,
    /// `owner/name`, as it is written.
    pub full_name: String,
    /// The branch that people see first.
    #[serde(default, deserialize_with = "nullable")]
    pub default_branch: String,
    /// Read-only.
    #[serde(default)]
    pub archived: bool,
    /// Hidden from the public.
    #[serde(default)]
    pub private: bool,
}

/// An App.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppInfo {
    /// Its number.
    pub id: u64,
    /// Its name in URLs; its bot is `{slug}[bot]`.
    #[serde(default)]
    pub slug: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its name in OAuth.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Whose it is.
    #[serde(default)]
    pub owner: Option<Account>,
    /// Where people see it.
    #[serde(default, deserialize_with = "nullable")]
    pub html_url: String,
    /// What it may: `contents: write`.
    #[serde(default)]
    pub permissions: BTreeMap<String, String>,
    /// What it hears of.
    #[serde(default)]
    pub events: Vec<String>,
}

/// An App's installation in one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationInfo {
    /// Its number.
    pub id: u64,
    /// Where.
    #[serde(default)]
    pub account: Option<Account>,
    /// What it may here, which can lag behind the App's own list until the account accepts.
    #[serde(default)]
    pub permissions: BTreeMap<String, String>,
    /// What it hears of here.
    #[serde(default)]
    pub events: Vec<String>,
    /// `all` or `selected`.
    #[serde(default, deserialize_with = "nullable")]
    pub repository_selection: String,
    /// Since when it is suspended.
    #[serde(default)]
    pub suspended_at: Option<Timestamp>,
    /// Where people change it.
    #[serde(default, deserialize_with = "nullable")]
    pub html_url: String,
}

/// Where an App's webhooks go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookConfig {
    /// The URL.
    #[serde(default, deserialize_with = "nullable")]
    pub url: String,
    /// `json` or `form`.
    #[serde(default, deserialize_with = "nullable")]
    pub content_type: String,
    /// Stars when there is a secret; the secret itself is never told.
    #[serde(default)]
    pub secret: Option<String>,
    /// `0` = certificates are checked.
    #[serde(default, deserialize_with = "nullable")]
    pub insecure_ssl: serde_json::Value,
}

/// One try to deliver a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookDelivery {
    /// Its number.
    pub id: u64,
    /// The event's id, X-GitHub-Delivery.
    #[serde(default)]
    pub guid: String,
    /// When.
    #[serde(default)]
    pub delivered_at: Option<Timestamp>,
    /// Whether it was sent again.
    #[serde(default)]
    pub redelivery: bool,
    /// How it went, in words.
    #[serde(default, deserialize_with = "nullable")]
    pub status: String,
    /// The answer's status; 0 = none.
    #[serde(default, deserialize_with = "nullable")]
    pub status_code: u16,
    /// Such as `push`.
    #[serde(default)]
    pub event: String,
    /// Such as `opened`.
    #[serde(default)]
    pub action: Option<String>,
    /// The repository that it is about.
    #[serde(default)]
    pub repository_id: Option<u64>,
    /// The App's installation that it is about.
    #[serde(default)]
    pub installation_id: Option<u64>,
}

/// The limits of who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimits {
    /// Each kind's: `core`, `graphql`...
    #[serde(default)]
    pub resources: BTreeMap<String, RateLimit>,
}

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// Requests an hour.
    pub limit: u64,
    /// How many are left.
    pub remaining: u64,
    /// When they are all back, in seconds since 1970.
    pub reset: i64,
}

/// What somebody may do in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// `admin`, `write`, `read` or `none`.
    #[serde(default)]
    pub permission: String,
    /// Also `maintain` and `triage`, or the name of a role of the organisation's own.
    #[serde(default, deserialize_with = "nullable")]
    pub role_name: String,
}

impl Permission {
    /// Whether they may push.
    pub fn may_write(&self) -> bool {
        matches!(self.permission.as_str(), "admin" | "maintain" | "write")
    }
}

/// An App that was just made from a manifest, with its secrets: told once.
#[derive(Clone)]
pub struct Conversion {
    /// The App.
    pub app: AppInfo,
    /// Its OAuth secret.
    pub client_secret: Secret,
    /// What its webhooks are signed with.
    pub webhook_secret: Option<Secret>,
    /// Its private key, PEM.
    pub private_key: Secret,
}

impl fmt::Debug for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversion").field("app", &self.app).finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Conversion {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Told {
            #[serde(flatten)]
            app: AppInfo,
            #[serde(default)]
            client_secret: String,
            #[serde(default)]
            webhook_secret: Option<String>,
            pem: String,
        }
        let told = Told::deserialize(from)?;
        Ok(Self {
            app: told.app,
            client_secret: Secret::new(told.client_secret),
            webhook_secret: told.webhook_secret.filter(|it| !it.is_empty()).map(Secret::new),
            private_key: Secret::new(told.pem),
        })
    }
}
