//! `dead-letters QUEUE list`: what is held first, because a session waits behind it; then by reason, the oldest first.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use pointsman_core::{
    port::{Peeked, dead_letter},
    session::Session,
};
use serde::Serialize;

use super::Grave;
use crate::print;

/// As much of an error as a table takes.
const ERROR: usize = 60;

/// One dead letter, or a held message.
#[derive(Debug, Serialize)]
pub struct Row {
    id: String,
    /// Its session waits behind it for a person.
    held: bool,
    reason: String,
    error: String,
    attempts: u32,
    died: Option<Timestamp>,
    r#type: Option<String>,
    session: Option<Session>,
    delivery: Option<String>,
}

impl Row {
    /// What a table and `show` tell of it.
    pub fn new(letter: &Peeked) -> Self {
        let attribute = |name: &str| letter.attributes.get(name).cloned();
        Self {
            id: letter.id.0.clone(),
            held: letter.held,
            reason: attribute(dead_letter::REASON).unwrap_or_default(),
            error: attribute(dead_letter::ERROR).unwrap_or_default(),
            attempts: attribute(dead_letter::ATTEMPTS).and_then(|text| text.parse().ok()).unwrap_or(0),
            died: attribute(dead_letter::TIME).and_then(|text| text.parse().ok()),
            r#type: attribute("type"),
            session: letter.session.clone(),
            delivery: letter.correlation.clone(),
        }
    }
}

pub async fn run(grave: &Grave<'_>, json: bool) -> Result<()> {
    let mut rows: Vec<Row> = grave.held().await?.iter().map(Row::new).collect();
    grave
        .each(|letter| {
            rows.push(Row::new(&letter));
            true
        })
        .await?;
    grave.tell_unseen(rows.iter().filter(|row| !row.held).count()).await?;
    rows.sort_by(|a, b| (b.held, &a.reason, a.died).cmp(&(a.held, &b.reason, b.died)));
    print::result(json, &rows, || shown(&rows, grave.origin.as_str(), Timestamp::now()))
}

fn shown(rows: &[Row], queue: &str, now: Timestamp) -> String {
    if rows.is_empty() {
        return format!("Nothing died in `{queue}`, and nothing is held.\n");
    }
    let cells = |row: &Row| {
        let age = row.died.map_or("-".into(), |died| print::age(now, died));
        let session = row.session.as_ref().map_or("-".into(), ToString::to_string);
        let event = row.r#type.clone().unwrap_or_else(|| "-".into());
        let error = print::cut(&row.error, ERROR);
        let state = if row.held { "held" } else { "dead" }.to_owned();
        vec![row.id.clone(), state, row.reason.clone(), age, row.attempts.to_string(), event, session, error]
    };
    let headings = ["id", "state", "reason", ">age", ">attempts", "event", "session", "error"];
    let mut reasons = BTreeMap::<(bool, &str), usize>::new();
    rows.iter().for_each(|row| *reasons.entry((!row.held, &row.reason)).or_default() += 1);
    let counts = reasons.iter().map(|((dead, reason), count)| {
        let held = if *dead { "" } else { "held: " };
        format!("{count} {held}{}", print::clean(reason))
    });
    let table = print::table(&headings, &rows.iter().map(cells).collect::<Vec<_>>());
    format!("{table}\n{}\n", counts.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_below_the_table() {
        let row = |id: &str, held, reason: &str| Row {
            id: id.into(),
            held,
            reason: reason.into(),
            error: "e".into(),
            attempts: 5,
            died: None,
            r#type: None,
            session: None,
            delivery: None,
        };
        let rows =
            [row("1", true, "failed"), row("2", false, "max_deliveries"), row("3", false, "max_deliveries")];
        let text = shown(&rows, "all", Timestamp::UNIX_EPOCH);
        assert!(text.ends_with("\n1 held: failed, 2 max_deliveries\n"), "{text}");
    }
}
