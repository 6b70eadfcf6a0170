//! `docs/observability.md` and core's table are one; nobody counts past it.

use std::{collections::BTreeSet, fs};

use pointsman_core::telemetry::{ALL, About, Kind};
use pointsman_tests::{house::root, source::under};

/// As the page shows it.
fn row(about: &About) -> String {
    let kind = match about.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let labels: Vec<_> = about.labels.iter().map(|label| format!("`{label}`")).collect();
    format!("| `{}` | {kind}, `{}` | {} | {} |", about.name, about.unit, labels.join(", "), about.tells)
}

#[test]
fn the_page_shows_every_figure_and_no_other() {
    let page = fs::read_to_string(root().join("docs/observability.md")).unwrap();
    let table = page.split("\n## Metrics\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let shown: Vec<_> = table.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect();
    let there: Vec<_> = ALL.iter().map(|about| row(about)).collect();
    assert_eq!(
        shown, there,
        "the page's rows (left) are those of shared/core/src/telemetry/table.rs (right)"
    );
}

#[test]
fn a_name_is_opentelemetrys_or_ours_and_stands_once() {
    let standard = [
        "http.server.request.duration",
        "http.client.request.duration",
        "messaging.client.sent.messages",
        "messaging.client.operation.duration",
        "messaging.process.duration",
        "faas.invoke_duration",
        "faas.coldstarts",
        "faas.errors",
    ];
    let mut names = BTreeSet::new();
    for about in ALL {
        assert!(names.insert(about.name), "{} stands twice", about.name);
        assert!(names.insert(&*about.prometheus().leak()), "{} has another's name at /metrics", about.name);
        assert!(standard.contains(&about.name) || about.name.starts_with("pointsman."), "{}", about.name);
        let unit = about.unit;
        assert!(["s", "1"].contains(&unit) || (unit.starts_with('{') && unit.ends_with('}')), "{unit}");
        // Each histogram is one of times: /metrics and OTLP give all of them the same buckets.
        assert_eq!(about.kind == Kind::Histogram, about.name.ends_with("duration"), "{}", about.name);
        for label in about.labels {
            let unbounded = ["repository", "repo", "session", "delivery", "id", "path", "url"];
            assert!(!unbounded.iter().any(|word| label.split('.').any(|part| part == *word)), "{label}");
        }
    }
}

#[test]
fn whoever_counts_takes_a_figure_of_the_table() {
    let all = under(&["functions", "shared"]);
    let others: Vec<_> =
        all.iter().filter(|source| !source.path.starts_with("shared/core/src/telemetry/")).collect();
    let mut wrong = Vec::new();
    for source in &others {
        for name in source.names() {
            let past = ["counter!", "gauge!", "histogram!"].iter().any(|it| name.text.ends_with(it));
            if past || name.text.contains("describe_") && name.text.ends_with('!') {
                wrong.push(format!("{}:{}: {}", source.path, name.line, name.text));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "take a figure of shared/core/src/telemetry/table.rs:\n  {}\n",
        wrong.join("\n  ")
    );
}
