//! `pointsman completions SHELL`: made from the same words as the help.

use std::io;

use anyhow::Result;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;

/// Words of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub fn run(args: &Args) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "pointsman", &mut script);
    io::Write::write_all(&mut io::stdout(), &script)?;
    Ok(())
}
