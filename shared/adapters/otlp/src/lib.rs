//! Figures and traces to an OpenTelemetry receiver, by OTLP over HTTP: the official SDK, over our own client.
//!
//! The standard variables say where to: `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME`.

mod both;
mod bridge;
mod config;
mod way;

use std::sync::Arc;

use futures::{FutureExt as _, future::BoxFuture};
use metrics::Recorder;
use opentelemetry::{
    Context, KeyValue,
    metrics::MeterProvider as _,
    trace::{
        SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
    },
};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    metrics::SdkMeterProvider,
    trace::{SdkTracer, SdkTracerProvider},
};
use pointsman_core::{
    port::Http,
    telemetry::{self, Exporter},
};
use tokio::{runtime::Handle, task::spawn_blocking};
use tracing::{Span, Subscriber, level_filters::LevelFilter, warn};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};
use tracing_subscriber::{layer::SubscriberExt as _, registry::LookupSpan, util::SubscriberInitExt as _};

use both::Both;
use bridge::Bridge;
use way::Way;

/// The way to a receiver. Cheap to clone: clones share it.
#[derive(Debug, Clone)]
pub struct Otlp {
    spans: SdkTracerProvider,
    figures: SdkMeterProvider,
}

impl Otlp {
    /// `None` where no receiver is named. `system` is what keeps the queues, as OpenTelemetry names it. Asks nobody yet, but
    /// needs the runtime that the client works in.
    pub fn open(http: Arc<dyn Http>, system: &'static str) -> Result<Option<Self>, ExporterBuildError> {
        if !config::is_wanted() {
            return Ok(None);
        }
        let mut resource = Resource::builder().with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("messaging.system", system),
        ]);
        if !config::is_named() {
            resource = resource.with_service_name("pointsman");
        }
        let (resource, way) = (resource.build(), Way { http, runtime: Handle::current() });
        let spans = SpanExporter::builder().with_http().with_http_client(way.clone()).build()?;
        let figures = MetricExporter::builder().with_http().with_http_client(way).build()?;
        Ok(Some(Self {
            spans: SdkTracerProvider::builder()
                .with_resource(resource.clone())
                .with_batch_exporter(spans)
                .build(),
            figures: SdkMeterProvider::builder()
                .with_resource(resource)
                .with_periodic_exporter(figures)
                .build(),
        }))
    }

    /// What makes spans of ours its own.
    pub fn layer<S: Subscriber + for<'span> LookupSpan<'span>>(&self) -> OpenTelemetryLayer<S, SdkTracer> {
        tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_tracer(self.spans.tracer("pointsman"))
    }

    /// From now on figures are exported.
    pub fn record(&self) {
        installed(metrics::set_global_recorder(self.bridge()).is_ok());
    }

    /// From now on figures are exported, and go to another recorder as well.
    pub fn record_beside(&self, other: impl Recorder + Send + Sync + 'static) {
        installed(metrics::set_global_recorder(Both(other, self.bridge())).is_ok());
    }

    fn bridge(&self) -> Bridge {
        Bridge::new(self.figures.meter("pointsman"))
    }
}

/// For a function, before it serves: where a receiver is named, its spans and figures go there, and its log is JSON on stdout.
/// Elsewhere nothing is done. `client` is made only where it is needed.
pub fn start(client: impl FnOnce() -> Arc<dyn Http>, system: &'static str) {
    if !config::is_wanted() {
        return;
    }
    match Otlp::open(client(), system) {
        Ok(Some(otlp)) => {
            let lines = tracing_subscriber::fmt::layer().json().with_target(false).without_time();
            let all = tracing_subscriber::registry().with(LevelFilter::INFO).with(lines).with(otlp.layer());
            // Whoever logs elsewhere already goes on there.
            let _ = all.try_init();
            otlp.record();
            telemetry::export_to(otlp);
        }
        Ok(None) => {}
        Err(error) => eprintln!("nothing is sent to OTEL_EXPORTER_OTLP_ENDPOINT: {error}"),
    }
}

impl Exporter for Otlp {
    fn adopt(&self, span: &Span, traceparent: &str) {
        let Some(parent) = parent(traceparent) else { return };
        // Only a span that nobody looks at refuses.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }

    fn flush(&self) -> BoxFuture<'static, ()> {
        let Self { spans, figures } = self.clone();
        // It waits for its own threads, and they for the client, which needs this one.
        let flushed = spawn_blocking(move || (spans.force_flush(), figures.force_flush()));
        async move {
            let Ok(both) = flushed.await else { return };
            for error in [both.0, both.1].into_iter().filter_map(Result::err) {
                warn!(%error, "spans or figures could not be sent to OTEL_EXPORTER_OTLP_ENDPOINT");
            }
        }
        .boxed()
    }
}

fn installed(done: bool) {
    if !done {
        warn!("figures are not exported: this process counts them elsewhere already");
    }
}

/// <https://www.w3.org/TR/trace-context/#traceparent-header>
fn parent(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-').skip(1);
    let trace = TraceId::from_hex(parts.next()?).ok()?;
    let span = SpanId::from_hex(parts.next()?).ok()?;
    let flags = u8::from_str_radix(parts.next()?, 16).ok()?;
    let parent = SpanContext::new(trace, span, TraceFlags::new(flags), true, TraceState::default());
    parent.is_valid().then_some(parent)
}
