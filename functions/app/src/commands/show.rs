//! `pointsman show DELIVERY`: its headers, its event, where it went and what became of it there.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use pointsman_core::{
    delivery::DeliveryId,
    event::Event,
    ledger::Mark,
    port::{Archive, ErrorKind, QueueName, Records, dead_letter},
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    context::Context,
    print::{self, BOLD, DIM, Progress, clean},
    store::Store,
    stored::{PAGE, Stored, folders},
};

/// In each queue, so many messages are looked through for the delivery's.
const DEEP: usize = 2_000;
/// As many in one go: a body may have 25 MB.
const PEEKED: usize = 32;

/// Words of `show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The delivery's id, or its key in the archive
    delivery: String,
    /// The raw body only, byte for byte
    #[arg(long, conflicts_with = "json")]
    payload: bool,
}

#[derive(Serialize)]
struct Shown {
    archive: String,
    source: String,
    id: String,
    received: Timestamp,
    headers: BTreeMap<String, String>,
    event: Option<Event>,
    session: Option<String>,
    sent: Vec<Target>,
    payload: Option<Box<RawValue>>,
}

/// A queue that it was sent to.
#[derive(Serialize)]
struct Target {
    queue: QueueName,
    at: Timestamp,
    state: String,
}

/// Shows it.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let store = context.store("pointsman show").await?;
    let done = show(&args, context, &store).await;
    let closed = store.close().await;
    done.and(closed)
}

async fn show(args: &Args, context: &Context, store: &Store) -> Result<()> {
    let found = find(store, &args.delivery).await?;
    if found.is_empty() {
        bail!("there is no delivery `{}`; `pointsman events` lists what came in", clean(&args.delivery));
    }
    let mut all = Vec::new();
    for (key, mark) in &found {
        let object =
            store.archive.get(key).await.with_context(|| format!("{key} is no longer in the archive"))?;
        all.push((Stored::new(key, object)?, mark));
    }
    if args.payload {
        let [(stored, _)] = &all[..] else {
            let keys = found.iter().map(|(key, _)| format!("\n  {key}")).collect::<String>();
            bail!("several deliveries have this id; name one by its key:{keys}");
        };
        return print::raw(&stored.delivery.body);
    }
    let mut shown = Vec::new();
    for (stored, mark) in all {
        shown.push(tell(stored, mark.as_ref(), context, store).await?);
    }
    print::result(context.json, &shown, || shown.iter().map(text).collect::<Vec<_>>().join("\n"))
}

/// Archive keys and marks of everything under this id.
async fn find(store: &Store, delivery: &str) -> Result<Vec<(String, Option<Mark>)>> {
    if delivery.starts_with("deliveries/") {
        return match store.archive.get(delivery).await {
            Ok(_) => Ok(vec![(delivery.to_owned(), mark_of(&*store.records, delivery).await?)]),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        };
    }
    let mut found = BTreeMap::new();
    for id in names(delivery) {
        for (key, mark) in marked(&*store.records, &id).await? {
            found.insert(key, Some(mark));
        }
        if found.is_empty() {
            found.extend(archived(&*store.archive, delivery, &id).await?.into_iter().map(|key| (key, None)));
        }
    }
    Ok(found.into_iter().collect())
}

/// How it is written in keys; an event's id may carry the hash of a variant (`.{sha8}`).
fn names(delivery: &str) -> Vec<String> {
    let whole = DeliveryId(delivery.to_owned()).escaped();
    let variant = delivery.rsplit_once('.').filter(|(_, hash)| hash.len() == 8);
    let variant = variant.map(|(id, hash)| format!("{}.{hash}", DeliveryId(id.to_owned()).escaped()));
    [whole].into_iter().chain(variant).collect()
}

/// Marks are named `routed/{source}/{hook}.{id}`: one look a hook, however many deliveries there are.
async fn marked(records: &dyn Records, id: &str) -> Result<Vec<(String, Mark)>> {
    let (mut found, mut after) = (Vec::new(), None::<String>);
    while let Some(record) = records.list("routed/", after.as_deref(), 1).await?.into_iter().next() {
        let Some((hook, _)) = hook(&record.key) else {
            after = Some(record.key);
            continue;
        };
        for record in records.list(&format!("{hook}.{id}"), None, PAGE).await? {
            let rest = &record.key[hook.len() + 1 + id.len()..];
            if rest.is_empty() || rest.starts_with('.') {
                let mark = Mark::decode(&record.value)?;
                found.push((mark.archive.clone(), mark));
            }
        }
        // `/` comes right after `.`: beyond all of this hook's.
        after = Some(format!("{hook}/"));
    }
    Ok(found)
}

/// `routed/{source}/{hook}` and the rest of a mark's key.
fn hook(key: &str) -> Option<(&str, &str)> {
    let name = key.rfind('/')?;
    let dot = name + key[name..].find('.')?;
    Some((&key[..dot], &key[dot + 1..]))
}

async fn mark_of(records: &dyn Records, key: &str) -> Result<Option<Mark>> {
    let mut parts = key.split('/');
    let (source, name) = (parts.nth(1).unwrap_or_default(), parts.next_back().unwrap_or_default());
    let record = records.get(&format!("routed/{source}/{name}")).await?;
    Ok(record.map(|record| Mark::decode(&record.value)).transpose()?)
}

/// Without a mark (they are kept for 30 days): in the hour that the id tells, else anywhere.
async fn archived(archive: &dyn Archive, delivery: &str, id: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let hour = DeliveryId(delivery.to_owned()).time().map(|at| at.strftime("%Y/%m/%d/%H/").to_string());
    for source in folders(archive, "deliveries/").await? {
        if let Some(hour) = &hour {
            search(archive, &format!("deliveries/{source}/{hour}"), id, &mut found).await?;
        }
    }
    if found.is_empty() {
        search(archive, "deliveries/", id, &mut found).await?;
    }
    Ok(found)
}

async fn search(archive: &dyn Archive, prefix: &str, id: &str, found: &mut Vec<String>) -> Result<()> {
    let mut progress = Progress::new("keys searched");
    let mut after = None;
    loop {
        let page = archive.list(prefix, after.as_deref(), PAGE).await?;
        let full = page.len() == PAGE;
        after = page.last().map(|row| row.key.clone());
        for row in page {
            progress.step();
            let named = hook(&row.key).and_then(|(_, name)| name.strip_prefix(id));
            if named.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
                found.push(row.key);
            }
        }
        if !full {
            return Ok(());
        }
    }
}

async fn tell(stored: Stored, mark: Option<&Mark>, context: &Context, store: &Store) -> Result<Shown> {
    let rules = context.rules().await?;
    let read = stored.with_facts(&rules, |facts, event| (event, Stored::session(facts)));
    let (event, session) =
        read.map(|(event, session)| (Some(event), Some(session))).unwrap_or_else(|error| {
            tracing::warn!("{error:#}");
            (None, None)
        });
    let mut sent = Vec::new();
    for (queue, at) in mark.iter().flat_map(|mark| &mark.sent) {
        let state = state(store, queue, &stored.delivery.event_id()).await?;
        sent.push(Target { queue: queue.clone(), at: *at, state });
    }
    let delivery = stored.delivery;
    Ok(Shown {
        archive: stored.key,
        source: delivery.source.to_string(),
        id: delivery.event_id(),
        received: delivery.received,
        headers: delivery.headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        event,
        session,
        sent,
        payload: serde_json::from_slice(&delivery.payload).ok(),
    })
}

/// Where the event's message is in this queue, as far as a bounded look tells.
async fn state(store: &Store, queue: &QueueName, event: &str) -> Result<String> {
    for place in [queue.clone(), queue.dead_letters()] {
        let (mut after, mut seen) = (None, 0);
        loop {
            let page = match store.admin.peek(&place, after.as_ref(), PEEKED).await {
                Err(error) if error.kind == ErrorKind::NotFound => return Ok("the queue is gone".into()),
                page => page?,
            };
            if let Some(message) = page.iter().find(|it| it.correlation.as_deref() == Some(event)) {
                let reason = message.attributes.get(dead_letter::REASON);
                return Ok(match (place.is_dead_letters(), message.attempts) {
                    (true, _) => {
                        let reason = reason.map_or("no reason told", String::as_str);
                        format!("dead letter {} ({})", message.id.0, clean(reason))
                    }
                    (false, 0) => "in the queue".into(),
                    (false, failed) => format!("in the queue, failed {failed} times"),
                });
            }
            seen += page.len();
            if seen >= DEEP {
                return Ok(format!("not among the first {DEEP} of {place}"));
            }
            if page.len() < PEEKED {
                break;
            }
            after = page.last().map(|message| message.id.clone());
        }
    }
    Ok("handled or removed".into())
}

fn text(shown: &Shown) -> String {
    let mut out = String::new();
    let mut line =
        |name: &str, value: &str| out.push_str(&format!("{BOLD}{name:<9}{BOLD:#} {}\n", clean(value)));
    line("delivery", &shown.id);
    line("source", &shown.source);
    line("received", &shown.received.to_string());
    line("archive", &shown.archive);
    if let Some(session) = &shown.session {
        line("session", session);
    }
    out.push_str(&format!("\n{BOLD}headers{BOLD:#}\n"));
    for (name, value) in &shown.headers {
        out.push_str(&format!("  {DIM}{name}:{DIM:#} {}\n", clean(value)));
    }
    out.push_str(&format!("\n{BOLD}event{BOLD:#}\n"));
    for (name, value) in shown.event.iter().flat_map(Event::attributes) {
        out.push_str(&format!("  {DIM}{name}:{DIM:#} {}\n", clean(&value)));
    }
    out.push_str(&format!("\n{BOLD}went to{BOLD:#}\n"));
    if shown.sent.is_empty() {
        out.push_str("  no queue\n");
    }
    for target in &shown.sent {
        out.push_str(&format!("  {} at {}: {}\n", target.queue, target.at, target.state));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marks_key_is_split_at_its_hook() {
        assert_eq!(hook("routed/github/42.a-b.0123abcd"), Some(("routed/github/42", "a-b.0123abcd")));
        assert_eq!(
            hook("deliveries/github/2025/01/01/00/-.a"),
            Some(("deliveries/github/2025/01/01/00/-", "a"))
        );
        assert_eq!(hook("routed/odd"), None);
    }

    #[test]
    fn a_variant_is_found_by_the_id_that_consumers_see() {
        assert_eq!(names("a-b"), ["a-b"]);
        assert_eq!(names("a-b.0123abcd"), ["a-b%2E0123abcd", "a-b.0123abcd"]);
    }
}
