//! CloudWatch's embedded metric format: what an invocation counted becomes lines of the function's log, before its answer. A
//! frozen process then holds nothing back, and no call is made.

mod lines;

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

/// What was counted since it was last written. Cheap to clone: clones share it.
#[derive(Debug, Clone)]
pub struct Emf(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    namespace: String,
    function: String,
    figures: Mutex<BTreeMap<Key, Arc<Figure>>>,
}

/// The samples of a figure with its labels; of a counter or a gauge one at most.
#[derive(Debug, Default)]
struct Figure(Mutex<Vec<f64>>);

impl Emf {
    /// Nothing counted yet. `function` is named in each line, for whoever searches the log.
    pub fn new(namespace: impl Into<String>, function: impl Into<String>) -> Self {
        let (namespace, function) = (namespace.into(), function.into());
        Self(Arc::new(Inner { namespace, function, figures: Mutex::default() }))
    }

    /// What was counted since the last call, as lines.
    pub fn take(&self, now: Timestamp) -> String {
        let figures = self.0.figures.lock().unwrap_or_else(PoisonError::into_inner);
        let samples: Vec<_> = figures
            .iter()
            .map(|(key, figure)| (key, figure.take()))
            .filter(|(_, samples)| !samples.is_empty())
            .collect();
        lines::of(&samples, &self.0.namespace, &self.0.function, now)
    }

    /// Writes that to the log.
    pub(crate) fn write(&self) {
        let lines = self.take(Timestamp::now());
        if let Err(error) = io::stdout().lock().write_all(lines.as_bytes()) {
            tracing::warn!(%error, "what was counted cannot be written to the log");
        }
    }

    fn figure(&self, key: &Key) -> Arc<Figure> {
        let mut figures = self.0.figures.lock().unwrap_or_else(PoisonError::into_inner);
        match figures.get(key) {
            Some(figure) => figure.clone(),
            None => figures.entry(key.clone()).or_default().clone(),
        }
    }
}

impl Recorder for Emf {
    // What a figure is stands in core's table.
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.figure(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.figure(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.figure(key))
    }
}

impl Figure {
    fn take(&self) -> Vec<f64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(f64) -> f64) {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *samples = vec![change(samples.first().copied().unwrap_or_default())];
    }
}

impl CounterFn for Figure {
    #[expect(clippy::cast_precision_loss, reason = "what one invocation counts stays far below 2^52")]
    fn increment(&self, by: u64) {
        if by > 0 {
            self.change(|sum| sum + by as f64);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "what one invocation counts stays far below 2^52")]
    fn absolute(&self, value: u64) {
        self.change(|sum| sum.max(value as f64));
    }
}

impl GaugeFn for Figure {
    fn increment(&self, by: f64) {
        self.change(|value| value + by);
    }

    fn decrement(&self, by: f64) {
        self.change(|value| value - by);
    }

    fn set(&self, value: f64) {
        self.change(|_| value);
    }
}

impl HistogramFn for Figure {
    fn record(&self, sample: f64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
    }
}

#[cfg(test)]
mod tests;
