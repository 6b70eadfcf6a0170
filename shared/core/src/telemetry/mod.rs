//! What is counted and measured, in one table: whoever writes a figure takes it from here, and nobody writes past it.
//!
//! Names and units are those of the OpenTelemetry conventions where they have any; `pointsman.*` is ours. What a label may say
//! is bounded: by the configuration, or by a list in the code. Never a repository, a session or a delivery's id.

mod export;
mod instrument;
mod recorded;
mod table;

pub use export::{Exporter, adopt, export_to, flush, is_exported};
pub use instrument::{About, Counter, Gauge, Histogram, Kind};
pub use recorded::{died, exchanged, handled, invoked, ran, sent, served};
pub use table::*;

/// Between these a histogram's samples are counted, in seconds.
pub const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Tells the recorder that is installed what each figure is.
pub fn describe() {
    ALL.iter().for_each(|about| about.describe());
}

/// The figure of this name.
pub fn named(name: &str) -> Option<&'static About> {
    ALL.iter().copied().find(|about| about.name == name)
}
