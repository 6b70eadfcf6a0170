//! What a benchmark reads of a process (Linux), and how it tells what it found.

use std::{fs, time::Duration};

/// What the kernel counts a process's own time in: a hundredth of a second.
const TICK: Duration = Duration::from_millis(10);

/// The most memory that a process has held so far, in bytes; none where the system does not tell, or it has ended.
pub fn peak_memory(pid: u32) -> Option<u64> {
    memory(pid, "VmHWM:")
}

/// The memory that it holds now, in bytes.
pub fn resident_memory(pid: u32) -> Option<u64> {
    memory(pid, "VmRSS:")
}

fn memory(pid: u32, which: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(which))?;
    line.trim().strip_suffix(" kB")?.parse().ok().map(|kilobytes: u64| kilobytes << 10)
}

/// The same in MB; 0 where it is not known.
#[expect(clippy::cast_precision_loss, reason = "memory stays far below 2^52 bytes")]
pub fn peak_mb(pid: u32) -> f64 {
    peak_memory(pid).unwrap_or_default() as f64 / 1e6
}

/// For how long a process's threads have been on a processor so far.
pub fn on_processor(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let time = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(threads.filter_map(time).sum())
}

/// For how long of that it was not in the kernel.
pub fn in_its_own_code(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Behind its name, which may hold spaces: state, then ten numbers that tell other things.
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().nth(11).and_then(|ticks| ticks.parse().ok());
    TICK * ticks.unwrap_or(0)
}

/// In milliseconds.
pub fn ms(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The middle one; 0 of none.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A line for a figure and its bar; whether it is kept.
pub fn within(what: &str, measured: f64, bar: f64) -> bool {
    let good = measured <= bar;
    println!("{what:<50}{measured:>8.2}   bar {bar:>5}{}", if good { "" } else { "   MISSED" });
    good
}
