//! Webhooks: each change queues a signed delivery for each App that is installed there and wants it.

use std::fmt;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::{
    shape,
    state::{Repo, World},
};

/// 100-ns ticks between 1582-10-15 (the epoch of version 1 UUIDs) and 1970-01-01.
const GREGORIAN: i128 = 0x01B2_1DD2_1381_4000;

/// One webhook, ready to be sent.
#[derive(Clone)]
pub struct Delivery {
    /// GitHub's number of this try.
    pub id: u64,
    /// `X-GitHub-Delivery`: the same for each try.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The payload's action, or nothing.
    pub action: Option<String>,
    /// Where the App wants it; empty when it said nothing.
    pub url: String,
    /// All headers of the request, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The payload.
    pub body: Bytes,
    /// When it was queued.
    pub at: Timestamp,
    /// The webhook that it is of, `X-GitHub-Hook-ID`.
    pub hook: u64,
    pub(crate) installation: Option<u64>,
    pub(crate) repository: Option<u64>,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, guid, event, action, url, at, .. } = self;
        f.debug_struct("Delivery")
            .field("id", id)
            .field("guid", guid)
            .field("event", event)
            .field("action", action)
            .field("url", url)
            .field("at", at)
            .finish_non_exhaustive()
    }
}

/// A webhook of a repository or an organisation.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub id: u64,
    /// `owner/name`, or an organisation's login; in lower case.
    pub place: String,
    /// Who may look at it.
    pub admin: String,
    pub events: Vec<String>,
    pub secret: String,
    pub url: String,
}

/// One try of a delivery, as `GET /app/hook/deliveries` tells it.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub id: u64,
    pub delivery: Delivery,
    pub redelivery: bool,
    pub at: Timestamp,
    /// What the receiver answered: `None` = not known yet, 0 = nothing.
    pub status: Option<u16>,
}

/// What waits to be sent, and what was.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    pub waiting: Vec<Delivery>,
    pub attempts: Vec<Attempt>,
    /// Those of repositories and organisations.
    pub list: Vec<Hook>,
    made: u32,
}

/// Who sends, and on whose account.
struct Sender {
    hook: u64,
    secret: String,
    url: String,
    /// `X-GitHub-Hook-Installation-Target-Type` and `-ID`.
    target: (&'static str, u64),
    installation: Option<u64>,
}

/// The value of `X-Hub-Signature-256`.
fn sign(secret: &str, bytes: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(bytes);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A version 1 UUID of this time, another for each `nth`.
fn guid(time: Timestamp, nth: u32) -> String {
    let ticks = u64::try_from(time.as_nanosecond() / 100 + GREGORIAN).unwrap_or(0);
    let [a, b, c, d] = nth.to_be_bytes();
    let counter = (nth & 0x3fff) as u16;
    Uuid::new_v1(uuid::Timestamp::from_gregorian_time(ticks, counter), &[2, 0, a, b, c, d]).to_string()
}

/// Whether an App gets events of this name that nobody subscribes to.
fn always(event: &str) -> bool {
    matches!(event, "installation" | "installation_repositories" | "ping")
}

/// Queues an event of a repository; its fields are made only if somebody wants them.
pub(crate) fn emit(
    world: &mut World,
    key: &str,
    event: &str,
    action: Option<&str>,
    sender: &str,
    fields: impl FnOnce(&World, &Repo) -> Value,
) {
    world.user(sender);
    let covers = |names: &Option<std::collections::BTreeSet<String>>| {
        names.as_ref().is_none_or(|names| names.contains(key))
    };
    let Some(repo) = world.repos.get(key).cloned() else { return };
    let wanted = world.installations.values().filter(|it| {
        it.suspended.is_none() && it.account.eq_ignore_ascii_case(&repo.owner) && covers(&it.repositories)
    });
    let wanted: Vec<(u64, u64)> = wanted
        .filter(|it| {
            let app = world.apps.get(&it.app);
            app.is_some_and(|app| always(event) || app.events.iter().any(|known| known == event))
        })
        .map(|it| (it.app, it.id))
        .collect();
    let owner_key = repo.owner.to_lowercase();
    let hears = |it: &&Hook| {
        (it.place == key || it.place == owner_key) && it.events.iter().any(|known| known == event)
    };
    let hooks: Vec<Hook> = world.hooks.list.iter().filter(hears).cloned().collect();
    if wanted.is_empty() && hooks.is_empty() {
        return;
    }
    let mut payload = json!({});
    if let Some(action) = action {
        payload["action"] = json!(action);
    }
    shape::extend(&mut payload, fields(world, &repo));
    payload["repository"] = shape::repository(world, &repo);
    let owner = shape::user(world, &repo.owner);
    if owner["type"] == "Organization" {
        payload["organization"] =
            json!({ "login": repo.owner, "id": owner["id"], "node_id": owner["node_id"] });
    }
    payload["sender"] = shape::user(world, sender);
    // One id an event: the hook's number keeps two hooks' deliveries apart.
    let guid = fresh_guid(world);
    for hook in hooks {
        let target = match hook.place.contains('/') {
            true => ("repository", repo.id),
            false => ("organization", owner["id"].as_u64().unwrap_or(0)),
        };
        let from = Sender { hook: hook.id, secret: hook.secret, url: hook.url, target, installation: None };
        wait(world, from, (&guid, event), Some(repo.id), &payload);
    }
    for (app, installation) in wanted {
        payload["installation"] =
            json!({ "id": installation, "node_id": shape::node_id("Installation", installation) });
        let Some(from) = of_app(world, app, installation) else { continue };
        wait(world, from, (&guid, event), Some(repo.id), &payload);
    }
}

/// A payload for this App waits to be sent.
pub(crate) fn queue(world: &mut World, app: u64, event: &str, payload: &Value) {
    let Some(from) = of_app(world, app, 0) else { return };
    let guid = fresh_guid(world);
    wait(world, from, (&guid, event), None, payload);
}

fn of_app(world: &World, app: u64, installation: u64) -> Option<Sender> {
    let app = world.apps.get(&app)?;
    Some(Sender {
        hook: app.hook_id,
        secret: app.secret.clone(),
        url: app.hook_url.clone(),
        target: ("integration", app.id),
        installation: (installation != 0).then_some(installation),
    })
}

fn fresh_guid(world: &mut World) -> String {
    world.hooks.made += 1;
    guid(world.now, world.hooks.made)
}

/// Signs a payload, and lets it wait.
fn wait(
    world: &mut World,
    from: Sender,
    (guid, event): (&str, &str),
    repository: Option<u64>,
    payload: &Value,
) {
    let body = Bytes::from(payload.to_string());
    let (target, target_id) = from.target;
    let headers = [
        ("accept", "*/*".to_owned()),
        ("content-type", "application/json".into()),
        ("user-agent", "GitHub-Hookshot/fake".into()),
        ("x-github-delivery", guid.to_owned()),
        ("x-github-event", event.into()),
        ("x-github-hook-id", from.hook.to_string()),
        ("x-github-hook-installation-target-id", target_id.to_string()),
        ("x-github-hook-installation-target-type", target.into()),
        ("x-hub-signature-256", sign(&from.secret, &body)),
    ];
    let id = world.id();
    let delivery = Delivery {
        id,
        guid: guid.to_owned(),
        event: event.into(),
        action: payload["action"].as_str().map(str::to_owned),
        url: from.url,
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body,
        at: world.now,
        hook: from.hook,
        installation: from.installation,
        repository,
    };
    let attempt = Attempt { id, delivery: delivery.clone(), redelivery: false, at: world.now, status: None };
    world.hooks.attempts.push(attempt);
    world.hooks.waiting.push(delivery);
}
