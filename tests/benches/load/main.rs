//! Load, soak and fault suite: what a host takes at most, how latency grows with load, bursts, and a soak in which
//! everything goes wrong. `scripts/bench load` builds the release programs and starts this.

mod args;
mod embedded;

use std::process::ExitCode;

use args::Args;

fn main() -> ExitCode {
    let args = match Args::read(std::env::args().skip(1).filter(|arg| arg != "--bench")) {
        Ok(args) => args,
        Err(why) => {
            eprintln!("{why}\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let kept = runtime.block_on(embedded::run(&args));
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
