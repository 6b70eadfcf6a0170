//! The dry run: where each delivery would go, and whether it was there before. Shown as it is found, so that a year of
//! them takes no more memory than a day.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Result;
use pointsman_replay::{Onlooker, Order, Progress, Replay, Row, Target};

use super::ask;
use crate::{
    context::Context,
    print::{self, BOLD, clean, table, time},
};

/// So many are shown unless every one is asked for.
const SHOWN: usize = 50;

pub async fn run(order: Order, all: bool, stage: &Replay, context: &Context) -> Result<ExitCode> {
    let command = ask::apply(&order, &context.common);
    let mut look = Look {
        json: context.json,
        most: if all { usize::MAX } else { SHOWN },
        rows: Vec::new(),
        seen: 0,
        progress: print::Progress::new("deliveries looked at"),
        looked: 0,
        failed: None,
    };
    if context.json {
        write("{\"deliveries\":[")?;
    }
    let (_, progress) = stage.preview(order, &mut look).await?;
    look.show();
    if let Some(error) = look.failed {
        return Err(error.into());
    }
    if context.json {
        let Progress { counts, subscriptions, .. } = &progress;
        let rest = serde_json::json!({ "counts": counts, "subscriptions": subscriptions, "apply": command });
        let rest = rest.to_string();
        write(&format!("],{}\n", rest.trim_start_matches('{')))?;
        return Ok(ExitCode::SUCCESS);
    }
    let more = look.seen.saturating_sub(SHOWN);
    if more > 0 && !all {
        write(&format!("and {more} more: --all shows every one\n"))?;
    }
    write(&summary(&progress, &command))?;
    Ok(ExitCode::SUCCESS)
}

fn summary(progress: &Progress, command: &str) -> String {
    let mut text = String::new();
    if progress.counts.matched > 0 {
        text.push_str(&format!("\n{}\n", super::kept::subscriptions(progress, "would go to")));
    } else {
        text.push('\n');
    }
    let told = progress.told().replace(", 0 messages sent", "");
    text.push_str(&format!("{told}; nothing was sent, this was a dry run\n"));
    if progress.counts.matched > 0 {
        text.push_str(&format!("{BOLD}to send them{BOLD:#}  {}\n", clean(command)));
    }
    text
}

fn write(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

struct Look {
    json: bool,
    most: usize,
    /// To be shown together.
    rows: Vec<Vec<String>>,
    seen: usize,
    looked: u64,
    progress: print::Progress,
    failed: Option<io::Error>,
}

impl Onlooker for Look {
    fn row(&mut self, row: Row) {
        self.seen += 1;
        if self.seen > self.most {
            return;
        }
        if self.json {
            let comma = if self.seen > 1 { "," } else { "" };
            let text = serde_json::to_string(&row).expect("texts and times are always JSON");
            self.keep(write(&format!("{comma}{text}")));
            return;
        }
        self.rows.push(cells(&row));
        if self.rows.len() == SHOWN {
            self.show();
        }
    }

    fn progress(&mut self, progress: &Progress) {
        (self.looked..progress.counts.looked).for_each(|_| self.progress.step());
        self.looked = progress.counts.looked;
    }

    fn stops(&mut self) -> bool {
        self.failed.is_some()
    }
}

impl Look {
    fn show(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        if !rows.is_empty() {
            self.progress.clear();
            let text = table(&["received (UTC)", "type", "session", "delivery", "goes to"], &rows);
            self.keep(write(&text));
        }
    }

    /// A closed pipe ends the run.
    fn keep(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.failed.get_or_insert(error);
        }
    }
}

fn cells(row: &Row) -> Vec<String> {
    let target = |to: &Target| match to.before {
        Some(before) => format!("{} (had it {})", to.queue, time(before)),
        None => to.queue.to_string(),
    };
    let to: Vec<String> = row.to.iter().map(target).collect();
    vec![time(row.received), row.r#type.clone(), row.session.clone(), row.id.clone(), to.join(", ")]
}
