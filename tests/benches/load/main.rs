//! Load, soak and fault suite: what a host takes at most, how latency grows with load, bursts, and a soak in which
//! everything goes wrong. `scripts/bench load` builds the release programs and starts this.

#![expect(clippy::unwrap_used, reason = "a driver that cannot go on ends")]

#[path = "../../tests/load/app.rs"]
mod app;
mod args;
#[path = "../../tests/on_azure/cloud.rs"]
#[expect(dead_code, reason = "it is asked for other things too where it lies")]
mod cloud;
mod embedded;
#[path = "../../tests/on_azure/identity.rs"]
mod identity;

use std::process::ExitCode;

use app::App;
use args::{Args, Target};
use pointsman_tests::load::{figures::Figures, judge::Verdict, lambda::Lambda, traffic::Traffic};

/// Requests a second that the emulators keep up with, where nothing else is asked for.
const EMULATED: f64 = 4.0;

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
    let kept = runtime.block_on(run(&args));
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(args: &Args) -> bool {
    let (mut traffic, rate) = (Traffic::new(args.seed), args.rate.unwrap_or(EMULATED));
    let (figures, verdict) = match args.target {
        Target::Embedded => return embedded::run(args).await,
        Target::Lambda => Lambda::start(args.seed).await.soak(&mut traffic, args.soak, rate).await,
        Target::Azure => App::start(args.seed).await.soak(&mut traffic, args.soak, rate).await,
    };
    emulated(rate, &figures, &verdict)
}

/// What emulators show: rules, and no speed but their own.
fn emulated(rate: f64, figures: &Figures, verdict: &Verdict) -> bool {
    println!("{rate} requests/s, which is what the emulators bear; latencies are theirs");
    println!("{}\nhostile: {:?}\n{verdict:?}", figures.line(), figures.hostile_ends());
    println!("{}", if verdict.is_clean() { "as it must be" } else { "MISSED" });
    verdict.is_clean()
}
