//! Where spans and figures go besides the log, if a program has such a place: installed once, at its start.

use std::sync::OnceLock;

use futures::future::BoxFuture;
use tracing::Span;

static EXPORTER: OnceLock<Box<dyn Exporter>> = OnceLock::new();

/// Sends spans and figures elsewhere.
pub trait Exporter: Send + Sync {
    /// Makes the span one of the trace that this W3C `traceparent` names. The span was not entered yet.
    fn adopt(&self, span: &Span, traceparent: &str);

    /// Sends what is still here: a function that was answered is frozen.
    fn flush(&self) -> BoxFuture<'static, ()>;
}

/// From now on there. The first one stays.
pub fn export_to(exporter: impl Exporter + 'static) {
    if EXPORTER.set(Box::new(exporter)).is_err() {
        tracing::warn!("spans and figures are exported already: the second exporter is not used");
    }
}

/// Whether there is such a place.
pub fn is_exported() -> bool {
    EXPORTER.get().is_some()
}

/// The span, which was not entered yet, is one of an event's trace.
pub fn adopt(span: &Span, traceparent: Option<&str>) {
    if let (Some(exporter), Some(traceparent)) = (EXPORTER.get(), traceparent) {
        exporter.adopt(span, traceparent);
    }
}

/// Before an answer that freezes the process.
pub async fn flush() {
    if let Some(exporter) = EXPORTER.get() {
        exporter.flush().await;
    }
}
