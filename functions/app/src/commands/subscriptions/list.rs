//! `subscriptions list`: every rule, and what its queue does now, where there is a store.

use std::collections::HashMap;

use anyhow::Result;
use pointsman_core::{
    config::{Config, Subscription},
    port::{ErrorKind, QueueStats},
};
use serde::Serialize;

use crate::{context::Context, print};

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    subscription: Subscription,
    /// Its queue hands nothing out; left out where there is no store yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<bool>,
    /// Sessions of its queue that wait for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<u64>,
}

pub async fn run(context: &Context) -> Result<()> {
    let config = context.config()?;
    let queues = queues(&config, context).await?;
    let rows: Vec<Row> = config.shown_subscriptions().into_iter().map(|it| row(it, &queues)).collect();
    print::result(context.json, &rows, || shown(&rows))
}

fn row(subscription: Subscription, queues: &HashMap<String, QueueStats>) -> Row {
    let stats = queues.get(subscription.queue());
    Row { paused: stats.map(|it| it.paused), held: stats.map(|it| it.held), subscription }
}

/// The figures of the queues that there are. To look at the rules makes no store.
async fn queues(config: &Config, context: &Context) -> Result<HashMap<String, QueueStats>> {
    let mut all = HashMap::new();
    if !config.in_a_cloud() && !pointsman_embedded::exists(&config.data) {
        return Ok(all);
    }
    let store = context.store("pointsman subscriptions list").await?;
    for (queue, _) in config.queues() {
        match store.admin.stats(&queue).await {
            Ok(stats) => _ = all.insert(queue.to_string(), stats),
            // The server runs by an older configuration.
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    store.close().await?;
    Ok(all)
}

fn state(row: &Row) -> String {
    match (row.paused, row.held) {
        (Some(true), Some(0)) => "paused".into(),
        (Some(true), Some(held)) => format!("paused, {held} held"),
        (Some(false), Some(held)) if held > 0 => format!("{held} held"),
        (Some(false), _) => "ok".into(),
        _ => "-".into(),
    }
}

fn shown(all: &[Row]) -> String {
    if all.is_empty() {
        return "There is no subscription.\n".into();
    }
    let cells = |row: &Row| {
        let it = &row.subscription;
        let list = |patterns: &[String]| if patterns.is_empty() { "any".into() } else { patterns.join(", ") };
        vec![
            it.name.clone(),
            list(&it.events),
            it.source.clone().unwrap_or_else(|| "any".into()),
            list(&it.repositories),
            it.when.clone().unwrap_or_else(|| "always".into()),
            it.session.clone().unwrap_or_default(),
            it.queue().to_owned(),
            it.concurrency.unwrap_or(1).to_string(),
            state(row),
        ]
    };
    let headings =
        ["name", "events", "source", "repositories", "when", "session", "queue", ">concurrency", "state"];
    print::table(&headings, &all.iter().map(cells).collect::<Vec<_>>())
}
