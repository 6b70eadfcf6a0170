//! A figure: what it is called, what it tells, and how it is written.

use metrics::{Label, Unit};

/// How a figure behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Grows.
    Counter,
    /// Is what it was last set to.
    Gauge,
    /// Many samples.
    Histogram,
}

/// What is known of a figure without asking for its value.
#[derive(Debug, PartialEq, Eq)]
pub struct About {
    /// By OpenTelemetry's rules: words with dots between them, no unit, no `total`.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// By UCUM: `s`, `1`, or what is counted, in braces.
    pub unit: &'static str,
    /// The names of its labels. One that says nothing is left out.
    pub labels: &'static [&'static str],
    /// For people.
    pub tells: &'static str,
}

/// A figure that grows.
#[derive(Debug)]
pub struct Counter<const LABELS: usize>(pub(super) About);

/// A figure that is what it was last set to.
#[derive(Debug)]
pub struct Gauge<const LABELS: usize>(pub(super) About);

/// Many samples.
#[derive(Debug)]
pub struct Histogram<const LABELS: usize>(pub(super) About);

impl<const LABELS: usize> Counter<LABELS> {
    pub(super) const KIND: Kind = Kind::Counter;

    /// So many more.
    pub fn add(&self, labels: [&str; LABELS], count: u64) {
        metrics::counter!(self.0.name, self.0.labelled(&labels)).increment(count);
    }
}

impl<const LABELS: usize> Gauge<LABELS> {
    pub(super) const KIND: Kind = Kind::Gauge;

    /// So it is now.
    pub fn set(&self, labels: [&str; LABELS], value: f64) {
        metrics::gauge!(self.0.name, self.0.labelled(&labels)).set(value);
    }

    /// So many there are now.
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; counts stay far below 2^52")]
    pub fn count(&self, labels: [&str; LABELS], count: u64) {
        self.set(labels, count as f64);
    }
}

impl<const LABELS: usize> Histogram<LABELS> {
    pub(super) const KIND: Kind = Kind::Histogram;

    /// One more sample, in the figure's unit.
    pub fn record(&self, labels: [&str; LABELS], sample: f64) {
        metrics::histogram!(self.0.name, self.0.labelled(&labels)).record(sample);
    }
}

impl About {
    /// Its name at `/metrics`, by Prometheus' rules.
    pub fn prometheus(&self) -> String {
        let unit = if self.unit == "s" { "_seconds" } else { "" };
        let total = if self.kind == Kind::Counter { "_total" } else { "" };
        format!("{}{unit}{total}", self.name.replace('.', "_"))
    }

    pub(super) fn describe(&self) {
        let unit = if self.unit == "s" { Unit::Seconds } else { Unit::Count };
        match self.kind {
            Kind::Counter => metrics::describe_counter!(self.name, unit, self.tells),
            Kind::Gauge => metrics::describe_gauge!(self.name, unit, self.tells),
            Kind::Histogram => metrics::describe_histogram!(self.name, unit, self.tells),
        }
    }

    fn labelled(&self, values: &[&str]) -> Vec<Label> {
        let said = self.labels.iter().zip(values).filter(|(_, value)| !value.is_empty());
        said.map(|(name, value)| Label::new(*name, (*value).to_owned())).collect()
    }
}
