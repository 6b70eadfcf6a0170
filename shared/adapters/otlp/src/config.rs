//! Whether there is a receiver, and whether this program has a name. All else OpenTelemetry's own code reads.

use std::env;

const ENDPOINTS: [&str; 3] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
];

/// Whether a receiver is named. `OTEL_SDK_DISABLED=true` is as if none were.
pub(crate) fn is_wanted() -> bool {
    let said = |name: &str| env::var(name).is_ok_and(|value| !value.is_empty());
    ENDPOINTS.into_iter().any(said)
        && !env::var("OTEL_SDK_DISABLED").is_ok_and(|it| it.eq_ignore_ascii_case("true"))
}

/// Whether somebody gave it a name.
pub(crate) fn is_named() -> bool {
    env::var("OTEL_SERVICE_NAME").is_ok_and(|name| !name.is_empty())
        || env::var("OTEL_RESOURCE_ATTRIBUTES").is_ok_and(|all| all.contains("service.name="))
}
