//! Webhooks, the App's own, repositories' and organisations': where they go, and what became of their deliveries.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    auth::Principal,
    page::Page,
    reply::{Answer, Refusal, Reply, not_found},
    route::{Call, Operation, op},
    shape,
    state::World,
    webhook::{Attempt, Hook},
};

/// How long GitHub keeps a delivery.
const KEPT: SignedDuration = SignedDuration::from_hours(3 * 24);

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/app/hook/config", "jwt", config),
    op("PATCH", "/app/hook/config", "jwt", configure),
    op("GET", "/app/hook/deliveries", "jwt", deliveries),
    op("GET", "/app/hook/deliveries/{delivery_id}", "jwt", delivery),
    op("POST", "/app/hook/deliveries/{delivery_id}/attempts", "jwt", redeliver),
    op("GET", "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries", "repository_hooks:read", deliveries),
    op(
        "GET",
        "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}",
        "repository_hooks:read",
        delivery,
    ),
    op(
        "POST",
        "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
        "repository_hooks:read",
        redeliver,
    ),
    op("GET", "/orgs/{org}/hooks/{hook_id}/deliveries", "", deliveries),
    op("GET", "/orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}", "", delivery),
    op("POST", "/orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts", "", redeliver),
];

fn app_id(call: &Call) -> Result<u64, Refusal> {
    match call.principal {
        Principal::App { id } => Ok(id),
        _ => Err(not_found()),
    }
}

fn config(world: &mut World, call: &Call) -> Answer {
    let app = world.apps.get(&app_id(call)?).ok_or_else(not_found)?;
    Ok(Reply::ok(
        json!({ "url": app.hook_url, "content_type": "json", "secret": "********", "insecure_ssl": "0" }),
    ))
}

fn configure(world: &mut World, call: &Call) -> Answer {
    let app = world.apps.get_mut(&app_id(call)?).ok_or_else(not_found)?;
    if let Some(url) = call.text("url") {
        app.hook_url = url.into();
    }
    if let Some(secret) = call.text("secret") {
        app.secret = secret.into();
    }
    config(world, call)
}

fn item(attempt: &Attempt) -> Value {
    let (status, code) = match attempt.status {
        None => ("pending", 0),
        Some(0) => ("failed to connect to host", 502),
        Some(code @ 200..=299) => ("OK", code),
        Some(code) => ("Invalid HTTP Response", code),
    };
    let delivery = &attempt.delivery;
    json!({
        "id": attempt.id, "guid": delivery.guid, "delivered_at": shape::time(attempt.at),
        "redelivery": attempt.redelivery, "duration": 0.1, "status": status, "status_code": code,
        "event": delivery.event, "action": delivery.action, "installation_id": delivery.installation,
        "repository_id": delivery.repository, "throttled_at": null,
    })
}

/// The webhook that is asked about: the App's own, or one that the person who asks may look at.
fn hook_id(world: &World, call: &Call) -> Result<u64, Refusal> {
    if call.params.contains_key("hook_id") {
        let place =
            if call.params.contains_key("repo") { call.repo() } else { call.param("org").to_lowercase() };
        let sees = |it: &&Hook| {
            it.id == call.number("hook_id")
                && it.place == place
                && it.admin.eq_ignore_ascii_case(&call.login())
        };
        return world.hooks.list.iter().find(sees).map(|it| it.id).ok_or_else(not_found);
    }
    world.apps.get(&app_id(call)?).map(|app| app.hook_id).ok_or_else(not_found)
}

/// What GitHub still has of this webhook.
fn kept(world: &World, hook: u64) -> impl Iterator<Item = &Attempt> {
    let since = world.now - KEPT;
    world.hooks.attempts.iter().filter(move |it| it.delivery.hook == hook && it.at >= since)
}

/// Newest first; the next page by a cursor, which is the last id of this one.
fn deliveries(world: &mut World, call: &Call) -> Answer {
    let hook = hook_id(world, call)?;
    let cursor = call.ask("cursor").and_then(|cursor| cursor.trim_start_matches("v1_").parse::<u64>().ok());
    let mut all: Vec<_> = kept(world, hook).collect();
    all.sort_by_key(|it| std::cmp::Reverse(it.id));
    all.retain(|it| cursor.is_none_or(|cursor| it.id < cursor));
    let size = Page::of(call, 100).size;
    let shown = &all[..size.min(all.len())];
    let mut reply = Reply::ok(json!(shown.iter().map(|it| item(it)).collect::<Vec<_>>()));
    if let Some(last) = shown.last().filter(|_| all.len() > size) {
        let link =
            format!("<{}{}?per_page={size}&cursor=v1_{}>; rel=\"next\"", world.site.api, call.path, last.id);
        reply.headers.push(("link", link));
    }
    Ok(reply)
}

fn find(world: &World, call: &Call) -> Result<Attempt, Refusal> {
    let (hook, id) = (hook_id(world, call)?, call.number("delivery_id"));
    kept(world, hook).find(|it| it.id == id).cloned().ok_or_else(not_found)
}

fn delivery(world: &mut World, call: &Call) -> Answer {
    let attempt = find(world, call)?;
    let mut form = item(&attempt);
    let headers: serde_json::Map<String, Value> =
        attempt.delivery.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    // Null where the body is gone.
    let payload: Value = serde_json::from_slice(&attempt.delivery.body).unwrap_or_default();
    shape::extend(
        &mut form,
        json!({
            "url": attempt.delivery.url, "request": { "headers": headers, "payload": payload },
            "response": { "headers": {}, "payload": null },
        }),
    );
    Ok(Reply::ok(form))
}

/// The same delivery waits to be sent again, as a try of its own.
fn redeliver(world: &mut World, call: &Call) -> Answer {
    let attempt = find(world, call)?;
    let id = world.id();
    let delivery = crate::webhook::Delivery { id, at: world.now, ..attempt.delivery };
    let again = Attempt { id, delivery: delivery.clone(), redelivery: true, at: world.now, status: None };
    world.hooks.attempts.push(again);
    world.hooks.waiting.push(delivery);
    Ok(Reply::json(202, json!({})))
}
