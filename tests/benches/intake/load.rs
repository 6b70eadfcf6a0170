//! `wrk` as the load: one signed body, a fresh version 1 UUID a request.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// What `wrk` measured.
pub struct Load {
    pub per_second: f64,
    pub p99_ms: f64,
    pub requests: u64,
    pub bad: u64,
}

/// Writes the Lua script and the body that it sends.
pub fn script(folder: &Path, body: &[u8], signature: &str) -> PathBuf {
    let body_file = folder.join("body.json");
    fs::write(&body_file, body).expect("a folder that can be written");
    let text = include_str!("load.lua")
        .replace("@BODY@", &body_file.to_string_lossy())
        .replace("@SIGNATURE@", signature);
    let script = folder.join("load.lua");
    fs::write(&script, text).expect("a folder that can be written");
    script
}

/// Loads `url` for this long.
pub fn wrk(url: &str, script: &Path, connections: usize, time: Duration) -> Load {
    let output = Command::new("wrk")
        .args(["--threads", "1", "--latency", "--connections", &connections.to_string()])
        .args(["--duration", &format!("{}s", time.as_secs()), "--script"])
        .arg(script)
        .arg(format!("{url}/webhooks/github"))
        .output()
        .expect("wrk is installed (scripts/bench does)");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("figures "));
    let line = line
        .unwrap_or_else(|| panic!("wrk gave no figures:\n{text}{}", String::from_utf8_lossy(&output.stderr)));
    let figures: Vec<f64> =
        line.split(' ').map(|word| word.parse().expect("wrk's script prints numbers")).collect();
    let [per_second, p99_ms, requests, bad] = figures[..] else { panic!("four figures: {line}") };
    Load { per_second, p99_ms, requests: requests as u64, bad: bad as u64 }
}
