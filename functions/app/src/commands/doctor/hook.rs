//! The App's webhook: where it goes, and what its last deliveries tell of its address and its secret.

use std::collections::BTreeMap;

use http::Uri;
use jiff::Timestamp;
use pointsman_github::{HookConfig, HookDelivery, HookPlace};

use super::{Findings, app::Patient};
use crate::{print, wanted::Page};

/// So many failed deliveries are named.
const NAMED: usize = 3;

/// Looks at it.
pub async fn look(patient: &Patient<'_>, now: Timestamp, found: &mut Findings) {
    match patient.github.hook_config().await {
        Ok(hook) => config(patient, &hook, found),
        Err(error) => {
            let todo =
                format!("see whether the App has a webhook at all: {}", patient.settings(Page::General));
            return found.fail("webhook", error.to_string(), todo);
        }
    }
    match patient.github.deliveries(HookPlace::App).page(None).await {
        Ok(page) => {
            let ended: Vec<_> = page.deliveries.into_iter().filter(|it| it.status != "pending").collect();
            deliveries(patient, &ended, now, found);
        }
        Err(error) => found.doubt("deliveries", error.to_string(), "run this again later"),
    }
}

fn config(patient: &Patient<'_>, hook: &HookConfig, found: &mut Findings) {
    let check = "webhook";
    let settings = patient.settings(Page::General);
    let source = patient.source;
    let uri: Option<Uri> = hook.url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    if host.is_empty() || matches!(host, "example.com" | "example.org") {
        let seen = if hook.url.is_empty() { "it has no URL" } else { "its URL is a placeholder" };
        let todo = format!("set it to https://HOST/webhooks/{source} and make it active: {settings}");
        return found.fail(check, seen, todo);
    }
    if hook.secret.as_deref().unwrap_or_default().is_empty() {
        let todo = format!("set the secret that the source `{source}` names: {settings}");
        return found.fail(check, format!("{} has no secret: whatever it sends is refused", hook.url), todo);
    }
    let mut doubts = Vec::new();
    let path = uri.as_ref().map(Uri::path).unwrap_or_default();
    if !path.ends_with(&format!("/webhooks/{source}")) {
        doubts.push(format!("does not end with /webhooks/{source}"));
    }
    if uri.as_ref().and_then(Uri::scheme_str) != Some("https") {
        doubts.push("is not https".to_owned());
    }
    if hook.content_type != "json" {
        doubts.push(format!("sends `{}`, not `json`", hook.content_type));
    }
    if !matches!(hook.insecure_ssl.as_str().unwrap_or_default(), "0") && hook.insecure_ssl != 0 {
        doubts.push("does not check the certificate (insecure_ssl)".to_owned());
    }
    if doubts.is_empty() {
        found.ok(check, format!("{} (https, json, with a secret)", hook.url));
    } else {
        found.doubt(check, format!("{} {}", hook.url, doubts.join(", ")), format!("change it at {settings}"));
    }
}

fn deliveries(patient: &Patient<'_>, all: &[HookDelivery], now: Timestamp, found: &mut Findings) {
    let Some(newest) = all.first() else {
        let todo = "push to a repository that it is installed on, then run this again: the first deliveries tell \
                    whether the address and the secret are right";
        return found.doubt("deliveries", "GitHub has sent nothing yet", todo);
    };
    let age = newest.delivered_at.map_or("at some time".into(), |at| format!("{} ago", print::age(now, at)));
    if is_lost(newest) {
        let seen = format!("the newest delivery ({age}) did not get through: {}", how(newest));
        let todo = "see that the webhook's URL leads to this server from the internet (DNS, proxy, firewall)";
        found.fail("public address", seen, todo);
    } else {
        found.ok("public address", format!("the newest delivery ({age}) was answered"));
    }
    secret(patient, all, found);
    counts(patient, all, now, found);
}

/// GitHub never shows a secret: only whether its signature was taken tells.
fn secret(patient: &Patient<'_>, all: &[HookDelivery], found: &mut Findings) {
    let settings = patient.settings(Page::General);
    let check = "webhook secret";
    match all.iter().find(|it| is_fine(it) || it.status_code == 401) {
        Some(it) if is_fine(it) => found.ok(check, "the newest signed delivery was accepted"),
        Some(_) => {
            let seen = "the newest delivery was refused with 401: GitHub signs with another secret";
            let todo = format!(
                "make the webhook's secret at {settings} the one that the source `{}` names",
                patient.source
            );
            found.fail(check, seen, todo);
        }
        None => found.doubt(check, "no delivery has come far enough to tell", "see the deliveries"),
    }
}

fn counts(patient: &Patient<'_>, all: &[HookDelivery], now: Timestamp, found: &mut Findings) {
    let mut by_status: BTreeMap<String, usize> = BTreeMap::new();
    for it in all {
        *by_status.entry(how(it)).or_default() += 1;
    }
    let counts =
        by_status.iter().map(|(how, count)| format!("{count} x {how}")).collect::<Vec<_>>().join(", ");
    let mut seen = match all.len() {
        1 => format!("the only one: {counts}"),
        number => format!("the last {number}: {counts}"),
    };
    let failures: Vec<_> = all.iter().filter(|it| !is_fine(it)).collect();
    if failures.is_empty() {
        return found.ok("deliveries", seen);
    }
    for it in failures.iter().take(NAMED) {
        let event = it.action.as_ref().map_or(it.event.clone(), |action| format!("{}.{action}", it.event));
        let age = it.delivered_at.map_or_else(String::new, |at| format!(", {} ago", print::age(now, at)));
        seen.push_str(&format!("\n{} {event}: {}{age}", it.guid, how(it)));
    }
    let mut todo = format!("send them again at {}", patient.settings(Page::Advanced));
    if let Some(hint) =
        all.first().filter(|it| !is_fine(it)).and_then(|it| hint(it.status_code, patient.source))
    {
        todo = format!("{hint}\n{todo}");
    }
    let status =
        if all.first().is_some_and(is_fine) { super::Status::Warning } else { super::Status::Failed };
    found.add(status, "deliveries", seen, Some(todo));
}

fn hint(status: u16, source: &str) -> Option<String> {
    Some(match status {
        401 => "the secrets differ: see `webhook secret`".into(),
        403 => {
            format!("see `app` and `owns` of the source `{source}`: `pointsman events` shows what came in")
        }
        404 => format!("the URL names no source that is configured: it ends with /webhooks/{source}"),
        500..=599 => "see the server's log".into(),
        _ => return None,
    })
}

fn is_fine(delivery: &HookDelivery) -> bool {
    (200..300).contains(&delivery.status_code)
}

/// No server of ours answered it.
fn is_lost(delivery: &HookDelivery) -> bool {
    let status = delivery.status.to_ascii_lowercase();
    let told = ["connect", "timed out", "timeout", "resolve", "peer certificate"];
    matches!(delivery.status_code, 0 | 502 | 504) || told.iter().any(|sign| status.contains(sign))
}

/// `202`, `502 failed to connect to host`.
fn how(delivery: &HookDelivery) -> String {
    if is_fine(delivery) || delivery.status.is_empty() || !is_lost(delivery) {
        return delivery.status_code.to_string();
    }
    format!("{} {}", delivery.status_code, print::cut(&print::clean(&delivery.status), 60))
}
