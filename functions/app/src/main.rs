//! The `pointsman` command: the local host and the CLI. A command's way: `cli` (its words) -> `commands/<name>.rs`.

mod asked;
mod cli;
mod commands;
mod context;
mod exported;
mod keeping;
mod logs;
mod print;
mod recovery;
mod releases;
mod replays;
mod sample;
mod signals;
mod store;
mod task;
mod wanted;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Intake makes blocks on one thread and drops them on another, a hundred a request: this one is good at that.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
