//! `dead-letters QUEUE purge`: removed for good, after a question.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::{Result, bail};
use pointsman_core::port::{MessageId, Selection};
use serde::Serialize;

use super::{Grave, Which};
use crate::print;

#[derive(Debug, Serialize)]
struct Purged {
    queue: String,
    purged: u64,
}

pub async fn run(grave: &Grave<'_>, which: &Which, yes: bool, json: bool) -> Result<()> {
    grave.check(which).await?;
    let count =
        if which.all { grave.store.admin.stats(&grave.origin).await?.dead } else { which.ids.len() as u64 };
    if !yes && !confirmed(count, grave.origin.as_str())? {
        bail!("nothing was removed");
    }
    let ids = || which.ids.iter().cloned().map(MessageId).collect();
    let selection = if which.all { Selection::All } else { Selection::Only(ids()) };
    let purged = grave.store.admin.purge(&grave.dead, selection).await?;
    let result = Purged { queue: grave.origin.to_string(), purged };
    print::result(json, &result, || format!("{purged} removed from the dead letters of `{}`\n", grave.origin))
}

fn confirmed(count: u64, queue: &str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("{count} dead letters of `{queue}` would be removed for good: say --yes to do it");
    }
    eprint!("Remove {count} dead letters of `{queue}` for good? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
