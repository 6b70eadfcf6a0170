//! `pointsman backup FILE`: one moment of the store in one file, taken beside whoever holds it.

use std::{
    fs,
    io::{self, IsTerminal as _},
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use pointsman_embedded::{BackedUp, backup};
use serde::Serialize;
use tokio::{sync::oneshot, task::spawn_blocking, time::sleep};

use crate::{context::Context, print};

/// How often progress is told.
const EVERY: Duration = Duration::from_millis(500);

/// Words of `backup`.
///
/// The file holds raw deliveries, queues, dead letters and records. It does not hold the configuration or the secrets that
/// it refers to, such as the file webhook-secret in the data folder: keep those as you keep secrets.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write; only its owner may read it
    file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Told {
    file: PathBuf,
    #[serde(flatten)]
    made: BackedUp,
}

/// Takes it.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let config = context.config_if_any()?;
    if config.is_azure() {
        bail!(
            "`backend: azure` keeps nothing on this machine: the storage account has its versions and soft delete; for \
             copies elsewhere use Azure Backup on it"
        );
    }
    if config.is_aws() {
        bail!(
            "`backend: aws` keeps nothing on this machine: the bucket has its versions, and the table its point-in-time \
             recovery; for copies elsewhere use AWS Backup on both"
        );
    }
    let data = config.data;
    let (tell, begun) = oneshot::channel();
    let (file, force) = (args.file.clone(), args.force);
    let started = move |partial: &std::path::Path, about| {
        // Who asked is still there, or the process ends.
        let _ = tell.send((partial.to_owned(), about));
    };
    let taking = spawn_blocking(move || backup(&data, &file, force, started));
    let made = tokio::select! {
        made = taking => made.context("the backup broke off")??,
        never = progress(begun) => match never {},
    };
    if io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    let told = Told { file: args.file, made };
    print::result(context.json, &told, || text(&told))
}

/// On a terminal, one line that grows with the file.
async fn progress(begun: oneshot::Receiver<(PathBuf, u64)>) -> std::convert::Infallible {
    let began = Instant::now();
    if let Ok((partial, about)) = begun.await
        && io::stderr().is_terminal()
    {
        loop {
            sleep(EVERY).await;
            let written = fs::metadata(&partial).map_or(0, |file| file.len());
            eprint!("\r\x1b[K{}", line(written, about, began.elapsed()));
        }
    }
    std::future::pending().await
}

fn line(written: u64, about: u64, took: Duration) -> String {
    let (written, about) = (written.min(about), about.max(1));
    let so_far = format!("{} of about {}", print::size(written), print::size(about));
    if written == about {
        return format!("{so_far}, checking ...");
    }
    let left = took.as_secs().saturating_mul(about - written).checked_div(written);
    left.map_or(format!("{so_far} ..."), |left| format!("{so_far}, {left} s left ..."))
}

fn text(Told { file, made }: &Told) -> String {
    let BackedUp { bytes, contents } = made;
    format!(
        "{}: {bytes} bytes, {contents}\n\
         Not in it: the configuration, and secrets such as the data folder's webhook-secret.\n",
        file.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_how_long_it_will_take() {
        let after = Duration::from_secs(10);
        assert_eq!(line(0, 4_000_000, after), "0 of about 4.0M ...");
        assert_eq!(line(1_000_000, 4_000_000, after), "1.0M of about 4.0M, 30 s left ...");
        assert_eq!(line(5_000_000, 4_000_000, after), "4.0M of about 4.0M, checking ...");
    }
}
