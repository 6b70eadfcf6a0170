//! The Grafana dashboard against a real Prometheus that has scraped a real server: what a panel asks for is there.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::{Duration, Instant};

use jiff::Timestamp;
use pointsman_tests::{
    dashboard::{
        Target, panels,
        scene::{Act, Scene},
    },
    prometheus::{Prometheus, Series, program},
};

/// What is asked for, and shows nothing here: a part of the query, and why.
const EMPTY: [(&str, &str); 7] = [
    ("pointsman_circuit_open", "a delivery is one transaction with its queues: none is down alone"),
    ("pointsman_unrouted_total", "likewise"),
    ("messaging_client_sent_messages_total{error_type", "likewise"),
    ("pointsman_recovered_total", "nothing was lost in the minutes before"),
    (
        "pointsman_recover_cursor_age",
        "GitHub's list of deliveries is asked for a quarter of an hour after a start",
    ),
    ("pointsman_expired_total", "nothing is old enough"),
    ("pointsman_retention_failures_total", "no sweep fails"),
];
/// Once each, at these seconds.
const ACTS: [(u64, Act); 8] = [
    (0, Act::Run(&["subscriptions", "pause", "deploys"])),
    (0, Act::Merge("feat: greet")),
    (1, Act::Stray),
    (1, Act::Uninstall),
    (3, Act::Run(&["replay", "--apply", "--since", "1h", "--event", "issues", "--to", "triage"])),
    (4, Act::Merge("fix: greet once")),
    (
        6,
        Act::Run(&[
            "replay", "--apply", "--since", "1h", "--event", "issues", "--to", "triage", "--id", "again",
        ]),
    ),
    (8, Act::Merge("fix: greet twice")),
];
/// For so long at a time, and in all at most.
const TURN: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_secs(50);
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
        assert!(began.elapsed() < DEADLINE, "shows nothing: {missing:#?}\n{}", scene.server.log());
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
