//! `pointsman show DELIVERY`: its headers, its event, where it went and what became of it there.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use pointsman_core::{
    event::Event,
    ledger::Mark,
    port::{ErrorKind, QueueName, dead_letter},
    stored::{Stored, find},
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    context::Context,
    print::{self, BOLD, DIM, Progress, clean},
    store::Store,
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
    let mut progress = Progress::new("keys searched");
    let found = find(&*store.archive, &*store.records, &args.delivery, &mut || progress.step()).await?;
    drop(progress);
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
    let mut unseen = false;
    for place in [queue.clone(), queue.dead_letters()] {
        let (mut after, mut seen) = (None, 0);
        loop {
            let page = match store.admin.peek(&place, after.as_ref(), PEEKED).await {
                Err(error) if error.kind == ErrorKind::NotFound => return Ok("the queue is gone".into()),
                // Some queues show what waits to their receivers alone.
                Err(error) if error.kind == ErrorKind::Invalid && !place.is_dead_letters() => {
                    unseen = true;
                    break;
                }
                page => page?,
            };
            if let Some(message) = page.iter().find(|it| it.correlation.as_deref() == Some(event)) {
                let reason = message.attributes.get(dead_letter::REASON);
                let reason = clean(reason.map_or("no reason told", String::as_str));
                return Ok(match (place.is_dead_letters(), message.attempts) {
                    (true, _) => format!("dead letter {} ({reason})", message.id.0),
                    (false, _) if message.held => {
                        format!("message {}, held for a person ({reason})", message.id.0)
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
    let unseen = if unseen { ", or still waiting: this queue shows that to its receivers alone" } else { "" };
    Ok(format!("handled or removed{unseen}"))
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
