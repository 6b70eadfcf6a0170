//! `dead-letters QUEUE purge`: removed for good, after a question.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::{Result, bail};
use pointsman_core::port::{MessageId, Selection};
use serde::Serialize;

use super::{Grave, Meant, Which, held::Held};
use crate::print;

#[derive(Debug, Serialize)]
struct Purged {
    queue: String,
    purged: u64,
}

pub async fn run(grave: &Grave<'_>, which: &Which, yes: bool, json: bool) -> Result<()> {
    let meant = grave.check(which).await?;
    if !yes && !confirmed(meant, grave.origin.as_str())? {
        bail!("nothing was removed");
    }
    let ids = || which.ids.iter().cloned().map(MessageId).collect();
    let selection = if which.all { Selection::All } else { Selection::Only(ids()) };
    let held = grave.each_held(which, Held::Purge).await?;
    let purged = held + grave.store.admin.purge(&grave.dead, selection).await?;
    let result = Purged { queue: grave.origin.to_string(), purged };
    print::result(json, &result, || format!("{purged} removed from the dead letters of `{}`\n", grave.origin))
}

fn confirmed(Meant { dead, held }: Meant, queue: &str) -> Result<bool> {
    let count = match (dead, held) {
        (dead, 0) => format!("{dead} dead letters"),
        (0, held) => format!("{held} held messages"),
        (dead, held) => format!("{dead} dead letters and {held} held messages"),
    };
    if !io::stdin().is_terminal() {
        bail!("{count} of `{queue}` would be removed for good: say --yes to do it");
    }
    eprint!("Remove {count} of `{queue}` for good? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
