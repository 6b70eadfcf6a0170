//! The `pointsman` command: the local host and the CLI. A command's way: `cli` (its words) -> `commands/<name>.rs`.

mod cli;
mod commands;
mod context;
mod print;
mod signals;
mod store;
mod stored;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Intake makes and drops some 10 kB blocks a request from several threads: half again as fast as the system's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
