//! Intake on the embedded host against a bare warp server, both loaded by `wrk` from outside in one run.
//!
//! `scripts/bench intake` builds the release program, installs `wrk` and starts this.

mod bare;
mod disk;
mod load;
mod steady;

use std::{env, path::PathBuf, process::ExitCode, time::Duration};

use pointsman_tests::{fixtures, server::Server, sign};

/// Bytes of the payload that is sent.
const PAYLOAD: usize = 10_000;
const CONNECTIONS: usize = 64;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.first().is_some_and(|arg| arg == "bare") {
        bare::serve(args.get(1).map_or("", String::as_str));
        return ExitCode::SUCCESS;
    }
    let seconds = args.first().and_then(|arg| arg.parse().ok()).unwrap_or(10);
    compare(Duration::from_secs(seconds));
    ExitCode::SUCCESS
}

fn compare(time: Duration) {
    let secret = "a secret of the benchmark";
    let body = fixtures::pull_request(PAYLOAD);
    let signature = sign(secret, &body);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("pointsman.yaml");
    let text = format!(
        "sources: {{github: {{secrets: ['literal:{secret}']}}}}\nsubscriptions: [{{name: all, events: ['*']}}]\n"
    );
    std::fs::write(&config, text).expect("a folder that can be written");
    let script = load::script(folder.path(), &body, &signature);

    let bare = bare::Bare::start(secret);
    let floor = load::wrk(&bare.url, &script, CONNECTIONS, time);
    drop(bare);

    let data = folder.path().join("data");
    let config = config.to_string_lossy().into_owned();
    let server = Server::start_in(&data, &["--config", &config]);
    let before = written(server.pid);
    let ours = load::wrk(&server.url, &script, CONNECTIONS, time);
    let synced = written(server.pid).saturating_sub(before);
    let half = steady::run(&server.url, &body, &signature, CONNECTIONS, ours.per_second / 2.0, time);
    let memory = resident(server.pid);
    server.stop();

    let disk = disk::synced_per_second(folder.path(), 256 << 10);
    println!("payload {PAYLOAD} bytes, {CONNECTIONS} connections, {} s each", time.as_secs());
    println!("bare warp server   {:>8.0} requests/s   p99 {:>7.2} ms", floor.per_second, floor.p99_ms);
    println!(
        "pointsman serve    {:>8.0} requests/s   p99 {:>7.2} ms   {memory:.0} MB resident",
        ours.per_second, ours.p99_ms
    );
    println!("  refused or broken {} of {}", ours.bad, ours.requests);
    println!(
        "at half that load  {:>8.0} requests/s   p50 {:>7.2} ms   p99 {:>7.2} ms (bar 50 ms)",
        half.per_second, half.p50_ms, half.p99_ms
    );
    println!(
        "payload made durable {:.0} MB/s; written to disk {:.0} MB/s; the disk itself, 256 kB a sync: {disk:.0} MB/s",
        ours.per_second * PAYLOAD as f64 / 1e6,
        synced as f64 / time.as_secs_f64() / 1e6
    );
    println!("ratio {:.2} (bar 0.40, aim 0.50)", ours.per_second / floor.per_second);
}

/// Bytes that a process has had written to storage (Linux).
fn written(pid: u32) -> u64 {
    let io = std::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/io"))).unwrap_or_default();
    io.lines().find_map(|line| line.strip_prefix("write_bytes: ")?.parse().ok()).unwrap_or_default()
}

/// The most memory that it has held, in MB (Linux).
fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes.unwrap_or(0.0_f64) / 1e3
}
