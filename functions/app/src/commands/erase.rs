//! `pointsman erase`: everything of one repository or one installation. Tells what there is; with `--apply` it goes.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::{Result, bail};
use pointsman_core::facts::Repository;
use pointsman_env::SystemClock;
use pointsman_erase::{Place, Ports, Removed, Scope, erase};
use serde::Serialize;

use crate::{
    context::Context,
    print::{self, Progress},
    store::Store,
};

/// Words of `erase`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    whose: Whose,
    /// Remove it for good; without this it is only told what there is
    #[arg(long)]
    apply: bool,
    /// Without asking
    #[arg(long, requires = "apply")]
    yes: bool,
}

/// Whose things.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// All of this repository; case does not count
    #[arg(long, value_name = "OWNER/NAME", value_parser = repository)]
    repo: Option<Repository>,
    /// All of this installation of a GitHub App, by its number
    #[arg(long, value_name = "ID")]
    installation: Option<u64>,
}

impl Whose {
    fn scope(self) -> Scope {
        match (self.repo, self.installation) {
            (Some(repository), _) => Scope::Repository(repository),
            (None, id) => Scope::Installation(id.expect("clap sees to it that one of both is given")),
        }
    }
}

fn repository(text: &str) -> Result<Repository, String> {
    let one = text.matches('/').count() == 1 && !text.contains(char::is_whitespace);
    Repository::parse(text).filter(|_| one).ok_or_else(|| "no repository: write owner/name".into())
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    scope: &'a Scope,
    applied: bool,
    #[serde(flatten)]
    removed: Removed,
}

/// Does it.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let store = context.store("pointsman erase").await?;
    let done = told(args, context, &store).await;
    let closed = store.close().await;
    done.and(closed)
}

async fn told(args: Args, context: &Context, store: &Store) -> Result<()> {
    let (apply, yes, scope) = (args.apply, args.yes, args.whose.scope());
    let mut removed = Removed::default();
    if !yes {
        removed = work(&scope, store, true).await?;
    }
    if apply && !yes && removed.total() > 0 && !confirmed(&scope, &removed)? {
        bail!("nothing was removed");
    }
    if apply {
        removed = work(&scope, store, false).await?;
    }
    let told = Told { scope: &scope, applied: apply, removed };
    print::result(context.json, &told, || shown(&scope, apply, &removed))
}

async fn work(scope: &Scope, store: &Store, dry_run: bool) -> Result<Removed> {
    let ports = Ports {
        archive: store.archive.clone(),
        queues: store.admin.clone(),
        records: store.records.clone(),
        clock: std::sync::Arc::new(SystemClock),
    };
    let mut progress = Progress::new("messages and deliveries looked at");
    let mut shown = 0;
    let mut tell = |place: Place<'_>| {
        (shown..place.looked).for_each(|_| progress.step());
        shown = place.looked;
    };
    Ok(erase(scope, &ports, dry_run, &mut tell).await?)
}

fn confirmed(scope: &Scope, found: &Removed) -> Result<bool> {
    let question = format!("{} things of {scope}", found.total());
    if !io::stdin().is_terminal() {
        bail!("{question} would be removed for good: say --yes to do it");
    }
    eprint!("{}Remove all of it for good? [y/N] ", shown(scope, true, found));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn shown(scope: &Scope, applied: bool, removed: &Removed) -> String {
    let Removed { archive, rejected, records, waiting, dead, held_back, unreadable, unseen } = *removed;
    let mut text = if removed.total() == 0 {
        format!("Nothing is kept of {scope}.\n")
    } else {
        let rows = [
            ("raw deliveries", archive),
            ("refused deliveries", rejected),
            ("records", records),
            ("waiting messages", waiting),
            ("dead letters", dead),
        ];
        let rows: Vec<_> =
            rows.into_iter().map(|(what, count)| vec![what.into(), count.to_string()]).collect();
        print::table(&[&format!("of {scope}"), if applied { ">removed" } else { ">there" }], &rows)
    };
    if held_back > 0 {
        let what = if held_back == 1 { "message is" } else { "messages are" };
        text += &format!("{held_back} {what} held by a receiver: run this again once it has handled them.\n");
    }
    if unreadable > 0 {
        let what = if unreadable == 1 { "delivery" } else { "deliveries" };
        text +=
            &format!("{unreadable} {what} cannot be read, and may be anybody's: retention removes them.\n");
    }
    if unseen > 0 {
        let what = if unseen == 1 { "queue shows" } else { "queues show" };
        text += &format!(
            "{unseen} {what} what waits to receivers alone: messages of it stay until they are handled, or for 14 days.\n"
        );
    }
    if !applied && removed.total() > 0 {
        text += "Nothing was removed: --apply removes it.\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(applied: bool, removed: Removed) -> String {
        let scope = Scope::Repository(Repository::parse("Acme/Web").unwrap());
        anstream::adapter::strip_str(&shown(&scope, applied, &removed)).to_string()
    }

    #[test]
    fn what_is_there_what_went_and_what_did_not_is_told() {
        let removed = Removed { archive: 1200, records: 3, dead: 1, ..Removed::default() };
        let rows = "raw deliveries       1200\nrefused deliveries      0\nrecords                 3\n\
                    waiting messages        0\ndead letters            1\n";
        assert_eq!(
            plain(false, removed),
            format!("of acme/web         there\n{rows}Nothing was removed: --apply removes it.\n")
        );
        let held = Removed { held_back: 2, unreadable: 1, ..removed };
        assert_eq!(
            plain(true, held).lines().skip(6).collect::<Vec<_>>(),
            [
                "2 messages are held by a receiver: run this again once it has handled them.",
                "1 delivery cannot be read, and may be anybody's: retention removes them."
            ]
        );
        assert_eq!(plain(true, Removed::default()), "Nothing is kept of acme/web.\n");
    }

    #[test]
    fn a_repository_is_written_owner_and_name() {
        for wrong in ["", "acme", "acme/", "/web", "acme/web/issues", "acme/ web", "https://x/acme/web"] {
            assert_eq!(repository(wrong).unwrap_err(), "no repository: write owner/name", "{wrong}");
        }
        assert_eq!(repository("Acme/Web").unwrap().full_name(), "acme/web");
    }
}
