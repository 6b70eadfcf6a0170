//! What is counted and measured, in one table: whoever writes a figure takes it from here, and nobody writes past it.
//!
//! Names and units are those of the OpenTelemetry conventions where they have any; `pointsman.*` is ours. What a label may say
//! is bounded: by the configuration, or by a list in the code. Never a repository, a session or a delivery's id.

mod instrument;
mod recorded;
mod table;

pub use instrument::{About, Counter, Gauge, Histogram, Kind};
pub use recorded::{exchanged, handled, invoked, ran, sent, served};
pub use table::*;

/// Tells the recorder that is installed what each figure is.
pub fn describe() {
    ALL.iter().for_each(|about| about.describe());
}

/// The figure of this name.
pub fn named(name: &str) -> Option<&'static About> {
    ALL.iter().copied().find(|about| about.name == name)
}
