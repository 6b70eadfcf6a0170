//! Replays that there were: all, one, and one to be stopped.

use anyhow::Result;
use pointsman_replay::{Progress, Replay, State};

use crate::print::{self, BOLD, clean, table, time};

pub async fn list(stage: &Replay, json: bool) -> Result<()> {
    let all = stage.list().await?;
    print::result(json, &all, || {
        if all.is_empty() {
            return "There was no replay yet.\n".into();
        }
        let cells = |progress: &Progress| {
            let order = &progress.order;
            let kind = if order.apply { "" } else { " (dry run)" };
            vec![
                order.id.clone(),
                format!("{}{kind}", state(progress.state)),
                time(progress.started),
                time(progress.updated),
                progress.counts.looked.to_string(),
                progress.counts.sent.to_string(),
            ]
        };
        let rows: Vec<_> = all.iter().map(cells).collect();
        table(&["replay", "state", "asked for (UTC)", "written (UTC)", ">looked at", ">sent"], &rows)
    })
}

pub async fn status(stage: &Replay, id: &str, json: bool) -> Result<()> {
    let progress = stage.status(id).await?;
    print::result(json, &progress, || text(&progress))
}

pub async fn stop(stage: &Replay, id: &str, json: bool) -> Result<()> {
    let progress = stage.stop(id).await?;
    print::result(json, &progress, || format!("replay {id} is stopped: {}\n", progress.told()))
}

fn text(progress: &Progress) -> String {
    let order = serde_json::to_string(&progress.order).expect("texts and times are always JSON");
    let mut out = String::new();
    let mut line =
        |name: &str, value: &str| out.push_str(&format!("{BOLD}{name:<10}{BOLD:#} {}\n", clean(value)));
    line("replay", &progress.order.id);
    line("state", state(progress.state));
    line("order", &order);
    line("asked for", &progress.started.to_string());
    line("written", &progress.updated.to_string());
    if let Some(cursor) = &progress.cursor {
        line("stands at", &cursor.key);
    }
    line("so far", &progress.told());
    if !progress.subscriptions.is_empty() {
        out.push_str(&format!("\n{}", subscriptions(progress, "goes to")));
    }
    out
}

fn state(state: State) -> &'static str {
    match state {
        State::Queued => "queued",
        State::Running => "running",
        State::Done => "done",
        State::Stopped => "stopped",
    }
}

/// A table: each subscription, how many deliveries, how many of them its queue had before.
pub fn subscriptions(progress: &Progress, heading: &str) -> String {
    let cells = |(name, tally): (&String, &pointsman_replay::Tally)| {
        vec![name.clone(), tally.deliveries.to_string(), tally.had.to_string()]
    };
    let rows: Vec<_> = progress.subscriptions.iter().map(cells).collect();
    table(&[heading, ">deliveries", ">had before"], &rows)
}
