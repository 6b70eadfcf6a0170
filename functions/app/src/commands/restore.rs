//! `pointsman restore FILE`: a backup becomes the store; what was there is kept aside.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use pointsman_embedded::{Restored, restore};
use serde::Serialize;
use tokio::task::spawn_blocking;

use crate::{context::Context, print};

/// Words of `restore`.
///
/// No server may run on the data folder meanwhile. The configuration and its secrets are not in a backup: put back
/// webhook-secret too where the server made it, or GitHub's signatures will not fit.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file that `pointsman backup` wrote
    file: PathBuf,
    /// Also where there is a store with something in it: that one is kept aside
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Told {
    data: PathBuf,
    #[serde(flatten)]
    restored: Restored,
}

/// Puts it back.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let config = context.config_if_any()?;
    if config.is_azure() {
        bail!(
            "a backup becomes the store of this machine, which `backend: azure` has not: bring the containers' earlier \
             versions back on Azure, then run pointsman recover --since 72h --missing --apply"
        );
    }
    if config.is_aws() {
        bail!(
            "a backup becomes the store of this machine, which `backend: aws` has not: bring the bucket's versions and the \
             table's point in time back on AWS, then run pointsman recover --since 72h --missing --apply"
        );
    }
    let data = config.data;
    let folder = data.clone();
    let restoring = spawn_blocking(move || restore(&args.file, &folder, args.force));
    let restored = restoring.await.context("the restore broke off; see what is in the data folder")??;
    let told = Told { data, restored };
    print::result(context.json, &told, || text(&told))
}

fn text(Told { data, restored }: &Told) -> String {
    let mut text = format!("{}: {}\n", data.display(), restored.contents);
    if let Some(before) = &restored.before {
        text.push_str(&format!("The store that was there is kept: {}\n", before.display()));
    }
    text + "What came in after the backup: pointsman recover --since 72h --missing --apply asks GitHub for it.\n"
}

#[cfg(test)]
mod tests {
    use pointsman_embedded::Contents;

    use super::*;

    #[test]
    fn it_tells_what_is_there_now_and_where_the_old_store_lies() {
        let contents = Contents { deliveries: 4, messages: 3, dead: 2, records: 1 };
        let restored = Restored { contents, before: Some("d/store.db.before-restore".into()) };
        assert_eq!(
            text(&Told { data: "d".into(), restored }),
            "d: 4 deliveries, 3 messages, 2 dead letters, 1 records\n\
             The store that was there is kept: d/store.db.before-restore\n\
             What came in after the backup: pointsman recover --since 72h --missing --apply asks GitHub for it.\n"
        );
    }
}
