//! Planning a release from a large local clone: 100,000 commits, 3,000 tags, the last release 4,000 commits ago.
//!
//! `scripts/bench plan` builds the release program and starts this.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use pointsman_tests::server;

const COMMITS: usize = 100_000;
const TAGS: usize = 3_000;
const SINCE: usize = 4_000;
/// What it must stay below.
const LIMIT: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!("{COMMITS} commits, {TAGS} tags, the last {SINCE} commits ago; the slowest of {ROUNDS} runs");
    let mut slowest = Duration::ZERO;
    for (what, settings) in [
        ("one version for all", ""),
        ("ten components", "release:\n  components:\n"),
        ("pre-releases alone", "release:\n  strategy: prerelease\n"),
    ] {
        let name = what.replace(' ', "-");
        let repo = folder.path().join(name);
        make(&repo, settings);
        let (time, releases, commits) = (0..ROUNDS).map(|_| plan(&repo)).max().expect("some rounds");
        println!(
            "{what:<20} {:>6.0} ms   {releases} releases, {commits} commits told",
            time.as_secs_f64() * 1e3
        );
        slowest = slowest.max(time);
    }
    if slowest > LIMIT {
        println!("slower than {} s", LIMIT.as_secs());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// How long one plan takes, and what it tells.
fn plan(repo: &Path) -> (Duration, usize, usize) {
    let started = Instant::now();
    let output = Command::new(server::binary())
        .args(["release", "plan", "--json", "--repo"])
        .arg(repo)
        .output()
        .expect("the program runs");
    let time = started.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a plan in JSON");
    let releases = plan["releases"].as_array().expect("releases");
    let commits = releases.iter().filter_map(|release| release["commits"].as_array()).map(Vec::len).sum();
    assert!(commits >= SINCE, "it plans from another tag: {commits} commits");
    (time, releases.len(), commits)
}

fn make(repo: &Path, settings: &str) {
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.args(args).arg(repo);
        git
    };
    assert!(git(&["init", "--quiet", "--bare", "--initial-branch=main"]).status().expect("git").success());
    let mut import = Command::new("git")
        .arg("-C")
        .arg(repo)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git");
    let history = history(settings);
    import.stdin.take().expect("a pipe").write_all(history.as_bytes()).expect("git reads it");
    assert!(import.wait().expect("git").success());
}

/// The history as `git fast-import` reads it.
fn history(settings: &str) -> String {
    let parts = settings.contains("components");
    let settings = (0..10).filter(|_| parts).fold(settings.to_owned(), |mut all, n| {
        let _ = writeln!(all, "    part-{n}: {{ path: part-{n} }}");
        all
    });
    let mut text = String::new();
    let last = COMMITS - SINCE;
    let every = last / TAGS;
    for n in 1..=COMMITS {
        let kind = ["feat", "fix", "docs", "chore", "refactor(core)", "Update things", "test"][n % 7];
        let message =
            format!("{kind}: change number {n} (#{n})\n\nWhy it is so, in a line or two of a body.\n");
        let data = |text: &str| format!("data {}\n{text}\n", text.len());
        let time = 1_500_000_000 + n * 60;
        let _ = write!(
            text,
            "commit refs/heads/main\nmark :{n}\ncommitter A <a@example.com> {time} +0000\n{}",
            data(&message)
        );
        if n == 1 {
            let _ = write!(text, "M 100644 inline .github/pointsman.yaml\n{}", data(&settings));
            let _ = write!(text, "M 100644 inline version.txt\n{}", data("0.0.0\n"));
        }
        let path = format!("part-{}/src/{}/file-{}.rs", n % 10, n % 37, n % 211);
        let _ = write!(text, "M 100644 inline {path}\n{}\n", data(&format!("{n}\n")));
        let index = n / every;
        if n.is_multiple_of(every) && n <= last && index <= TAGS {
            let prefix = if parts { format!("part-{}-v", index % 10) } else { "v".into() };
            let _ = write!(text, "reset refs/tags/{prefix}{}.{}.0\nfrom :{n}\n\n", index / 50, index % 50);
        }
    }
    text
}
