//! `pointsman receive`: a bot in any language. [`lines`] prints events, [`exec`] runs a command for each.

mod exec;
mod lines;

use anyhow::Result;
use pointsman_core::port::{QueueName, QueueSettings};

use crate::{
    context::{Context, known_queue},
    signals,
    store::Store,
};

/// Words of `receive`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The queue; with .dead at its end, its dead letters
    queue: String,
    /// Wait for more, until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// Run this with sh -c for each event, the CloudEvent on its stdin: exit status 0 completes it, anything else
    /// gives it back for another try
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,
    /// End after this many events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,
    /// Sessions handled at the same time [default: the subscription's, else 1]
    #[arg(long, value_name = "N", requires = "exec", value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: Option<u16>,
}

/// What both ways need.
struct Work<'s> {
    store: &'s Store,
    queue: QueueName,
    settings: QueueSettings,
    follow: bool,
    max: Option<u64>,
}

/// Receives until there is no more, `max` is reached, or it is stopped; what was not handled is given back.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let stop = signals::stop()?;
    let store = context.store(&format!("pointsman receive {}", args.queue)).await?;
    let queue = known_queue(&store, &args.queue).await?;
    let settings = context.queue_settings(&queue);
    if store.admin.stats(&queue).await?.paused {
        tracing::warn!(
            "the queue `{queue}` is paused: nothing comes until `pointsman subscriptions resume NAME`"
        );
    }
    let work = Work { store: &store, queue, settings, follow: args.follow, max: args.max };
    let done = match args.exec {
        Some(command) => {
            let concurrency = args.concurrency.map_or_else(|| configured(context, &work.queue), usize::from);
            exec::run(work, &command, concurrency, context.json, stop).await
        }
        None => lines::run(work, stop).await,
    };
    let closed = store.close().await;
    done.and(closed)
}

/// The most that a subscription of this queue asks for.
fn configured(context: &Context, queue: &QueueName) -> usize {
    let subscriptions = context.config().map(|config| config.all_subscriptions()).unwrap_or_default();
    let of_queue = subscriptions.iter().filter(|it| it.queue() == queue.origin().as_str());
    let asked = of_queue.filter_map(|it| it.concurrency).max().unwrap_or(1);
    usize::try_from(asked).unwrap_or(1)
}
