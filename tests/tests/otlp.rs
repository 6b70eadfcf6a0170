//! The real program, built with `otlp`, and a receiver: what is sent is decoded by OpenTelemetry's own types.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{KeyValue, any_value::Value},
    metrics::v1::{Metric, metric::Data, number_data_point::Value as Number},
    trace::v1::Span,
};
use pointsman_core::telemetry::{self, ALL, SECONDS};
use pointsman_tests::{http, server::Server, sign};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// A request's head and body.
type Taken = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Takes everything, for as long as the test lasts.
fn receiver() -> (String, Taken) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, taken) = (listener.local_addr().unwrap(), Taken::default());
    let keeps = taken.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let keeps = keeps.clone();
            thread::spawn(move || take(stream, &keeps));
        }
    });
    (format!("http://{address}"), taken)
}

fn take(stream: TcpStream, keeps: &Taken) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
        let lower = head.to_ascii_lowercase();
        let Some(length) = lower.split("content-length: ").nth(1) else { return };
        let mut body = vec![0; length.lines().next().unwrap().parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        keeps.lock().unwrap().push((head, body));
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    }
}

fn text<'a>(all: &'a [KeyValue], name: &str) -> Option<&'a str> {
    let found = all.iter().find(|it| it.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// The bodies that were sent there.
fn sent<T: prost::Message + Default>(taken: &Taken, path: &str) -> Vec<T> {
    let taken = taken.lock().unwrap();
    let there = taken.iter().filter(|(head, _)| head.starts_with(&format!("POST {path} ")));
    there
        .map(|(head, body)| {
            assert!(head.to_ascii_lowercase().contains("\r\nx-who: a test\r\n"), "{head}");
            T::decode(body.as_slice()).unwrap()
        })
        .collect()
}

#[test]
fn figures_and_spans_come_to_a_receiver_and_a_span_is_of_its_events_trace() {
    let (endpoint, taken) = receiver();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-who=a%20test"),
        ("OTEL_SERVICE_NAME", "a-house"),
    ];
    let server = Server::start_with(&variables, &[]);
    let body = br#"{"action":"opened","issue":{"number":7},"repository":{"full_name":"acme/web"}}"#;
    let headers = [
        ("content-type", "application/json"),
        ("x-github-event", "issues"),
        ("x-github-delivery", "7d1b2a50-8d3a-4b52-9a0e-2f6a3d1c5e01"),
        ("x-hub-signature-256", &sign(&server.secret, body)),
        ("traceparent", &format!("00-{TRACE}-{PARENT}-01")),
    ];
    let answer = http::post(&format!("{}/webhooks/github", server.url), &headers, body).unwrap();
    assert_eq!(answer.status, 202);
    let shown = http::get(&format!("{}/metrics", server.url)).unwrap().text();
    assert!(
        shown.contains("pointsman_deliveries_total{source=\"github\",result=\"accepted\"} 1\n"),
        "{shown}"
    );
    // What is still there is sent before it ends.
    assert!(server.stop().success());
    the_span_is_of_the_events_trace(&taken);
    the_figures_are_those_of_the_table(&taken);
}

fn the_span_is_of_the_events_trace(taken: &Taken) {
    let mut spans: Vec<Span> = Vec::new();
    for request in sent::<ExportTraceServiceRequest>(taken, "/v1/traces") {
        for of_resource in request.resource_spans {
            let resource = of_resource.resource.unwrap().attributes;
            assert_eq!(text(&resource, "service.name"), Some("a-house"));
            spans.extend(of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
    }
    let hex = |bytes: &[u8]| hex::encode(bytes);
    let span = spans.iter().find(|span| hex(&span.trace_id) == TRACE).expect("a span of the event's trace");
    assert_eq!((hex(&span.parent_span_id).as_str(), span.name.as_str()), (PARENT, "invocation"));
    assert_eq!(text(&span.attributes, "stage"), Some("intake"));
}

fn the_figures_are_those_of_the_table(taken: &Taken) {
    let mut figures: Vec<Metric> = Vec::new();
    for request in sent::<ExportMetricsServiceRequest>(taken, "/v1/metrics") {
        for of_resource in request.resource_metrics {
            let resource = of_resource.resource.unwrap().attributes;
            assert_eq!(text(&resource, "messaging.system"), Some("pointsman"));
            figures.extend(of_resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics));
        }
    }
    for figure in &figures {
        let about =
            telemetry::named(&figure.name).unwrap_or_else(|| panic!("{} is not in the table", figure.name));
        assert_eq!((figure.unit.as_str(), figure.description.as_str()), (about.unit, about.tells));
    }
    let of = |about: &telemetry::About| figures.iter().rev().find(|figure| figure.name == about.name);
    let named = |name: &str| of(ALL.iter().find(|about| about.name == name).unwrap()).unwrap();
    let Some(Data::Sum(sum)) = &named("pointsman.deliveries").data else { panic!("a counter is a sum") };
    let point = &sum.data_points[0];
    assert!(sum.is_monotonic);
    assert_eq!(point.value, Some(Number::AsInt(1)));
    assert_eq!(
        (text(&point.attributes, "source"), text(&point.attributes, "result")),
        (Some("github"), Some("accepted"))
    );
    let Some(Data::Histogram(times)) = &named("http.server.request.duration").data else {
        panic!("times are a histogram")
    };
    let point = &times.data_points[0];
    assert_eq!((point.count, point.explicit_bounds.as_slice()), (1, SECONDS));
    let Some(Data::Gauge(depth)) = &named("pointsman.queue.depth").data else { panic!("a depth is a gauge") };
    let all = depth.data_points.iter().find(|point| text(&point.attributes, "queue") == Some("all"));
    assert_eq!(all.unwrap().value, Some(Number::AsDouble(1.0)));
}
