//! `pointsman replay`: what came in before is sent again, in order. A dry run unless `--apply` is said.

mod apply;
mod ask;
mod dry;
mod kept;

use std::{process, process::ExitCode, sync::Arc};

use anyhow::Result;
use clap::Subcommand;
use pointsman_core::port::QueueName;
use pointsman_env::SystemClock;
use pointsman_replay::{MOST, Ports, Replay};

use super::events::{event_pattern, repository_pattern};
use crate::{context::Context, store::Store};
use ask::Moment;

/// Words of `replay`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Send; without it a dry run shows what would go where
    #[arg(long)]
    apply: bool,
    /// The replay's name: the same one goes on where it was, and is sent once [default: made from the time]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Only these deliveries, by id or archive key
    #[arg(long, value_name = "ID")]
    delivery: Vec<String>,
    /// Only the deliveries of this queue's dead letters, which stay where they are
    #[arg(long, value_name = "QUEUE")]
    dead_letters: Option<QueueName>,
    /// Only of this session, as `pointsman events` shows it
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
    /// Only from then on: 2h, 30m, 7d, or a time such as 2025-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = ask::moment)]
    since: Option<Moment>,
    /// Only before then
    #[arg(long, value_name = "TIME", value_parser = ask::moment)]
    until: Option<Moment>,
    /// Only what came in by this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Only events that match, such as push, issues.opened or pull_request*; `!` excludes
    #[arg(long, value_name = "PATTERN", value_parser = event_pattern)]
    event: Vec<String>,
    /// Only of these repositories, such as acme/*; `!` excludes
    #[arg(long, value_name = "PATTERN", value_parser = repository_pattern)]
    repo: Vec<String>,
    /// Only where this CEL expression over `event` and `data` holds
    #[arg(long, value_name = "CEL")]
    when: Option<String>,
    /// To this subscription alone, where it wants the event; may be given more than once [default: all that want it]
    #[arg(long, value_name = "NAME")]
    to: Vec<String>,
    /// Deliveries a second; 0 = as fast as the queues take them [default: 50]
    #[arg(long, value_name = "N")]
    rate: Option<u32>,
    /// In a dry run: every delivery, not the first 50
    #[arg(long, conflicts_with = "apply")]
    all: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

/// What to do with replays that there are.
#[derive(Debug, Subcommand)]
enum Action {
    /// All that are remembered, newest first
    List,
    /// One of them
    Status {
        /// Its id, as listed
        id: String,
    },
    /// Stop one, wherever it runs; it can go on later
    Stop {
        /// Its id, as listed
        id: String,
    },
}

/// Does it. Stopped before its end, it fails.
pub async fn run(args: Args, context: &Context) -> Result<ExitCode> {
    let rules = Arc::new(context.rules().await?);
    let store = context.store("pointsman replay").await?;
    let stage = Replay {
        ports: ports(&store),
        rules,
        inline: store.inline,
        budget: None,
        most: MOST,
        holder: format!("pointsman replay (process {})", process::id()),
    };
    let done = match &args.action {
        Some(Action::List) => kept::list(&stage, context.json).await.map(|()| ExitCode::SUCCESS),
        Some(Action::Status { id }) => {
            kept::status(&stage, id, context.json).await.map(|()| ExitCode::SUCCESS)
        }
        Some(Action::Stop { id }) => kept::stop(&stage, id, context.json).await.map(|()| ExitCode::SUCCESS),
        None => asked(&args, &stage, context).await,
    };
    let closed = store.close().await;
    done.and_then(|code| closed.map(|()| code))
}

async fn asked(args: &Args, stage: &Replay, context: &Context) -> Result<ExitCode> {
    let order = ask::order(args, stage).await?;
    if order.apply {
        apply::run(order, stage, context).await
    } else {
        dry::run(order, args.all, stage, context).await
    }
}

fn ports(store: &Store) -> Ports {
    Ports {
        archive: store.archive.clone(),
        records: store.records.clone(),
        queue: store.queue.clone(),
        admin: store.admin.clone(),
        clock: Arc::new(SystemClock),
    }
}
