//! How recovery stands, as `/ready` tells it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pointsman_core::port::PortError;
use pointsman_host_http::Dependency;
use pointsman_recover::{LATE, Report};

/// What the last run told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether one was made, or tried.
    runs: bool,
    /// Up to when everything of each source is settled.
    settled: BTreeMap<String, Timestamp>,
    last_error: Option<String>,
}

impl Standing {
    /// After a run.
    pub fn of(report: &Report) -> Self {
        let settled = report.oldest().into_iter().map(|(source, upto)| (source.to_owned(), upto)).collect();
        Self { runs: true, settled, last_error: report.faults.first().cloned() }
    }

    /// After one that could not begin: what was settled is.
    pub fn fail(&mut self, error: &PortError) {
        self.runs = true;
        self.last_error = Some(error.to_string());
    }

    /// A line of `/ready`, once it runs. Webhooks are taken in all the same.
    pub fn dependency(&self, now: Timestamp) -> Option<Dependency> {
        let late = |upto: &Timestamp| now.duration_since(*upto) > LATE;
        let late: Vec<_> = self.settled.iter().filter(|(_, upto)| late(upto)).collect();
        let behind = late.iter().map(|(source, upto)| format!("`{source}` since {upto:.0}"));
        let behind = behind.collect::<Vec<_>>().join(", ");
        let told = Dependency::ok("recover");
        let told = match (late.is_empty(), &self.last_error) {
            (false, _) => told.degraded(format!("behind: not settled are deliveries of {behind}")),
            (true, Some(_)) => told.degraded("the last run did not come to its end"),
            (true, None) => told,
        };
        self.runs.then(|| told.because(self.last_error.clone()))
    }
}
