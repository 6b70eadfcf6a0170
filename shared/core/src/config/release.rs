//! The release stages' part of the configuration, and the subscriptions that it brings with it.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Config, Subscription, humane};
use crate::port::SecretRef;

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
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
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
    /// Settings for all repositories, as in `.github/pointsman.yaml` under `release`; a repository's own come over them.
    pub settings: BTreeMap<String, Value>,
    /// The same by organisation, over those for all. Default none.
    pub organisations: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Default for Release {
    fn default() -> Self {
        Self {
            enabled: false,
            source: None,
            repositories: Vec::new(),
            reconcile: Duration::from_secs(60 * 60),
            settings: BTreeMap::new(),
            organisations: BTreeMap::new(),
        }
    }
}

fn github() -> String {
    "https://api.github.com".into()
}

/// Whether a subscription or queue of this name is one of ours.
pub(super) fn is_reserved(name: &str) -> bool {
    [ORCHESTRATOR, AUTOMATOR].contains(&name)
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

    /// The configured subscriptions, then those of the release stages.
    pub fn all_subscriptions(&self) -> Vec<Subscription> {
        self.subscriptions.iter().cloned().chain(self.built_in()).collect()
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
