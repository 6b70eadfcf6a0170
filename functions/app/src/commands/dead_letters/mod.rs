//! `pointsman dead-letters [QUEUE]`: what died there or is held for a person, why, and what shall become of it.

mod bury;
mod held;
mod list;
mod overview;
mod purge;
mod retry;
mod show;

use anyhow::{Result, anyhow, bail};
use clap::Subcommand;
use pointsman_core::port::{MessageId, Peeked, QueueName};

use crate::{
    context::{Context, known_queue},
    print::Progress,
    store::Store,
};

/// How many are looked at in one go: a body may have 25 MB.
const PAGE: usize = 32;

/// Words of `dead-letters`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The queue in which they died [default: all queues are looked at]
    queue: Option<String>,
    #[command(subcommand)]
    action: Option<Action>,
}

/// What to do with them.
#[derive(Debug, Subcommand)]
enum Action {
    /// All of them by reason and age, and what is held for a person (the default)
    List,
    /// One with its error and its event
    Show {
        /// Its id, as listed
        id: String,
    },
    /// Send them to their queue again, in order; what is held for a person is tried again where it is
    Retry(Which),
    /// Give held ones up: each becomes a dead letter, and its session goes on
    Bury(Which),
    /// Remove them for good
    Purge {
        #[command(flatten)]
        which: Which,
        /// Without asking
        #[arg(long)]
        yes: bool,
    },
}

/// Which ones.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// Their ids, as listed
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Every one
    #[arg(long)]
    all: bool,
}

/// Does it.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let store = context.store("pointsman dead-letters").await?;
    let done = match (args.queue, args.action) {
        (Some(queue), action) => of_queue(&queue, action.unwrap_or(Action::List), &store, context).await,
        (None, None | Some(Action::List)) => overview::run(&store, context.json).await,
        (None, Some(_)) => Err(anyhow!(
            "of which queue? `pointsman dead-letters` lists those with something in them; then \
             `pointsman dead-letters QUEUE ...`"
        )),
    };
    let closed = store.close().await;
    done.and(closed)
}

async fn of_queue(queue: &str, action: Action, store: &Store, context: &Context) -> Result<()> {
    let origin = known_queue(store, queue).await?.origin();
    let grave = Grave { dead: origin.dead_letters(), origin, store };
    match action {
        Action::List => list::run(&grave, context.json).await,
        Action::Show { id } => show::run(&grave, id, context.json).await,
        Action::Retry(which) => retry::run(&grave, &which, context.json).await,
        Action::Bury(which) => bury::run(&grave, &which, context.json).await,
        Action::Purge { which, yes } => purge::run(&grave, &which, yes, context.json).await,
    }
}

/// How many are meant.
#[derive(Debug, Clone, Copy)]
struct Meant {
    dead: u64,
    held: u64,
}

/// A queue's dead letters, and those that are held in it.
struct Grave<'a> {
    store: &'a Store,
    origin: QueueName,
    dead: QueueName,
}

impl Grave<'_> {
    /// Hands every one to `look`, in the order in which they died, until it has seen enough (`false`).
    async fn each(&self, mut look: impl FnMut(Peeked) -> bool) -> Result<()> {
        let mut progress = Progress::new("dead letters");
        let mut after = None;
        loop {
            let page = self.page(after.as_ref()).await?;
            after = page.last().map(|letter| letter.id.clone());
            let full = page.len() == PAGE;
            for letter in page {
                progress.step();
                if !look(letter) {
                    return Ok(());
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// Says how many there are that were not shown.
    async fn tell_unseen(&self, shown: usize) -> Result<()> {
        if self.store.shows_all() {
            return Ok(());
        }
        let there = self.store.admin.stats(&self.origin).await?.dead;
        let more = there.saturating_sub(shown as u64);
        if more > 0 {
            tracing::warn!(
                "`{}` has {more} more dead letters: of a session SQS shows the first ten, the next once these are gone; \
                 retry and purge with --all take all of them",
                self.origin
            );
        }
        Ok(())
    }

    async fn page(&self, after: Option<&MessageId>) -> Result<Vec<Peeked>> {
        Ok(self.store.admin.peek(&self.dead, after, PAGE).await?)
    }

    /// The dead and the held ones among those meant. An id that nothing answers to is an error before anything is done.
    async fn check(&self, which: &Which) -> Result<Meant> {
        let held = self.held().await?;
        if which.all {
            let dead = self.store.admin.stats(&self.origin).await?.dead;
            return Ok(Meant { dead, held: held.len() as u64 });
        }
        let mut missing: Vec<&str> = which.ids.iter().map(String::as_str).collect();
        missing.retain(|id| !held.iter().any(|message| message.id.0 == *id));
        let held = (which.ids.len() - missing.len()) as u64;
        let dead = missing.len() as u64;
        if !missing.is_empty() {
            self.each(|letter| {
                missing.retain(|id| *id != letter.id.0);
                !missing.is_empty()
            })
            .await?;
        }
        if !missing.is_empty() {
            let (missing, origin) = (missing.join(", "), &self.origin);
            bail!(
                "no dead letter {missing} in `{origin}`; `pointsman dead-letters {origin}` lists what there is"
            );
        }
        Ok(Meant { dead, held })
    }
}

impl Which {
    fn takes(&self, letter: &Peeked) -> bool {
        self.has(&letter.id)
    }

    fn has(&self, id: &MessageId) -> bool {
        self.all || self.ids.contains(&id.0)
    }
}
