//! What keeps everything: how long, what is looked for again, and who may ask for it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Config, Subscription, humane, release::github};
use crate::port::SecretRef;

/// The stage that sends again what is archived; its queue has its name.
pub const REPLAY: &str = "replay";

/// The stage that erases what belonged to an installation; its queue and its subscription have its name.
pub const ERASE: &str = "erase";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Who may use `/admin/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// The token that `Authorization: Bearer` must carry, by reference.
    #[schemars(with = "String")]
    pub token: SecretRef,
}

/// What stands in front of the server, such as a content delivery network with a firewall, and proves itself by a header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Front {
    /// The header that it adds to each request. Default `X-Pointsman-Front`.
    #[serde(default = "front_header")]
    pub header: String,
    /// What the header must say, by reference. While it is being rotated, the version before counts too.
    #[schemars(with = "String")]
    pub secret: SecretRef,
}

fn front_header() -> String {
    "X-Pointsman-Front".to_owned()
}

/// How long things are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Raw deliveries; at least as long as `max_age` and `dead_letters` together, because events may refer to them; up to
    /// 3650d. Default 90d.
    #[serde(with = "humane")]
    #[schemars(with = "String")]
    pub archive: Duration,
    /// Dead letters, from their death on; 1h to 3650d, with `backend: aws` to 14d. Default 14d.
    #[serde(with = "humane")]
    #[schemars(with = "String")]
    pub dead_letters: Duration,
    /// Routing marks, by which a redelivery is known; 4d to 3650d. Default 30d.
    #[serde(with = "humane")]
    #[schemars(with = "String")]
    pub records: Duration,
    /// Whether everything of an installation is erased when its account removes the App (`installation.deleted`).
    /// Default false.
    pub erase_on_uninstall: bool,
}

impl Default for Retention {
    fn default() -> Self {
        Self { archive: 90 * DAY, dead_letters: 14 * DAY, records: 30 * DAY, erase_on_uninstall: false }
    }
}

/// Looking for what GitHub failed to hand over and for what was stored but not sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Recover {
    /// Whether it runs by itself. Default true.
    pub enabled: bool,
    /// How often; 1m to 24h. Default 5m.
    #[serde(with = "humane")]
    #[schemars(with = "String")]
    pub every: Duration,
}

impl Default for Recover {
    fn default() -> Self {
        Self { enabled: true, every: Duration::from_secs(5 * 60) }
    }
}

/// Webhooks of repositories and organisations, whose lists of deliveries GitHub shows to an administrator's token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hooks {
    /// A token that may see the webhooks (`repo` or `admin:org_hook`; fine-grained: webhooks, read and write), by
    /// reference.
    #[schemars(with = "String")]
    pub token: SecretRef,
    /// GitHub's REST API; of an Enterprise Server `https://HOST/api/v3`. Default `https://api.github.com`.
    #[serde(default = "github")]
    pub base_url: String,
    /// The webhooks.
    #[schemars(length(min = 1))]
    pub list: Vec<Hook>,
}

/// One webhook: exactly one of `repository` and `organisation`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// `owner/name` of the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The organisation's login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// The webhook's number: it stands at the end of its settings page's URL.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    pub id: u64,
}

impl Config {
    /// The subscription of the stage that erases; none where it is not configured.
    pub(super) fn erasing(&self) -> Option<Subscription> {
        self.retention.erase_on_uninstall.then(|| Subscription {
            name: ERASE.into(),
            events: vec!["installation.deleted".into()],
            session: Some("none".into()),
            ..Subscription::default()
        })
    }
}
