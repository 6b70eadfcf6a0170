//! Figures as OpenTelemetry's instruments, by what core's table says of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use opentelemetry::{KeyValue, metrics::Meter};
use pointsman_core::telemetry::{self, SECONDS};

/// A recorder whose figures are OpenTelemetry's.
#[derive(Debug)]
pub struct Bridge {
    meter: Meter,
    counters: Kept<Counted>,
    gauges: Kept<Gauged>,
    histograms: Kept<Sampled>,
}

/// Each figure with its labels, once.
type Kept<T> = Mutex<HashMap<Key, Arc<T>>>;

#[derive(Debug)]
struct Counted(opentelemetry::metrics::Counter<u64>, Vec<KeyValue>, Mutex<u64>);

#[derive(Debug)]
struct Gauged(opentelemetry::metrics::Gauge<f64>, Vec<KeyValue>, Mutex<f64>);

#[derive(Debug)]
struct Sampled(opentelemetry::metrics::Histogram<f64>, Vec<KeyValue>);

impl Bridge {
    pub(crate) fn new(meter: Meter) -> Self {
        Self { meter, counters: Mutex::default(), gauges: Mutex::default(), histograms: Mutex::default() }
    }
}

/// What was made for this key before, or is made now, from its name, unit, text and labels.
fn kept<T>(
    all: &Kept<T>,
    key: &Key,
    make: impl FnOnce(String, [&'static str; 2], Vec<KeyValue>) -> T,
) -> Arc<T> {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(there) = all.get(key) {
        return there.clone();
    }
    let about = telemetry::named(key.name()).map_or(["1", ""], |about| [about.unit, about.tells]);
    let labels = key.labels().map(|it| KeyValue::new(it.key().to_owned(), it.value().to_owned())).collect();
    all.entry(key.clone()).or_insert(Arc::new(make(key.name().to_owned(), about, labels))).clone()
}

impl Recorder for Bridge {
    // What a figure is stands in core's table.
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(kept(&self.counters, key, |name, [unit, tells], labels| {
            let counter = self.meter.u64_counter(name).with_unit(unit).with_description(tells);
            Counted(counter.build(), labels, Mutex::default())
        }))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(kept(&self.gauges, key, |name, [unit, tells], labels| {
            let gauge = self.meter.f64_gauge(name).with_unit(unit).with_description(tells);
            Gauged(gauge.build(), labels, Mutex::default())
        }))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(kept(&self.histograms, key, |name, [unit, tells], labels| {
            let histogram = self.meter.f64_histogram(name).with_unit(unit).with_description(tells);
            Sampled(histogram.with_boundaries(SECONDS.to_vec()).build(), labels)
        }))
    }
}

impl CounterFn for Counted {
    fn increment(&self, by: u64) {
        *self.2.lock().unwrap_or_else(PoisonError::into_inner) += by;
        self.0.add(by, &self.1);
    }

    fn absolute(&self, value: u64) {
        let mut known = self.2.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.add(value.saturating_sub(*known), &self.1);
        *known = value.max(*known);
    }
}

impl Gauged {
    fn change(&self, change: impl FnOnce(f64) -> f64) {
        let mut value = self.2.lock().unwrap_or_else(PoisonError::into_inner);
        *value = change(*value);
        self.0.record(*value, &self.1);
    }
}

impl GaugeFn for Gauged {
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

impl HistogramFn for Sampled {
    fn record(&self, sample: f64) {
        self.0.record(sample, &self.1);
    }
}
