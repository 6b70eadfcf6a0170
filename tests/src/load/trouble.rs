//! What happens to a server meanwhile, and when.

use std::time::Duration;

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Killed (SIGKILL), and started again on its store.
    Killed,
    /// Stopped (SIGSTOP) for this long.
    Frozen(Duration),
    /// Its disk is full for this long.
    FullDisk(Duration),
    /// Its clock is off by so many seconds for this long, then right again.
    Clock(i64, Duration),
}

impl Trouble {
    /// What a picture calls it.
    pub fn name(self) -> String {
        match self {
            Self::Killed => "kill -9".into(),
            Self::Frozen(time) => format!("SIGSTOP {} s", time.as_secs()),
            Self::FullDisk(_) => "disk full".into(),
            Self::Clock(off, _) => format!("clock {:+} h", off / 3600),
        }
    }

    /// How long it lasts.
    pub fn lasts(self) -> Duration {
        match self {
            Self::Killed => Duration::ZERO,
            Self::Frozen(time) | Self::FullDisk(time) | Self::Clock(_, time) => time,
        }
    }
}

/// Each kind once, spread over a run, the last with time enough after it to be well again.
pub fn schedule(run: Duration, longest: Duration) -> Vec<(Duration, Trouble)> {
    let at = |part: f64| run.mul_f64(part);
    let short = longest / 3;
    vec![
        (at(0.15), Trouble::Killed),
        (at(0.25), Trouble::FullDisk(short)),
        (at(0.37), Trouble::Clock(3600, short)),
        (at(0.49), Trouble::Frozen(longest)),
        (at(0.62), Trouble::Clock(-3600, short)),
        (at(0.74), Trouble::Killed),
    ]
}
