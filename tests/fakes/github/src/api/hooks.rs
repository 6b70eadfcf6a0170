//! The App's own webhook: where it goes, and what became of the deliveries.

use serde_json::{Value, json};

use crate::{
    auth::Principal,
    page::Page,
    reply::{Answer, Refusal, Reply, not_found},
    route::{Call, Operation, op},
    shape,
    state::World,
    webhook::Attempt,
};

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/app/hook/config", "jwt", config),
    op("PATCH", "/app/hook/config", "jwt", configure),
    op("GET", "/app/hook/deliveries", "jwt", deliveries),
    op("GET", "/app/hook/deliveries/{delivery_id}", "jwt", delivery),
    op("POST", "/app/hook/deliveries/{delivery_id}/attempts", "jwt", redeliver),
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

/// Newest first; the next page by a cursor, which is the last id of this one.
fn deliveries(world: &mut World, call: &Call) -> Answer {
    let app = app_id(call)?;
    let cursor = call.ask("cursor").and_then(|cursor| cursor.trim_start_matches("v1_").parse::<u64>().ok());
    let mut all: Vec<_> = world.hooks.attempts.iter().filter(|it| it.delivery.app == app).collect();
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
    let (app, id) = (app_id(call)?, call.number("delivery_id"));
    let known = world.hooks.attempts.iter().find(|it| it.id == id && it.delivery.app == app);
    known.cloned().ok_or_else(not_found)
}

fn delivery(world: &mut World, call: &Call) -> Answer {
    let attempt = find(world, call)?;
    let mut form = item(&attempt);
    let headers: serde_json::Map<String, Value> =
        attempt.delivery.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
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
