//! `dead-letters QUEUE list`: by reason, the oldest first.

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

/// One dead letter.
#[derive(Debug, Serialize)]
pub struct Row {
    id: String,
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
    let mut rows = Vec::new();
    grave
        .each(|letter| {
            rows.push(Row::new(&letter));
            true
        })
        .await?;
    rows.sort_by(|a, b| (&a.reason, a.died).cmp(&(&b.reason, b.died)));
    print::result(json, &rows, || shown(&rows, grave.origin.as_str(), Timestamp::now()))
}

fn shown(rows: &[Row], queue: &str, now: Timestamp) -> String {
    if rows.is_empty() {
        return format!("Nothing died in `{queue}`.\n");
    }
    let cells = |row: &Row| {
        let age = row.died.map_or("-".into(), |died| print::age(now, died));
        let session = row.session.as_ref().map_or("-".into(), ToString::to_string);
        let event = row.r#type.clone().unwrap_or_else(|| "-".into());
        let error = print::cut(&row.error, ERROR);
        vec![row.id.clone(), row.reason.clone(), age, row.attempts.to_string(), event, session, error]
    };
    let headings = ["id", "reason", ">age", ">attempts", "event", "session", "error"];
    let mut reasons = BTreeMap::<&str, usize>::new();
    rows.iter().for_each(|row| *reasons.entry(&row.reason).or_default() += 1);
    let counts = reasons.iter().map(|(reason, count)| format!("{count} {}", print::clean(reason)));
    let table = print::table(&headings, &rows.iter().map(cells).collect::<Vec<_>>());
    format!("{table}\n{}\n", counts.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_below_the_table() {
        let row = |id: &str, reason: &str| Row {
            id: id.into(),
            reason: reason.into(),
            error: "e".into(),
            attempts: 5,
            died: None,
            r#type: None,
            session: None,
            delivery: None,
        };
        let rows = [row("1", "failed"), row("2", "max_deliveries"), row("3", "max_deliveries")];
        let text = shown(&rows, "all", Timestamp::UNIX_EPOCH);
        assert!(text.ends_with("\n1 failed, 2 max_deliveries\n"), "{text}");
    }
}
