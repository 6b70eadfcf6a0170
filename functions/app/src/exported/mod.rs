//! Where spans and figures go besides the log and `/metrics`: to OpenTelemetry, where the program was built with it.

#[cfg(feature = "otlp")]
mod with_otlp;
#[cfg(feature = "otlp")]
pub use with_otlp::*;

#[cfg(not(feature = "otlp"))]
mod without_otlp;
#[cfg(not(feature = "otlp"))]
pub use without_otlp::*;
