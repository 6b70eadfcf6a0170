//! Two recorders as one: a host that shows its figures and exports them.

use std::sync::Arc;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

/// What is written goes to both.
#[derive(Debug)]
pub struct Both<A, B>(pub A, pub B);

impl<A: Recorder, B: Recorder> Recorder for Both<A, B> {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, tells: SharedString) {
        self.0.describe_counter(name.clone(), unit, tells.clone());
        self.1.describe_counter(name, unit, tells);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, tells: SharedString) {
        self.0.describe_gauge(name.clone(), unit, tells.clone());
        self.1.describe_gauge(name, unit, tells);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, tells: SharedString) {
        self.0.describe_histogram(name.clone(), unit, tells.clone());
        self.1.describe_histogram(name, unit, tells);
    }

    fn register_counter(&self, key: &Key, at: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(Both(self.0.register_counter(key, at), self.1.register_counter(key, at))))
    }

    fn register_gauge(&self, key: &Key, at: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(Both(self.0.register_gauge(key, at), self.1.register_gauge(key, at))))
    }

    fn register_histogram(&self, key: &Key, at: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Both(
            self.0.register_histogram(key, at),
            self.1.register_histogram(key, at),
        )))
    }
}

impl CounterFn for Both<Counter, Counter> {
    fn increment(&self, by: u64) {
        self.0.increment(by);
        self.1.increment(by);
    }

    fn absolute(&self, value: u64) {
        self.0.absolute(value);
        self.1.absolute(value);
    }
}

impl GaugeFn for Both<Gauge, Gauge> {
    fn increment(&self, by: f64) {
        self.0.increment(by);
        self.1.increment(by);
    }

    fn decrement(&self, by: f64) {
        self.0.decrement(by);
        self.1.decrement(by);
    }

    fn set(&self, value: f64) {
        self.0.set(value);
        self.1.set(value);
    }
}

impl HistogramFn for Both<Histogram, Histogram> {
    fn record(&self, sample: f64) {
        self.0.record(sample);
        self.1.record(sample);
    }
}
