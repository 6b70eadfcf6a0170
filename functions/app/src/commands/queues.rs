//! `pointsman queues`: the figures of every queue.

use anyhow::Result;
use jiff::Timestamp;
use pointsman_core::port::{QueueName, QueueStats};
use serde::Serialize;

use crate::{context::Context, print};

#[derive(Serialize)]
struct Row {
    queue: QueueName,
    #[serde(flatten)]
    stats: QueueStats,
}

/// Prints them.
pub async fn run(context: &Context) -> Result<()> {
    let store = context.store("pointsman queues").await?;
    let mut rows = Vec::new();
    for queue in store.admin.list().await? {
        let stats = store.admin.stats(&queue).await?;
        rows.push(Row { queue, stats });
    }
    store.close().await?;
    print::result(context.json, &rows, || shown(&rows, Timestamp::now()))
}

fn shown(rows: &[Row], now: Timestamp) -> String {
    if rows.is_empty() {
        return "There is no queue yet: `pointsman serve` makes those that the subscriptions name.\n".into();
    }
    let cells = |row: &Row| {
        let stats = &row.stats;
        let mut cells = vec![row.queue.to_string()];
        let counts = [stats.depth, stats.in_flight, stats.delayed, stats.dead, stats.held];
        cells.extend(counts.map(|count| count.to_string()));
        cells.push(stats.oldest.map_or("-".into(), |oldest| print::age(now, oldest)));
        cells.push(if stats.attached { "yes" } else { "no" }.into());
        cells.push(if stats.paused { "yes" } else { "no" }.into());
        cells
    };
    let headings =
        ["queue", ">depth", ">in flight", ">delayed", ">dead", ">held", ">oldest", "attached", "paused"];
    print::table(&headings, &rows.iter().map(cells).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_one_line() {
        let oldest = Some("2025-01-01T00:00:00Z".parse().unwrap());
        let stats = QueueStats {
            depth: 3,
            in_flight: 1,
            delayed: 0,
            dead: 2,
            held: 4,
            paused: true,
            oldest,
            attached: true,
        };
        let rows = [Row { queue: "all".parse().unwrap(), stats }];
        let text = shown(&rows, "2025-01-01T00:05:00Z".parse().unwrap());
        let text = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(
            text.lines().nth(1),
            Some("all        3          1        0     2     4      5m  yes       yes")
        );
    }
}
