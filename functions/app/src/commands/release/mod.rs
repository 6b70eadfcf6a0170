//! `pointsman release ...`: what the release stages do, on files at hand. No configuration, data folder or remote needed.

mod set_version;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// Words of `release`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Rewrite one version file in place, as a release would, and print what changed
    SetVersion(set_version::Args),
}

/// Does it.
pub fn run(action: &Action, context: &Context) -> Result<()> {
    match action {
        Action::SetVersion(args) => set_version::run(args, context),
    }
}
