//! What `pointsman.yaml` says, as types. The doc comments are the schema's descriptions: each gives default and unit.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Admin, App, Aws, Azure, Front, Hooks, Recover, Release, Retention, humane};
use crate::port::{OnPoison, SecretRef};

/// The configuration of one Pointsman.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where queues, archive and records live. `embedded`: one SQLite store in the `data` folder; `aws`: SQS, S3 and
    /// DynamoDB; `azure`: Service Bus and Blob Storage. Default `embedded`. A change needs a restart.
    pub backend: Backend,
    /// Where things are on AWS: for `backend: aws` alone. Default: as the functions' environment says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws: Option<Aws>,
    /// Where things are on Azure: for `backend: azure` alone. Default: as the functions' environment says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure: Option<Azure>,
    /// The address and port to listen on. Default `127.0.0.1:8080`. A change needs a restart.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// The data folder, relative to the working directory. Default `.pointsman`. A change needs a restart.
    pub data: PathBuf,
    /// Networks (such as `10.0.0.0/8`) of proxies whose `X-Forwarded-For` is believed. Default none.
    #[schemars(with = "Vec<String>")]
    pub trusted_proxies: Vec<IpNet>,
    /// What stands in front and proves itself by a header: a webhook without it is refused with 403. Default nothing:
    /// webhooks may come from anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front: Option<Front>,
    /// Who may send webhooks, by the last segment of the URL: `/webhooks/{source}`. At least one; a name is 1 to 60 of
    /// a-z, 0-9 and -.
    pub sources: BTreeMap<String, Source>,
    /// Which events go to which queue. At most 10,000. Default none: what comes in is only archived.
    #[schemars(length(max = 10_000))]
    pub subscriptions: Vec<Subscription>,
    /// How the queues behave: the settings `default`, and those of queues by name.
    pub queues: Queues,
    /// Who may use `/admin/`. Default nobody: the routes are not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<Admin>,
    /// How long things are kept.
    pub retention: Retention,
    /// Looking for what GitHub failed to hand over and for what was stored but not sent.
    pub recover: Recover,
    /// Releases of the repositories that a GitHub App is installed on.
    pub release: Release,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: Backend::Embedded,
            aws: None,
            azure: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data: ".pointsman".into(),
            trusted_proxies: Vec::new(),
            front: None,
            sources: BTreeMap::new(),
            subscriptions: Vec::new(),
            queues: Queues::default(),
            admin: None,
            retention: Retention::default(),
            recover: Recover::default(),
            release: Release::default(),
        }
    }
}

/// Where queues, archive and records live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// One SQLite store on this machine.
    Embedded,
    /// SQS, S3, DynamoDB and Secrets Manager; the stages are functions (template.yaml).
    Aws,
    /// Service Bus, Blob Storage and Key Vault; the stages are functions of one app (host.json).
    Azure,
}

/// One sender of webhooks. With `secrets` it is GitHub; any other sender has `verify`, `event` and its own headers.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// GitHub's webhook secrets, by reference; two or more while a secret is being rotated. Any of them may have signed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub secrets: Vec<SecretRef>,
    /// Event patterns that are routed; the rest is archived only. Default all.
    pub events: Vec<String>,
    /// Repository patterns that this source may speak of; another repository is refused with 403. Default any.
    pub owns: Vec<String>,
    /// The GitHub App whose webhook this is; any other webhook is refused with 403, whatever signed it. Default: any
    /// webhook that knows a secret.
    pub app: Option<App>,
    /// Webhooks of repositories and organisations whose lost deliveries are asked for again. Default none; of an `app`
    /// that is done by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hooks: Option<Hooks>,
    /// How a sender other than GitHub signs. Without it the source is GitHub's.
    pub verify: Option<Verify>,
    /// Where a sender other than GitHub puts the event's name.
    pub event: Option<Field>,
    /// Where a sender other than GitHub puts the delivery's id. Default: a hash of the body.
    pub delivery: Option<Field>,
    /// Where a sender other than GitHub names what events stay in order for. Default: one session for the source.
    pub session: Option<SessionPointer>,
}

/// Where a value lies in a request: exactly one of the two.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// A header's name.
    pub header: Option<String>,
    /// A JSON pointer (RFC 6901) into the payload.
    pub pointer: Option<String>,
}

/// Where the session of a generic source's event lies.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionPointer {
    /// A JSON pointer (RFC 6901) into the payload.
    pub pointer: String,
}

/// How a sender proves that a request is its own.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Verify {
    /// An HMAC over the body, in a header (Gitea, Bitbucket, Stripe, Slack and most others).
    Hmac(Hmac),
    /// The secret itself in a header, compared in constant time (GitLab, plain tokens).
    Token {
        /// The header's name.
        header: String,
        /// The accepted tokens, by reference.
        #[schemars(with = "Vec<String>")]
        secrets: Vec<SecretRef>,
    },
    /// The Standard Webhooks specification: `webhook-id`, `webhook-timestamp`, `webhook-signature` (v1).
    StandardWebhooks {
        /// The secrets, by reference, as the sender shows them (`whsec_` and base64).
        #[schemars(with = "Vec<String>")]
        secrets: Vec<SecretRef>,
        /// How old or early a timestamp may be. Default 5m.
        #[serde(default = "five_minutes", with = "humane")]
        #[schemars(with = "String")]
        tolerance: Duration,
    },
    /// An Ed25519 signature in a header (Discord).
    Ed25519 {
        /// The header's name; the signature is in hexadecimal.
        header: String,
        /// The accepted public keys, 32 bytes in hexadecimal.
        public_keys: Vec<String>,
        /// What is signed, with `{timestamp}` and `{body}` as places. Default `{timestamp}{body}` where a timestamp is
        /// configured, else `{body}`.
        signed: Option<String>,
        /// Where the timestamp lies, and how old it may be. Default: none is checked.
        timestamp: Option<Timestamped>,
    },
}

/// An HMAC in a header.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hmac {
    /// The header's name. Its value may be a list with commas; any element may match.
    pub header: String,
    /// The hash. Default `sha256`.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// How the signature is written. Default `hex`.
    #[serde(default)]
    pub encoding: Encoding,
    /// What stands before the signature, such as `sha256=`, `v0=` or `v1=`. Default nothing.
    #[serde(default)]
    pub prefix: String,
    /// What is signed, with `{timestamp}` and `{body}` as places (Slack: `v0:{timestamp}:{body}`, Stripe:
    /// `{timestamp}.{body}`). Default `{body}`.
    pub signed: Option<String>,
    /// Where the timestamp lies, and how old it may be. Default: none is checked.
    pub timestamp: Option<Timestamped>,
    /// The secrets, by reference. Any of them may have signed.
    #[schemars(with = "Vec<String>")]
    pub secrets: Vec<SecretRef>,
}

/// A timestamp (seconds since 1970) that is signed too: exactly one of `header` and `element`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timestamped {
    /// A header's name (Slack: `X-Slack-Request-Timestamp`).
    pub header: Option<String>,
    /// The name of an element of the signature header's list (Stripe: `t`).
    pub element: Option<String>,
    /// How old or early it may be. Default 5m.
    #[serde(default = "five_minutes", with = "humane")]
    #[schemars(with = "String")]
    pub tolerance: Duration,
}

/// A hash of an HMAC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-1: only for senders that have nothing better.
    Sha1,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Hexadecimal.
    #[default]
    Hex,
    /// Base64, padded or not.
    Base64,
}

/// A named rule that sends matching events to a queue.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Its name, unique; 1 to 60 of a-z, 0-9 and -.
    pub name: String,
    /// Event patterns: `push`, `issues` (with all its actions), `issues.opened`, `pull_request*`, `*`; `!` excludes.
    /// Only exclusions = everything else.
    #[schemars(length(min = 1))]
    pub events: Vec<String>,
    /// Only events that came in by this source. Default any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Repository patterns such as `acme/*`; `!` excludes; case does not count. Default all, and events of no repository.
    #[serde(default)]
    pub repositories: Vec<String>,
    /// A CEL expression over `event` (the CloudEvent's attributes) and `data` (the payload). Default always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What stays in order: `entity` (a pull request, a branch), `repository`, `none`, or a template such as
    /// `{owner}/{repo}/env/{/deployment/environment}`. Default `entity`.
    pub session: Option<String>,
    /// The queue. Default: the subscription's name.
    pub queue: Option<String>,
    /// What becomes of an event that fails for good: `dead-letter` (its session goes on) or `hold` (its session waits for
    /// a person). The same for all subscriptions of a queue. Default `dead-letter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_poison: Option<OnPoison>,
    /// How many sessions `pointsman receive` works on at the same time; 1 to 256. Default 1.
    #[schemars(range(min = 1, max = 256))]
    pub concurrency: Option<u32>,
}

/// How the queues behave: `default`, and queues by name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Queues(pub BTreeMap<String, QueuesEntry>);

/// One queue's settings; what is left out is as in `default`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueuesEntry {
    /// Failed attempts after which a message is dead-lettered; 1 to 1000. Default 5.
    #[schemars(range(min = 1, max = 1000))]
    pub max_deliveries: Option<u32>,
    /// How long a receiver holds a message before it comes back; 1s to 12h. Default 30s.
    #[serde(with = "humane::option")]
    #[schemars(with = "Option<String>")]
    pub visibility: Option<Duration>,
    /// How long a delivery already sent is remembered, so that it is not sent again; 0s to 24h. With `backend: aws` it
    /// is always 5m. Default 10m.
    #[serde(with = "humane::option")]
    #[schemars(with = "Option<String>")]
    pub dedup_window: Option<Duration>,
    /// How old a message may become by throttling alone, which counts no attempt, before it is dead-lettered; 1m to 14d.
    /// Default 12h.
    #[serde(with = "humane::option")]
    #[schemars(with = "Option<String>")]
    pub max_age: Option<Duration>,
}

fn five_minutes() -> Duration {
    Duration::from_secs(300)
}
