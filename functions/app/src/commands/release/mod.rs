//! `pointsman release ...`: what the release stages do, on files at hand. No configuration, data folder or remote needed.

mod clone;
mod explain;
mod git;
mod github;
mod plan;
mod set_version;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// Words of `release`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// What would be released from a repository, and why; nothing is written
    Plan(plan::Args),
    /// How a commit's message is read
    Explain(explain::Args),
    /// Rewrite one version file in place, as a release would, and print what changed
    SetVersion(set_version::Args),
}

/// Does it.
pub async fn run(action: Action, context: &Context) -> Result<()> {
    match action {
        Action::Plan(args) => plan::run(args, context).await,
        Action::Explain(args) => explain::run(&args, context),
        Action::SetVersion(args) => set_version::run(&args, context),
    }
}
