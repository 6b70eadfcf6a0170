//! What the queue can do on this machine, each figure beside what it is to be compared with, in one run:
//! `cargo bench -p pointsman-embedded --bench queue [-- --quick]`. Each measurement is a process of its own.

mod drive;

use std::{
    io::{Seek as _, Write as _},
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use drive::{Figures, Load};
use pointsman_core::port::{Message, Queue as _, QueueSettings};
use pointsman_embedded::{Options, Store};

/// Messages, and those that lie there when the store is full, in this many sessions.
const MESSAGES: (usize, usize) = (200_000, 20_000);
const WAITING: (usize, usize) = (1_000_000, 50_000);
const SESSION_SIZE: usize = 10;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["measure", folder, queue, messages] => {
            let messages = messages.parse().expect("a number");
            runtime.block_on(measure(Path::new(folder), queue, messages));
        }
        ["fill", folder, messages] => {
            runtime.block_on(fill(Path::new(folder), messages.parse().expect("a number")));
        }
        [] => report(MESSAGES.0, WAITING.0),
        ["--quick"] => report(MESSAGES.1, WAITING.1),
        _ => eprintln!("usage: queue [--quick]"),
    }
}

fn report(messages: usize, waiting: usize) {
    let folder = tempfile::tempdir().expect("a folder for the store");
    let path = folder.path().to_str().expect("a plain path");
    let count = messages.to_string();
    println!("disk: sync of 64 kB {}", floor(folder.path()));
    let empty = child(&["measure", path, "work", &count]);
    println!("empty:\n{empty}");
    println!("fill: {}", child(&["fill", path, &waiting.to_string()]));
    let full = child(&["measure", path, "work", &count]);
    println!("{waiting} waiting in other sessions:\n{full}");
    let same = child(&["measure", path, "backlog", &count]);
    println!("{waiting} waiting in the same queue:\n{same}");
    let rate = |text: &str| Figures::read(text, "messages/s");
    println!("full / empty, messages/s: {:.2}", rate(&full) / rate(&empty));
    println!("same queue full / empty, messages/s: {:.2}", rate(&same) / rate(&empty));
    let p99 = |text: &str| Figures::read(text, "p99 ms");
    println!("full / empty, p99: {:.2}", p99(&full) / p99(&empty));
}

fn child(args: &[&str]) -> String {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args(args).output().expect("this program again");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// What a sync costs here: nothing durable is faster.
fn floor(folder: &Path) -> String {
    let mut file = std::fs::File::create(folder.join("floor")).expect("a file");
    let block = vec![7_u8; 65_536];
    let mut times: Vec<_> = (0..300)
        .map(|round| {
            if round % 50 == 0 {
                file.rewind().expect("a seek");
            }
            file.write_all(&block).expect("room on the disk");
            let start = Instant::now();
            file.sync_data().expect("a sync");
            start.elapsed()
        })
        .collect();
    times.sort();
    format!("p50 {:.2?}, p99 {:.2?}", times[150], times[297])
}

async fn open(folder: &Path) -> Store {
    let queues =
        ["work", "backlog"].map(|queue| (queue.parse().expect("a queue's name"), QueueSettings::default()));
    let options =
        Options::new(Arc::new(pointsman_conformance::WallClock), "the queue benchmark").with_queues(queues);
    Store::open(folder, options).await.expect("a store")
}

async fn measure(folder: &Path, queue: &str, messages: usize) {
    let before = Instant::now();
    let store = open(folder).await;
    println!("  start ms: {}", before.elapsed().as_millis());
    println!("  resident MB after the start: {}", drive::resident_mb());
    let load = Load { store: store.clone(), queue: queue.parse().expect("a queue's name"), messages };
    println!("  messages/s: {:.0}", load.throughput().await);
    if queue == "work" {
        let (p50, p99) = load.latency(5_000, Duration::from_secs(5)).await;
        println!("  at 5000/s: p50 ms: {p50:.2} p99 ms: {p99:.2}");
    }
    println!("  resident MB at the end: {}", drive::resident_mb());
    store.close().await;
}

async fn fill(folder: &Path, messages: usize) {
    let store = open(folder).await;
    let start = Instant::now();
    let queue = "backlog".parse().expect("a queue's name");
    let sessions = messages / SESSION_SIZE;
    let numbers: Vec<usize> = (0..messages).collect();
    for chunk in numbers.chunks(500) {
        let batch = chunk.iter().map(|number| {
            let session = number % sessions;
            let session = format!("acme/repository-{}/pull_request/{session}", session % 97);
            Message {
                dedup_id: format!("waiting {number}"),
                session: Some(session.as_str().into()),
                body: vec![b'x'; 1024].into(),
                ..Message::default()
            }
        });
        for sent in store.send(&queue, batch.collect()).await {
            sent.expect("room on the disk");
        }
    }
    println!("{:.0} messages/s", messages as f64 / start.elapsed().as_secs_f64());
    store.close().await;
}
