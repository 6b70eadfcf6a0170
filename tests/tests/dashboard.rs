//! The Grafana dashboard against a real Prometheus that has scraped a real server: what a panel asks for is there.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use pointsman_tests::{
    dashboard::{
        Target, panels,
        scene::{Act, Scene},
    },
    prometheus::{Prometheus, Series, program},
    server::Server,
};

/// What is asked for, and shows nothing here: a part of the query, and why.
const EMPTY: [(&str, &str); 5] = [
    ("pointsman_circuit_open", "a delivery is one transaction with its queues: none is down alone"),
    ("pointsman_unrouted_total", "likewise"),
    ("messaging_client_sent_messages_total{error_type", "likewise"),
    ("pointsman_expired_total", "nothing is old enough"),
    ("pointsman_retention_failures_total", "no sweep fails"),
];
/// Once each, at these seconds.
const ACTS: [(u64, Act); 7] = [
    (0, Act::Run(&["subscriptions", "pause", "deploys"])),
    (0, Act::Merge("feat: greet")),
    (1, Act::Stray),
    (1, Act::Uninstall),
    (3, Act::Replay),
    (4, Act::Merge("fix: greet once")),
    (8, Act::Merge("fix: greet twice")),
];
/// For so long at a time, and in all at most: alone it takes twenty seconds.
const TURN: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_secs(100);
const PER_SECOND: f64 = 25.0;

/// What it gave since the beginning; what Prometheus does not accept is a fault of the dashboard.
fn asked(prometheus: &Prometheus, target: &Target, since: Timestamp) -> Vec<Series> {
    let found = prometheus.ask_since(&target.expr, since);
    let mut found = found.unwrap_or_else(|error| panic!("{}: {error}", target.expr));
    found.retain(|series| !series.points.is_empty());
    found
}

fn stays_empty(target: &Target) -> bool {
    EMPTY.iter().any(|(part, _)| target.expr.contains(part))
}

/// The server's log without what went well.
fn warnings(server: &Server) -> String {
    let log = server.log();
    let told: Vec<&str> = log.lines().filter(|line| !line.contains("\"INFO\"")).collect();
    told.join("\n")
}

#[test]
fn every_panel_shows_what_happened() {
    let Some(program) = program("prometheus") else { return };
    let targets: Vec<Target> = panels().into_iter().flat_map(|panel| panel.targets).collect();
    for (part, why) in EMPTY {
        assert!(targets.iter().any(|it| it.expr.contains(part)), "nobody asks for {part} ({why})");
    }
    let scene = Scene::start(1);
    let prometheus = Prometheus::start(&program, &scene.server.url);
    let (since, began) = (Timestamp::now(), Instant::now());
    scene.send(1, |at| (at < DEADLINE).then_some(PER_SECOND));
    scene.play(&ACTS, Duration::from_secs(10));
    let mut missing: Vec<&Target> = targets.iter().collect();
    loop {
        missing.retain(|target| {
            let found = asked(&prometheus, target, since);
            for label in target.labels() {
                let lacks = found.iter().find(|series| !series.labels[label].is_string());
                assert!(lacks.is_none(), "{}: `{label}` of its legend is not in {lacks:?}", target.expr);
            }
            found.is_empty() && !stays_empty(target)
        });
        if missing.is_empty() {
            break;
        }
        let nothing: Vec<&str> = missing.iter().map(|target| target.expr.as_str()).collect();
        assert!(began.elapsed() < DEADLINE, "shows nothing: {nothing:#?}\n{}", warnings(&scene.server));
        scene.play(&[], TURN);
    }
}

#[test]
fn a_query_that_prometheus_does_not_understand_is_told() {
    let Some(program) = program("prometheus") else { return };
    let scene = Scene::start(2);
    let prometheus = Prometheus::start(&program, &scene.server.url);
    assert!(prometheus.ask("up").unwrap()[0].points[0].1 == 1.0);
    let error = prometheus.ask("rate(up)").unwrap_err();
    assert!(error.contains("range vector"), "{error}");
}
