//! Rules of retention, recovery and administration, and of what becomes of poison.

use std::{collections::HashMap, time::Duration};

use super::{
    DEFAULT_QUEUE, Findings,
    release::base_url,
    source::{exactly_one, header},
};
use crate::{
    config::{Retention, node::Cursor},
    facts::Repository,
    port::QueueSettings,
};

/// Headers of requests that mean something else.
const NOT_IN_FRONT: &[&str] = &[
    "authorization",
    "content-type",
    "content-length",
    "host",
    "x-forwarded-for",
    "x-hub-signature-256",
    "x-github-event",
    "x-github-delivery",
];

pub fn check(root: &Cursor<'_>, found: &mut Findings) {
    if let Some((token, text)) = root.get("admin").as_ref().and_then(|admin| admin.text_of("token")) {
        found.secret(&token, text);
    }
    if let Some(front) = root.get("front") {
        check_front(&front, found);
    }
    retention(root, found);
    found.duration(root.get("recover").and_then(|recover| recover.get("every")), "1m", "24h");
    let sources = root.get("sources");
    for (_, source) in sources.iter().flat_map(Cursor::entries) {
        if let Some(hooks) = source.get("hooks") {
            check_hooks(&source, &hooks, found);
        }
    }
    poison(root, found);
}

fn check_front(front: &Cursor<'_>, found: &mut Findings) {
    header(front, found);
    if let Some((cursor, text)) = front.text_of("header")
        && NOT_IN_FRONT.contains(&text.to_ascii_lowercase().as_str())
    {
        let fault = cursor.fault(format!("`{text}` is a header that senders set themselves"));
        found.faults.push(fault.hint("leave `header` out, or choose one of your own"));
    }
    if let Some((secret, text)) = front.text_of("secret") {
        found.secret(&secret, text);
    }
}

fn retention(root: &Cursor<'_>, found: &mut Findings) {
    for (_, queue) in root.get("queues").iter().flat_map(Cursor::entries) {
        found.duration(queue.get("max_age"), "1m", "14d");
    }
    let Some(retention) = root.get("retention") else { return };
    found.duration(retention.get("archive"), "1h", "3650d");
    found.duration(retention.get("dead_letters"), "1h", "3650d");
    found.duration(retention.get("records"), "4d", "3650d");
    outlived(root, &retention, found);
}

/// An event may be of `max_age` when it dies, lies among the dead letters, and refers to its raw delivery all the while.
fn outlived(root: &Cursor<'_>, retention: &Cursor<'_>, found: &mut Findings) {
    let time = |cursor: &Cursor<'_>, key| -> Option<Duration> {
        humantime::parse_duration(cursor.text_of(key)?.1).ok()
    };
    let usual = Retention::default();
    let archive = time(retention, "archive").unwrap_or(usual.archive);
    let dead = time(retention, "dead_letters").unwrap_or(usual.dead_letters);
    let queues = root.get("queues");
    // A queue without an age of its own has the default's.
    let default = queues.as_ref().and_then(|queues| time(&queues.get(DEFAULT_QUEUE)?, "max_age"));
    let default = default.unwrap_or(QueueSettings::default().max_age);
    let ages = queues.iter().flat_map(Cursor::entries).filter_map(|(_, it)| time(&it, "max_age"));
    let age = ages.fold(default, Duration::max);
    let needed = age.saturating_add(dead);
    if archive < needed {
        let cursor = ["archive", "dead_letters"].into_iter().find_map(|key| retention.get(key));
        let [archive, age, dead] = [archive, age, dead].map(humantime::format_duration);
        let fault = cursor.as_ref().unwrap_or(retention).fault(format!(
            "the archive is kept for {archive}, shorter than `max_age` ({age}) and `dead_letters` ({dead}) together: \
             events would refer to deliveries that are gone"
        ));
        found.faults.push(fault.hint(format!("`archive: {}` or more", days(needed))));
    }
}

/// Whole days, rounded up.
fn days(time: Duration) -> String {
    format!("{}d", time.as_secs().div_ceil(24 * 60 * 60))
}

fn check_hooks(source: &Cursor<'_>, hooks: &Cursor<'_>, found: &mut Findings) {
    for (key, why) in [
        ("verify", "`hooks` are GitHub's: a source with `verify` has none"),
        ("app", "a source with an `app` takes the App's own webhook alone, and recovers it by itself"),
    ] {
        if source.key_at(key).is_some() {
            found.faults.push(hooks.fault(why));
        }
    }
    if let Some((token, text)) = hooks.text_of("token") {
        found.secret(&token, text);
    }
    base_url(hooks, found);
    for hook in hooks.list("list") {
        exactly_one(&hook, ["repository", "organisation"], found);
        if let Some((cursor, name)) = hook.text_of("repository")
            && (Repository::parse(name).is_none() || name.matches('/').count() != 1)
        {
            found.faults.push(cursor.fault(format!("`{name}` is no repository: write owner/name")));
        }
        if let Some((cursor, name)) = hook.text_of("organisation")
            && (name.is_empty() || name.contains('/'))
        {
            found.faults.push(cursor.fault(format!("`{name}` is no organisation's login")));
        }
    }
}

/// Subscriptions of one queue agree; what has no session cannot be held.
fn poison(root: &Cursor<'_>, found: &mut Findings) {
    let mut queues = HashMap::new();
    for subscription in root.list("subscriptions") {
        let text = |key| subscription.text_of(key).map(|(_, text)| text);
        let (Some(name), given) = (text("name"), subscription.text_of("on_poison")) else { continue };
        let wanted = given.as_ref().map_or("dead-letter", |(_, text)| text);
        let at = given.as_ref().map_or_else(|| subscription.clone(), |(cursor, _)| cursor.clone());
        if wanted == "hold" && text("session") == Some("none") {
            let fault = at.fault("`hold` keeps a session waiting, and `session: none` makes none");
            found.faults.push(fault.hint("give it a session, or leave `on_poison` out"));
        }
        let queue = text("queue").unwrap_or(name);
        let (first, known) = *queues.entry(queue).or_insert((name, wanted));
        if known != wanted {
            let message =
                format!("the queue `{queue}` treats poison otherwise by the subscription `{first}`");
            found.faults.push(at.fault(message).hint("subscriptions that share a queue share `on_poison`"));
        }
    }
}
