//! A replay of 100,000 archived deliveries by the release program, as a user runs it; beside it plain sends of as many
//! messages of that size, on the same disk in the same run.
//!
//! `scripts/bench replay` builds the release program and starts this.

use std::{
    path::Path,
    process::{Command, ExitCode, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use pointsman_conformance::WallClock;
use pointsman_core::{
    config,
    outcome::Outcome,
    pipeline::{self, Request},
    port::{Body, Message, QueueName},
    rules::Rules,
};
use pointsman_embedded::{Options, Store};
use pointsman_env::EnvSecrets;
use pointsman_tests::{delivery_id, fixtures, server, sign};

const DELIVERIES: u32 = 100_000;
/// Pull requests, in this many repositories each.
const SESSIONS: u32 = 2_000;
const BATCH: usize = 256;
/// What it must reach: deliveries a second, and MB.
const BAR: f64 = 5_000.0;
const MEMORY: f64 = 64.0;
const SOURCE: &str = "sources: {github: {secrets: ['literal:s']}}\n";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let count = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(DELIVERIES);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let payload = payload();
    println!("{count} deliveries of {} bytes in {SESSIONS} sessions, over a day", body(&payload, 0).len());
    runtime.block_on(fill(&data, &payload, count));
    let floor = runtime.block_on(sends(&folder.path().join("floor"), &payload, count));
    println!("plain sends           {floor:>8.0} messages/s");
    drop(runtime);

    let config = folder.path().join("pointsman.yaml");
    let text = format!("{SOURCE}subscriptions: [{{name: late, events: ['*']}}]\n");
    std::fs::write(&config, text).expect("a folder that can be written");
    let mut good = true;
    for (what, id) in [("to a late subscription", "late"), ("to one that had it", "again")] {
        let (time, memory) = replay(&config, &data, id, count);
        let speed = f64::from(count) / time.as_secs_f64();
        good &= speed >= BAR && memory <= MEMORY;
        println!(
            "{what:<22}{speed:>7.0} deliveries/s   {memory:.1} MB at most   {:.2} of the plain sends",
            speed / floor
        );
    }
    println!("bars: {BAR:.0} deliveries/s, {MEMORY:.0} MB");
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A real payload whose pull request is another each time.
fn payload() -> serde_json::Value {
    let mut all = fixtures::github().filter(|payload| payload.event == "issues");
    let found = all.find(|payload| (6_000..14_000).contains(&payload.bytes.len()));
    serde_json::from_slice(&found.expect("a fixture of that size").bytes).expect("fixtures are JSON")
}

fn body(payload: &serde_json::Value, n: u32) -> Bytes {
    let mut payload = payload.clone();
    payload["issue"]["number"] = (n % SESSIONS).into();
    payload["issue"]["title"] = format!("The {n}th of them").into();
    serde_json::to_vec(&payload).expect("JSON").into()
}

/// Takes them in; nobody wants them yet.
async fn fill(data: &Path, payload: &serde_json::Value, count: u32) {
    let config = config::parse(SOURCE).expect("a configuration").config;
    let store = Store::open(data, Options::new(Arc::new(WallClock), "a benchmark")).await.expect("a store");
    let rules = Rules::load(&config, &EnvSecrets::new(".")).await.expect("rules");
    let all = store.ports();
    let ports = pipeline::Ports {
        ledger: all.ledger,
        archive: all.archive,
        clock: Arc::new(WallClock),
        inline: Default::default(),
    };
    let (rules, ports) = (&rules, &ports);
    let begin = Timestamp::now() - SignedDuration::from_hours(25);
    let take = |n: u32| async move {
        let time = begin + SignedDuration::from_millis(i64::from(n) * 86_400_000 / i64::from(count));
        let (id, body) = (delivery_id(time, n), body(payload, n));
        let signature = sign("s", &body);
        let headers = [
            ("content-type", "application/json"),
            ("x-github-event", "issues"),
            ("x-github-delivery", id.as_str()),
            ("x-github-hook-id", "42"),
            ("x-hub-signature-256", signature.as_str()),
            ("user-agent", "GitHub-Hookshot/0000000"),
        ];
        let request = Request {
            source: "github".into(),
            headers: headers.into_iter().collect(),
            body,
            peer: [127, 0, 0, 1].into(),
        };
        let taken = pipeline::ingest(request, rules, ports).await.expect("a store that works");
        assert!(matches!(taken, Outcome::Done(_)), "{taken:?}");
    };
    stream::iter(0..count).map(take).buffer_unordered(256).collect::<Vec<()>>().await;
    store.close().await;
}

/// Messages of the same bytes, in batches as a replay's, one after another.
async fn sends(data: &Path, payload: &serde_json::Value, count: u32) -> f64 {
    let queue: QueueName = "late".parse().expect("a name");
    let options = Options::new(Arc::new(WallClock), "a benchmark");
    let options = options.with_queues([(queue.clone(), Default::default())]);
    let store = Store::open(data, options).await.expect("a store");
    let message = |n: u32| Message {
        body: Body { head: vec![b'h'; 700].into(), shared: body(payload, n), tail: Bytes::from_static(b"}") },
        session: Some(format!("octo/hello/issue/{}", n % SESSIONS).as_str().into()),
        dedup_id: format!("{n:064}"),
        correlation: Some(n.to_string()),
        ..Message::default()
    };
    let (mut sending, all) = (Duration::ZERO, (0..count).collect::<Vec<_>>());
    for batch in all.chunks(BATCH) {
        let messages = batch.iter().map(|n| message(*n)).collect();
        let started = Instant::now();
        let sent = store.ports().queue.send(&queue, messages).await;
        sending += started.elapsed();
        assert!(sent.iter().all(Result::is_ok));
    }
    store.close().await;
    f64::from(count) / sending.as_secs_f64()
}

/// How long it takes from start to end of the program, and the most memory that it held, in MB.
fn replay(config: &Path, data: &Path, id: &str, count: u32) -> (Duration, f64) {
    let started = Instant::now();
    let mut child = Command::new(server::binary())
        .args(["replay", "--apply", "--rate", "0", "--since", "2d", "--json", "--id", id, "--config"])
        .arg(config)
        .arg("--data")
        .arg(data)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut memory = 0.0_f64;
    while child.try_wait().expect("a child").is_none() {
        memory = memory.max(most(child.id()));
        thread::sleep(Duration::from_millis(5));
    }
    let time = started.elapsed();
    let output = child.wait_with_output().expect("a child");
    assert!(output.status.success(), "the replay failed");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["counts"]["sent"], count, "{told}");
    (time, memory)
}

/// The most memory that a process has held, in MB (Linux).
fn most(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes.unwrap_or(0.0_f64) / 1e3
}
