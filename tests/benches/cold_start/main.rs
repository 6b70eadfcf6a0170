//! How a function starts on Lambda, the Runtime API and AWS played on loopback: intake against the least function there is,
//! release programs of the same profile, alternating in one run.
//!
//! `scripts/bench cold-start` builds them and starts this.

mod aws;
mod run;

use std::{env, io::Write as _, path::Path, process::ExitCode, time::Duration};

use flate2::{Compression, write::DeflateEncoder};
use run::{Function, Run};

/// Starts of each program.
const STARTS: usize = 25;
/// Invocations of one that is warm.
const WARM: u32 = 1_000;
/// The other stages.
const OTHERS: [&str; 5] = ["recover", "replay", "erase", "release-orchestrator", "release-automator"];
const CONFIG: &str = "backend: aws\n\
    sources: {github: {secrets: ['aws-sm:hook']}}\n\
    subscriptions: [{name: all, events: ['*']}]\n\
    release: {enabled: false}\n";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let starts = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(STARTS);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("pointsman.yaml");
    std::fs::write(&config, CONFIG).expect("a folder that can be written");
    let aws = aws::Aws::start(folder.path(), run::secret());
    let function = |name| Function::new(name, &config, &aws.variables);

    let (hello, intake) = (function("hello"), function("intake"));
    let (mut hellos, mut intakes) = (Vec::new(), Vec::new());
    for _ in 0..starts {
        hellos.push(hello.run(2));
        intakes.push(intake.run(2));
    }
    let mut good = compared(&Figures::of(&hellos, &hello), &Figures::of(&intakes, &intake), starts);
    good &= warm(&hello, &intake);
    if args.iter().any(|arg| arg == "--all") {
        println!("\n{:<22}{:>9}{:>10}{:>10}{:>10}", "", "init ms", "peak MB", "MB", "zipped");
        for name in OTHERS {
            let function = function(name);
            let runs: Vec<Run> = (0..starts).map(|_| function.run(0)).collect();
            let told = Figures::of(&runs, &function);
            println!(
                "{name:<22}{:>9.2}{:>10.1}{:>10.1}{:>10.1}",
                told.init, told.memory, told.size, told.zipped
            );
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Medians, in ms and MB.
struct Figures {
    init: f64,
    first: f64,
    second: f64,
    memory: f64,
    size: f64,
    zipped: f64,
}

impl Figures {
    fn of(runs: &[Run], function: &Function) -> Self {
        let nth = |n: usize| median(runs.iter().filter_map(|run| run.invocations.get(n)).map(ms));
        let (size, zipped) = sizes(&function.program);
        Self {
            init: median(runs.iter().map(|run| ms(&run.init))),
            first: nth(0),
            second: nth(1),
            memory: runs.iter().map(|run| run.memory as f64 / 1e6).fold(0.0, f64::max),
            size,
            zipped,
        }
    }

    fn told(&self, name: &str) {
        println!(
            "{name:<14}{:>9.2}{:>10.2}{:>11.2}{:>10.1}{:>10.1}{:>10.1}",
            self.init, self.first, self.second, self.memory, self.size, self.zipped
        );
    }
}

fn compared(hello: &Figures, intake: &Figures, starts: usize) -> bool {
    println!("medians of {starts} starts; webhooks of 10 kB; x86-64 or what this machine is");
    println!(
        "{:<14}{:>9}{:>10}{:>11}{:>10}{:>10}{:>10}",
        "", "init ms", "first ms", "second ms", "peak MB", "MB", "zipped"
    );
    hello.told("hello world");
    intake.told("intake");
    let start = intake.init + intake.first - hello.init - hello.first;
    let bars = [
        ("init, of hello world's", intake.init / hello.init, 1.5),
        ("first invocation over the second, ms", intake.first - intake.second, 10.0),
        ("init and first invocation over hello world's, ms", start, 15.0),
        ("peak memory, MB", intake.memory, 20.0),
        ("program, MB", intake.size, 14.0),
        ("zipped, MB", intake.zipped, 6.0),
    ];
    bars.map(|(what, measured, bar)| told(what, measured, bar)).into_iter().all(|good| good)
}

/// A warm invocation's work: its time on a processor, which is all but waiting for answers, and of it what is not the kernel's
/// (sockets, mostly).
fn warm(hello: &Function, intake: &Function) -> bool {
    let (hello, intake) = (hello.run(WARM), intake.run(WARM));
    let middle = |of: &[Duration]| median(of.iter().skip(run::COLD).map(ms));
    let own = |run: &Run| ms(&run.own) / (run.work.len() - run::COLD) as f64;
    println!(
        "warm, {WARM} webhooks: {:.2} ms to the answer, {:.3} on a processor (hello world {:.3}); of it in its own code {:.3} \
         (hello world {:.3})",
        middle(&intake.invocations),
        middle(&intake.work),
        middle(&hello.work),
        own(&intake),
        own(&hello)
    );
    told("warm: own code, TLS and signing too, ms", own(&intake), 0.3)
}

fn told(what: &str, measured: f64, bar: f64) -> bool {
    let good = measured <= bar;
    println!("{what:<50}{measured:>8.2}   bar {bar:>5}{}", if good { "" } else { "   MISSED" });
    good
}

/// A program's size, and that of it deflated as a zip has it, in MB.
fn sizes(program: &Path) -> (f64, f64) {
    let bytes = std::fs::read(program).expect("a program that was built");
    let mut zip = DeflateEncoder::new(Vec::new(), Compression::default());
    let zipped = zip.write_all(&bytes).and_then(|()| zip.finish()).expect("writing to memory");
    (bytes.len() as f64 / 1e6, zipped.len() as f64 / 1e6)
}

fn ms(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
