//! `pointsman events`: what came in, newest first. Hours are walked backwards, so that a recent look costs little.

use std::cmp::Reverse;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use pointsman_core::{
    port::{Archive, Listed},
    route::{check_event_pattern, check_repository_pattern},
    rules::Rules,
    stored::{Hours, PAGE, Stored, folders},
};
use serde::Serialize;

use crate::{context::Context, print};

/// Words of `events`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only events that match, such as push, issues.opened or pull_request*; `!` excludes
    #[arg(long, value_name = "PATTERN", value_parser = event_pattern)]
    event: Vec<String>,
    /// Only of these repositories, such as acme/*; `!` excludes
    #[arg(long, value_name = "PATTERN", value_parser = repository_pattern)]
    repo: Vec<String>,
    /// Only from then on: 2h, 30m, 7d, or a time such as 2025-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

fn event_pattern(text: &str) -> Result<String, String> {
    check_event_pattern(text).map(|()| text.to_owned())
}

fn repository_pattern(text: &str) -> Result<String, String> {
    check_repository_pattern(text).map(|()| text.to_lowercase())
}

pub fn since(text: &str) -> Result<Timestamp, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        let ago = SignedDuration::try_from(ago).map_err(|error| error.to_string())?;
        return Timestamp::now().checked_sub(ago).map_err(|error| error.to_string());
    }
    text.parse().map_err(|_| "neither a time ago (2h, 30m, 7d) nor a time (2025-01-31T08:00:00Z)".into())
}

/// One delivery.
#[derive(Debug, Serialize)]
struct Row {
    received: Timestamp,
    source: String,
    event: String,
    repository: Option<String>,
    session: String,
    id: String,
    size: usize,
    archive: String,
}

/// Prints them.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let rules = context.rules().await?;
    let store = context.store("pointsman events").await?;
    let search = Search { wanted: Wanted::new(&args)?, args: &args, rules, archive: &*store.archive };
    let mut rows = Vec::new();
    for source in folders(&*store.archive, "deliveries/").await? {
        search.source(&source, &mut rows).await?;
    }
    store.close().await?;
    rows.sort_by_key(|row| Reverse(row.received));
    rows.truncate(args.limit);
    print::result(context.json, &rows, || shown(&rows))
}

struct Search<'a> {
    args: &'a Args,
    wanted: Wanted,
    rules: Rules,
    archive: &'a dyn Archive,
}

impl Search<'_> {
    /// At most `limit` rows of one source.
    async fn source(&self, source: &str, rows: &mut Vec<Row>) -> Result<()> {
        let mut progress = print::Progress::new("deliveries searched");
        let enough = rows.len() + self.args.limit;
        let mut hours = Hours::new(self.archive, source, self.args.since);
        while let Some(hour) = hours.next().await? {
            for listed in newest_first(self.archive, &hour).await? {
                if rows.len() >= enough {
                    return Ok(());
                }
                progress.step();
                rows.extend(self.row(&listed).await);
            }
        }
        Ok(())
    }

    /// The row, where it is wanted. What cannot be read is told and passed over: the others are still there.
    async fn row(&self, listed: &Listed) -> Option<Row> {
        let read = async {
            let stored = Stored::new(&listed.key, self.archive.get(&listed.key).await?)?;
            stored.with_facts(&self.rules, |facts, _| Row {
                received: stored.delivery.received,
                source: stored.delivery.source.to_string(),
                event: facts.full_event().to_owned(),
                repository: facts.repository.as_ref().map(|repository| repository.full_name()),
                session: Stored::session(facts),
                id: stored.delivery.event_id(),
                size: stored.delivery.body.len(),
                archive: listed.key.clone(),
            })
        };
        match read.await {
            Ok(row) => Some(row).filter(|row| self.wanted.takes(row)),
            Err(error) => {
                tracing::warn!("{} is passed over: {error:#}", listed.key);
                None
            }
        }
    }
}

/// The filters, each with the rules of a subscription's patterns.
struct Wanted {
    events: pointsman_core::pattern::List,
    repositories: pointsman_core::pattern::List,
    since: Option<Timestamp>,
}

impl Wanted {
    fn new(args: &Args) -> Result<Self> {
        let list = |patterns: &[String]| {
            pointsman_core::pattern::List::new(patterns.iter().map(String::as_str))
                .map_err(anyhow::Error::msg)
        };
        Ok(Self { events: list(&args.event)?, repositories: list(&args.repo)?, since: args.since })
    }

    fn takes(&self, row: &Row) -> bool {
        let name = row.event.split('.').next().unwrap_or_default();
        self.since.is_none_or(|since| row.received >= since)
            && self.events.matches(&[name, &row.event])
            && self.repositories.matches(row.repository.as_deref().as_slice())
    }
}

/// Keys within an hour are in no order of time: the store's own times are.
async fn newest_first(archive: &dyn Archive, hour: &str) -> Result<Vec<Listed>> {
    let mut all: Vec<Listed> = Vec::new();
    loop {
        let page = archive.list(hour, all.last().map(|row| row.key.as_str()), PAGE).await?;
        let last = page.len() < PAGE;
        all.extend(page);
        if last {
            break;
        }
    }
    all.sort_by_key(|row| Reverse(row.stored));
    Ok(all)
}

fn shown(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "Nothing came in that matches.\n".into();
    }
    let cells = |row: &Row| {
        let repository = row.repository.clone().unwrap_or_else(|| "-".into());
        let size = print::size(row.size as u64);
        vec![
            print::time(row.received),
            row.source.clone(),
            row.event.clone(),
            repository,
            row.session.clone(),
            row.id.clone(),
            size,
        ]
    };
    let headings = ["received (UTC)", "source", "event", "repository", "session", "delivery", ">size"];
    print::table(&headings, &rows.iter().map(cells).collect::<Vec<_>>())
}
