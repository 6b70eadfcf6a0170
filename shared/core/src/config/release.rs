//! The release stages' part of the configuration, and the subscriptions that it brings with it.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Config, ERASE, REPLAY, Subscription, humane};
use crate::{
    port::{PortError, SecretRef},
    release::settings::{Layer, Settings},
};

/// The stage that keeps release pull requests; its queue and its subscription have its name.
pub const ORCHESTRATOR: &str = "release-orchestrator";

/// The stage that publishes what is merged; its queue and its subscription have its name.
pub const AUTOMATOR: &str = "release-automator";

/// What can change a release: the branch itself, a merge into it, a command, and what a preview tells of.
const TOLD: &[&str] = &[
    "push",
    "issue_comment.created",
    "pull_request.closed",
    "pull_request.opened",
    "pull_request.edited",
    "pull_request.synchronize",
    "pull_request.reopened",
    "pull_request.ready_for_review",
];

/// The GitHub App that a source is bound to: only its own webhook may send here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// The App's id, a number: it stands at the top of the App's settings page.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    pub id: u64,
    /// The App's private key (PEM), by reference, such as `file:app.pem`.
    #[schemars(with = "String")]
    pub private_key: SecretRef,
    /// GitHub's REST API; of an Enterprise Server `https://HOST/api/v3`. Default `https://api.github.com`.
    #[serde(default = "github")]
    pub base_url: String,
    /// The App's name in URLs (`github.com/apps/SLUG`). Default: asked of GitHub.
    pub slug: Option<String>,
}

/// The release stages: one pull request that proposes the next release, and the release that its merge publishes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Release {
    /// Whether the release stages run: the subscriptions `release-orchestrator` and `release-automator`, their queues
    /// and their workers. Default false.
    pub enabled: bool,
    /// The source whose App works, and whose events alone count. Default: the only source with an `app`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The repositories that are released, as patterns such as `acme/*`; `!` excludes. Default all that the App is
    /// installed on.
    pub repositories: Vec<String>,
    /// How often every repository is looked at, for events that never came; 1m to 7d. Default 1h.
    #[serde(with = "humane")]
    #[schemars(with = "String")]
    pub reconcile: Duration,
    /// Settings for all repositories, as under `release` in a repository's `.github/pointsman.yaml`, which come over them
    /// field by field.
    #[schemars(with = "Settings")]
    pub settings: Map<String, Value>,
    /// What no organisation and no repository may change of them, such as `release.strategy` or `release.types.feat`.
    /// Default none.
    pub locked: Vec<String>,
    /// Settings by organisation (or user), over those for all. Default none.
    pub organisations: BTreeMap<String, Organisation>,
    /// The same settings, as layers under a repository's own.
    #[serde(skip)]
    pub layers: Layers,
}

/// Release settings of one organisation's repositories.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Organisation {
    /// As `release.settings`, over those.
    #[schemars(with = "Settings")]
    pub settings: Map<String, Value>,
    /// What no repository of theirs may change. Default none.
    pub locked: Vec<String>,
}

/// What lies under a repository's own settings, lowest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layers {
    /// For all repositories.
    pub central: Option<Layer>,
    /// By organisation, in lower case.
    pub organisations: BTreeMap<String, Layer>,
}

impl Default for Release {
    fn default() -> Self {
        Self {
            enabled: false,
            source: None,
            repositories: Vec::new(),
            reconcile: Duration::from_secs(60 * 60),
            settings: Map::new(),
            locked: Vec::new(),
            organisations: BTreeMap::new(),
            layers: Layers::default(),
        }
    }
}

pub(super) fn github() -> String {
    "https://api.github.com".into()
}

/// Whether a subscription or queue of this name is one of ours.
pub(super) fn is_reserved(name: &str) -> bool {
    [ORCHESTRATOR, AUTOMATOR, REPLAY, ERASE].contains(&name)
}

impl Config {
    /// The source of the release stages and its App, where they are enabled.
    pub fn release_app(&self) -> Option<(&str, &App)> {
        if !self.release.enabled {
            return None;
        }
        let named = self.release.source.as_deref();
        self.sources
            .iter()
            .filter(|(name, _)| named.is_none_or(|named| named == *name))
            .find_map(|(name, source)| Some((name.as_str(), source.app.as_ref()?)))
    }

    /// The App of the release stages. `Invalid`: they are not enabled.
    pub fn releasing(&self) -> Result<&App, PortError> {
        let off = "releases are not enabled: write `release: { enabled: true }` and the source's `app` into pointsman.yaml";
        self.release_app().map(|(_, app)| app).ok_or_else(|| PortError::invalid(off))
    }

    /// The configured subscriptions, then those of the built-in stages.
    pub fn all_subscriptions(&self) -> Vec<Subscription> {
        self.subscriptions.iter().cloned().chain(self.built_in()).chain(self.erasing()).collect()
    }

    /// The release stages' own subscriptions; none when they are not enabled.
    fn built_in(&self) -> Vec<Subscription> {
        let Some((source, _)) = self.release_app() else { return Vec::new() };
        let subscription = |name: &str, events: &[&str], when: Option<&str>| Subscription {
            name: name.into(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            source: Some(source.to_owned()),
            repositories: self.release.repositories.clone(),
            when: when.map(str::to_owned),
            session: Some("repository".into()),
            ..Subscription::default()
        };
        let merged = Some("data.pull_request.merged");
        vec![
            subscription(ORCHESTRATOR, TOLD, None),
            subscription(AUTOMATOR, &["pull_request.closed"], merged),
        ]
    }
}
