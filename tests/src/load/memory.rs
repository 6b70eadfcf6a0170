//! What a process holds in memory, second by second (Linux).

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use crate::measure::resident_memory;

/// Samples over a run.
#[derive(Debug, Default)]
pub struct Memory {
    pid: AtomicU32,
    /// Seconds since the beginning, and MB.
    samples: Mutex<Vec<(f64, f64)>>,
}

impl Memory {
    /// Of this process from now on; a restarted server has another id.
    pub fn watch(&self, pid: u32) {
        self.pid.store(pid, Ordering::Relaxed);
    }

    /// Looks once a second, until it is dropped with its task.
    #[expect(clippy::cast_precision_loss, reason = "memory stays far below 2^52 bytes")]
    pub async fn keep(self: Arc<Self>) {
        let began = Instant::now();
        loop {
            if let Some(bytes) = resident_memory(self.pid.load(Ordering::Relaxed)) {
                let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
                samples.push((began.elapsed().as_secs_f64(), bytes as f64 / 1e6));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// All samples.
    pub fn samples(&self) -> Vec<(f64, f64)> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The median of what was seen between these seconds; none where nothing was.
    pub fn between(&self, from: f64, to: f64) -> Option<f64> {
        let samples = self.samples();
        let mut seen: Vec<f64> =
            samples.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, mb)| *mb).collect();
        seen.sort_unstable_by(f64::total_cmp);
        seen.get(seen.len() / 2).copied()
    }
}
