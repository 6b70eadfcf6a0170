//! The `pointsman` command: the local host and the CLI. A command's way: `cli` (its words) -> `commands/<name>.rs`.

mod cli;
mod commands;
mod context;
mod print;
mod signals;
mod store;
mod stored;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
