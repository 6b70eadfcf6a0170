//! `dead-letters` without a queue: where something died or is held, by reason, how many, and since when.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use pointsman_core::port::{Peeked, QueueName, dead_letter};
use serde::Serialize;

use super::Grave;
use crate::{print, store::Store};

/// All of one queue that ended for one reason, in one way.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    queue: QueueName,
    /// Sessions wait behind them for a person.
    held: bool,
    reason: String,
    count: u64,
    /// When the first of them failed for good.
    oldest: Option<Timestamp>,
}

pub async fn run(store: &Store, json: bool) -> Result<()> {
    let mut rows = Vec::new();
    for origin in store.admin.list().await? {
        let grave = Grave { dead: origin.dead_letters(), origin, store };
        let mut counted = Counted::default();
        grave.held().await?.iter().for_each(|message| counted.add(message));
        let mut dead = 0;
        grave
            .each(|letter| {
                counted.add(&letter);
                dead += 1;
                true
            })
            .await?;
        grave.tell_unseen(dead).await?;
        rows.extend(counted.rows(&grave.origin));
    }
    print::result(json, &rows, || shown(&rows, Timestamp::now()))
}

/// By whether they are dead, and by reason: how many, and since when.
#[derive(Debug, Default)]
struct Counted(BTreeMap<(bool, String), (u64, Option<Timestamp>)>);

impl Counted {
    fn add(&mut self, message: &Peeked) {
        let attribute = |name: &str| message.attributes.get(name);
        let reason = attribute(dead_letter::REASON).cloned().unwrap_or_default();
        let died: Option<Timestamp> = attribute(dead_letter::TIME).and_then(|text| text.parse().ok());
        let (count, oldest) = self.0.entry((!message.held, reason)).or_default();
        *count += 1;
        *oldest = (*oldest).into_iter().chain(died).min();
    }

    fn rows(self, queue: &QueueName) -> impl Iterator<Item = Row> {
        self.0.into_iter().map(|((dead, reason), (count, oldest))| Row {
            queue: queue.clone(),
            held: !dead,
            reason,
            count,
            oldest,
        })
    }
}

fn shown(rows: &[Row], now: Timestamp) -> String {
    let Some(first) = rows.first() else { return "Nothing died, and nothing is held.\n".into() };
    let cells = |row: &Row| {
        let state = if row.held { "held" } else { "dead" };
        let age = row.oldest.map_or("-".into(), |oldest| print::age(now, oldest));
        vec![row.queue.to_string(), state.into(), row.reason.clone(), row.count.to_string(), age]
    };
    let headings = ["queue", "state", "reason", ">count", ">oldest"];
    let table = print::table(&headings, &rows.iter().map(cells).collect::<Vec<_>>());
    format!("{table}\nEach of them with its error: pointsman dead-letters {}\n", first.queue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_queue_a_state_and_a_reason_with_count_and_age() {
        let message = |held, reason: &str, minute: u32| Peeked {
            id: pointsman_core::port::MessageId("1".into()),
            body: bytes::Bytes::new(),
            session: Some("s".into()),
            attributes: BTreeMap::from([
                (dead_letter::REASON.to_owned(), reason.to_owned()),
                (dead_letter::TIME.to_owned(), format!("2025-01-01T00:{minute:02}:00Z")),
            ]),
            correlation: None,
            attempts: 5,
            enqueued: Timestamp::UNIX_EPOCH,
            held,
        };
        let mut counted = Counted::default();
        for (held, reason, minute) in [
            (false, "malformed", 9),
            (false, "max_deliveries", 5),
            (false, "malformed", 3),
            (true, "max_deliveries", 7),
        ] {
            counted.add(&message(held, reason, minute));
        }
        let rows: Vec<_> = counted.rows(&"all".parse().unwrap()).collect();
        let text = shown(&rows, "2025-01-01T00:10:00Z".parse().unwrap());
        assert_eq!(
            anstream::adapter::strip_str(&text).to_string(),
            "queue  state  reason          count  oldest\n\
             all    held   max_deliveries      1      3m\n\
             all    dead   malformed           2      7m\n\
             all    dead   max_deliveries      1      5m\n\
             \nEach of them with its error: pointsman dead-letters all\n"
        );
        assert_eq!(shown(&[], Timestamp::UNIX_EPOCH), "Nothing died, and nothing is held.\n");
    }
}
