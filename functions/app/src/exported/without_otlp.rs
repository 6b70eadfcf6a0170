//! A program that was built without OpenTelemetry: spans are in the log, figures at `/metrics`.

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tracing::Subscriber;
use tracing_subscriber::{Layer, layer::Identity};

/// Nowhere.
pub fn open(_: &'static str) {}

/// Nothing.
pub fn layer<S: Subscriber>() -> Option<impl Layer<S>> {
    None::<Identity>
}

/// From now on figures are shown where there is a page for them.
pub fn record(page: Option<PrometheusBuilder>) -> Result<Option<PrometheusHandle>, BuildError> {
    page.map(PrometheusBuilder::install_recorder).transpose()
}
