//! `pointsman dead-letters QUEUE`: what died there, why, and what shall become of it.

mod list;
mod purge;
mod retry;
mod show;

use anyhow::{Result, bail};
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
    /// The queue in which they died
    queue: String,
    #[command(subcommand)]
    action: Option<Action>,
}

/// What to do with them.
#[derive(Debug, Subcommand)]
enum Action {
    /// All of them by reason and age (the default)
    List,
    /// One with its error and its event
    Show {
        /// Its id, as listed
        id: String,
    },
    /// Send them to their queue again, in order
    Retry(Which),
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
    let origin = known_queue(&store, &args.queue).await?.origin();
    let grave = Grave { dead: origin.dead_letters(), origin, store: &store };
    let done = match args.action.unwrap_or(Action::List) {
        Action::List => list::run(&grave, context.json).await,
        Action::Show { id } => show::run(&grave, id, context.json).await,
        Action::Retry(which) => retry::run(&grave, &which, context.json).await,
        Action::Purge { which, yes } => purge::run(&grave, &which, yes, context.json).await,
    };
    let closed = store.close().await;
    done.and(closed)
}

/// A queue's dead letters.
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

    async fn page(&self, after: Option<&MessageId>) -> Result<Vec<Peeked>> {
        Ok(self.store.admin.peek(&self.dead, after, PAGE).await?)
    }

    /// An id that nothing answers to is an error before anything is done.
    async fn check(&self, which: &Which) -> Result<()> {
        let mut missing: Vec<&str> = which.ids.iter().map(String::as_str).collect();
        if which.all {
            return Ok(());
        }
        self.each(|letter| {
            missing.retain(|id| *id != letter.id.0);
            !missing.is_empty()
        })
        .await?;
        if !missing.is_empty() {
            let (missing, origin) = (missing.join(", "), &self.origin);
            bail!(
                "no dead letter {missing} in `{origin}`; `pointsman dead-letters {origin}` lists what there is"
            );
        }
        Ok(())
    }
}

impl Which {
    fn takes(&self, letter: &Peeked) -> bool {
        self.all || self.ids.contains(&letter.id.0)
    }
}
