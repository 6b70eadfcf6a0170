//! One run while it lasts: what it works by, its lease, and its report.

use jiff::{SignedDuration, Timestamp};
use pointsman_core::{
    lease::Lease,
    port::{ErrorKind, PortError},
    rules::Rules,
};

use crate::{Ask, Ports, Recover, Report, Sweep, Watch, clock};

/// The lease is renewed when it is older.
const RENEW: SignedDuration = SignedDuration::from_secs(30);

pub(crate) struct Turn<'a> {
    pub ports: &'a Ports,
    pub rules: &'a Rules,
    pub ask: Ask,
    /// When the run began.
    pub now: Timestamp,
    pub report: Report,
    watch: Option<&'a Watch>,
    lease: Option<Lease>,
    renewed: Timestamp,
}

impl<'a> Turn<'a> {
    pub fn new(recover: &'a Recover, rules: &'a Rules, ask: Ask, lease: Option<Lease>) -> Self {
        let (ports, watch) = (&recover.ports, recover.watch.as_ref());
        let now = clock(ports).now();
        let report = Report { applied: ask.apply, at: now, ..Report::default() };
        Self { ports, rules, ask, now, report, watch, lease, renewed: now }
    }

    /// To be called between two steps: keeps the lease. An error: somebody else may have begun, so this run ends.
    pub async fn keep(&mut self) -> Result<(), PortError> {
        let Some(lease) = &mut self.lease else { return Ok(()) };
        let now = clock(self.ports).now();
        if now.duration_since(self.renewed) < RENEW {
            return Ok(());
        }
        lease.renew().await.map_err(|error| match error.kind {
            ErrorKind::Conflict => {
                PortError::conflict("the run took too long, and another one may have begun: it ends here")
            }
            _ => error,
        })?;
        self.renewed = now;
        Ok(())
    }

    /// Tells who watches.
    pub fn step(&self, sweep: Sweep, done: u64, of: Option<u64>) {
        if let Some(watch) = self.watch {
            watch(sweep, done, of);
        }
    }

    /// What ended a sweep early is told, and the next one goes on.
    pub fn ended(&mut self, sweep: Sweep, done: Result<(), PortError>) {
        if let Err(error) = done {
            tracing::warn!(sweep = sweep.label(), %error, "the sweep of `{}` ended early; the rest is for the next run", sweep.label());
            self.report.faults.push(format!("{}: {error}", sweep.label()));
        }
    }

    /// A line for people, beside what is counted.
    pub fn note(&mut self, text: String) {
        tracing::warn!("{text}");
        self.report.notes.push(text);
    }

    pub fn end(self) -> (Report, Option<Lease>) {
        (self.report, self.lease)
    }
}
