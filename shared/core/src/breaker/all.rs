//! One circuit a queue, shared by all who send; told in the log and in metrics.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{Breaker, Circuit, Pass};
use crate::{
    ledger::Target,
    port::{PortError, QueueName},
    telemetry::CIRCUIT_OPEN,
};

/// The circuits of one process. A queue that was never sent to has none yet.
#[derive(Debug, Default)]
pub struct Breakers(Mutex<BTreeMap<QueueName, Breaker>>);

impl Breakers {
    /// Leave to send now; `Err`: the queue is skipped, and why.
    pub fn pass(&self, queue: &QueueName, now: Timestamp) -> Result<Pass, PortError> {
        let mut all = self.lock();
        let breaker = all.entry(queue.clone()).or_default();
        breaker.pass(now).ok_or_else(|| {
            let until = match breaker.circuit(now) {
                Circuit::Open { until } => format!("until {until:.0}"),
                _ => "while it is probed".to_owned(),
            };
            let why = breaker.last_error().unwrap_or_default();
            PortError::unavailable(format!("skipped: the circuit of `{queue}` is open {until}, after: {why}"))
        })
    }

    /// Whether it is worth another try.
    pub fn is_valid(&self, queue: &QueueName, pass: &Pass) -> bool {
        self.lock().get(queue).is_none_or(|breaker| breaker.is_valid(pass))
    }

    /// Takes in what came of a send.
    pub fn settle(&self, queue: &QueueName, pass: &Pass, now: Timestamp, result: &Result<(), PortError>) {
        let mut all = self.lock();
        let breaker = all.entry(queue.clone()).or_default();
        if !breaker.settle(pass, now, result.as_ref().err()) {
            return;
        }
        let why = breaker.last_error().unwrap_or_default();
        match breaker.circuit(now) {
            Circuit::Open { until } => {
                CIRCUIT_OPEN.set([queue.as_str()], 1.0);
                tracing::warn!(%queue, %until, why, "the circuit of `{queue}` is open until {until:.0}: its events are kept for recover");
            }
            _ => {
                CIRCUIT_OPEN.set([queue.as_str()], 0.0);
                tracing::info!(%queue, "the circuit of `{queue}` is closed: it takes messages again");
            }
        }
    }

    /// All circuits, by queue.
    pub fn targets(&self, now: Timestamp) -> Vec<Target> {
        let told = |(queue, breaker): (&QueueName, &Breaker)| Target {
            queue: queue.clone(),
            circuit: breaker.circuit(now),
            last_error: breaker.last_error().map(str::to_owned),
        };
        self.lock().iter().map(told).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<QueueName, Breaker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
