//! Spans and figures to the OpenTelemetry receiver that `OTEL_EXPORTER_OTLP_ENDPOINT` names.

use std::sync::{Arc, OnceLock};

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use pointsman_core::telemetry;
use pointsman_otlp::Otlp;
use tracing::Subscriber;
use tracing_subscriber::{Layer, registry::LookupSpan};

static OTLP: OnceLock<Otlp> = OnceLock::new();

/// Within the runtime, before the log: `system` is what keeps the queues. What is wrong with the variables is told.
pub fn open(system: &'static str) {
    match Otlp::open(Arc::new(pointsman_http::Client::default()), system) {
        Ok(Some(otlp)) => {
            telemetry::export_to(otlp.clone());
            // The first one stays: there is one program.
            let _ = OTLP.set(otlp);
        }
        Ok(None) => {}
        Err(error) => eprintln!("warning: nothing is sent to OTEL_EXPORTER_OTLP_ENDPOINT: {error}"),
    }
}

/// What makes spans of the log's OpenTelemetry's own.
pub fn layer<S: Subscriber + for<'span> LookupSpan<'span>>() -> Option<impl Layer<S>> {
    OTLP.get().map(Otlp::layer)
}

/// From now on figures are exported, and shown where there is a page for them.
pub fn record(page: Option<PrometheusBuilder>) -> Result<Option<PrometheusHandle>, BuildError> {
    match (OTLP.get(), page) {
        (None, page) => page.map(PrometheusBuilder::install_recorder).transpose(),
        (Some(otlp), None) => {
            otlp.record();
            Ok(None)
        }
        (Some(otlp), Some(page)) => {
            let recorder = page.build_recorder();
            let handle = recorder.handle();
            otlp.record_beside(recorder);
            Ok(Some(handle))
        }
    }
}
