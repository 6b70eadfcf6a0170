//! `pointsman doctor`: looks at a set-up from the configuration to GitHub, and says what to do. Nothing is changed.

mod app;
mod aws;
mod azure;
mod clock;
mod hook;
mod house;
mod installed;
mod repository;
#[cfg(test)]
mod tests;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Result;
use pointsman_core::port::{Clock, Http, Secrets};
use pointsman_env::{Loaded, Origin, SystemClock};
use pointsman_github::Slug;
use serde::Serialize;

use crate::{
    context::Context,
    print::{self, BAD, BOLD, DIM, DOUBT, GOOD},
    store,
};

/// Words of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Look at this repository too: whether the App sees it, and its .github/pointsman.yaml
    #[arg(long, value_name = "OWNER/NAME")]
    repo: Option<Slug>,
    /// Where the server listens [default: the configuration's `listen`]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Warning,
    Failed,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    check: String,
    status: Status,
    seen: String,
    todo: Option<String>,
}

/// All checks so far.
#[derive(Debug, Default)]
struct Findings {
    checks: Vec<Check>,
    /// Stands behind a check's name where there are several Apps.
    of: String,
}

impl Findings {
    fn add(&mut self, status: Status, check: &str, seen: String, todo: Option<String>) {
        self.checks.push(Check { check: format!("{check}{}", self.of), status, seen, todo });
    }

    fn ok(&mut self, check: &str, seen: impl Into<String>) {
        self.add(Status::Ok, check, seen.into(), None);
    }

    fn doubt(&mut self, check: &str, seen: impl Into<String>, todo: impl Into<String>) {
        self.add(Status::Warning, check, seen.into(), Some(todo.into()));
    }

    fn fail(&mut self, check: &str, seen: impl Into<String>, todo: impl Into<String>) {
        self.add(Status::Failed, check, seen.into(), Some(todo.into()));
    }

    fn count(&self, status: Status) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }
}

/// What GitHub is asked with.
#[derive(Clone)]
struct Tools {
    http: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
    secrets: Arc<dyn Secrets>,
    /// Where relative `file:` secrets lie.
    folder: PathBuf,
}

/// Looks at everything; exit status 1 if something failed.
pub async fn run(args: Args, context: &Context) -> Result<ExitCode> {
    let mut found = Findings::default();
    if let Some(loaded) = house::look(&args, context, &mut found).await {
        let tools = Tools {
            http: Arc::new(pointsman_http::Client::default()),
            clock: Arc::new(SystemClock),
            secrets: secrets(&loaded).await,
            folder: folder(&loaded.origin),
        };
        app::look(&loaded.config, args.repo.as_ref(), &tools, &mut found).await;
    }
    print::result(context.json, &found.checks, || shown(&found))?;
    Ok(if found.count(Status::Failed) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Those of the cloud too, where it can be asked; where not, that was told.
async fn secrets(loaded: &Loaded) -> Arc<dyn Secrets> {
    let local = loaded.secrets.clone();
    store::secrets(&loaded.config, local).await.unwrap_or_else(|_| Arc::new(loaded.secrets.clone()))
}

/// The configuration's own.
fn folder(origin: &Origin) -> PathBuf {
    match origin {
        Origin::File(file) => file.parent().unwrap_or(Path::new("")).to_owned(),
        Origin::BuiltIn => PathBuf::new(),
    }
}

fn shown(found: &Findings) -> String {
    let width = found.checks.iter().map(|check| check.check.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for Check { check, status, seen, todo } in &found.checks {
        let (style, word) = match status {
            Status::Ok => (GOOD, "ok"),
            Status::Warning => (DOUBT, "warning"),
            Status::Failed => (BAD, "failed"),
        };
        let mut head = format!("{style}{word:<7}{style:#}  {check:<width$}");
        let below = format!("{:indent$}", "", indent = 9 + width);
        for line in seen.lines() {
            text.push_str(&format!("{head}  {}\n", print::clean(line)));
            head.clone_from(&below);
        }
        for line in todo.iter().flat_map(|todo| todo.lines()) {
            text.push_str(&format!("{below}  {DIM}->{DIM:#} {}\n", print::clean(line)));
        }
    }
    let [fine, doubtful, failed] =
        [Status::Ok, Status::Warning, Status::Failed].map(|status| found.count(status));
    let doubts = if doubtful == 1 { "warning" } else { "warnings" };
    text.push_str(&format!("\n{BOLD}{fine} ok, {doubtful} {doubts}, {failed} failed{BOLD:#}\n"));
    text
}

/// `1 installation`, `2 installations`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
