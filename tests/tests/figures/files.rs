//! Dashboards, rules and alarms show what is there; promtool, where it can be had, understands them.

use std::{collections::BTreeSet, fs, process::Command};

use pointsman_core::telemetry::{self, ALL, Kind};
use pointsman_tests::{house::root, prometheus};
use serde_json::{Value, json};

/// A dashboard of the embedded host, rules for it, and their tests.
const PROMETHEUS: [&str; 3] =
    ["infra/grafana/dashboard.json", "infra/prometheus/rules.yaml", "infra/prometheus/rules.test.yaml"];
/// What clouds show and watch, and the page for whoever is on call.
const CLOUDS: [&str; 3] = ["template.yaml", "infra/azure/workbook.tf", "infra/azure/alerts.tf"];

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Words of `a-z`, digits, `_` and these.
fn words<'a>(text: &'a str, more: &'a [char]) -> impl Iterator<Item = &'a str> {
    text.split(move |c: char| !(c.is_ascii_alphanumeric() || c == '_' || more.contains(&c)))
}

/// Every name that a series of ours may have at `/metrics`.
fn series() -> BTreeSet<String> {
    let of = |about: &&telemetry::About| {
        let name = about.prometheus();
        match about.kind {
            Kind::Histogram => ["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")).to_vec(),
            _ => vec![name],
        }
    };
    ALL.iter().flat_map(of).collect()
}

/// Whether it looks like a figure's name.
fn is_ours(word: &str, between: char) -> bool {
    ["pointsman", "http", "messaging", "faas"]
        .iter()
        .any(|first| word.strip_prefix(first).is_some_and(|rest| rest.starts_with(between) && rest.len() > 1))
}

#[test]
fn what_is_shown_of_the_embedded_host_is_at_metrics() {
    let (series, mut named) = (series(), BTreeSet::new());
    let labels: BTreeSet<String> =
        ALL.iter().flat_map(|about| about.labels).map(|label| label.replace('.', "_")).collect();
    for path in PROMETHEUS {
        let text = read(path);
        for word in words(&text, &[]).filter(|word| is_ours(word, '_') && !labels.contains(*word)) {
            assert!(series.contains(word), "{path}: there is no `{word}` at /metrics");
            named.insert(word.to_owned());
        }
    }
    assert!(named.len() > 20, "the files were not read: {named:?}");
    let operations = read("docs/operations.md");
    for word in words(&operations, &[]).filter(|word| word.starts_with("pointsman_")) {
        assert!(series.contains(word), "docs/operations.md: there is no `{word}` at /metrics");
    }
}

#[test]
fn every_figure_of_the_embedded_host_is_on_its_dashboard() {
    let dashboard = read(PROMETHEUS[0]);
    let shown: BTreeSet<_> = words(&dashboard, &[]).collect();
    for about in ALL.iter().filter(|about| !about.name.starts_with("faas.")) {
        let name = about.prometheus();
        let any = ["", "_bucket", "_count"].iter().any(|end| shown.contains(format!("{name}{end}").as_str()));
        assert!(any, "{} is not on {}", about.name, PROMETHEUS[0]);
    }
}

#[test]
fn what_clouds_show_is_in_the_table() {
    let labels: BTreeSet<&str> = ALL.iter().flat_map(|about| about.labels).copied().collect();
    let mut named = 0;
    for path in CLOUDS {
        let text = read(path);
        for word in words(&text, &['.']).filter(|word| is_ours(word, '.') && !labels.contains(*word)) {
            // The configuration's file, and where it lies.
            if word == "pointsman.yaml" || word.contains("yaml") {
                continue;
            }
            assert!(telemetry::named(word).is_some(), "{path}: there is no figure `{word}`");
            named += 1;
        }
    }
    assert!(named > 15, "the files were not read: {named} names");
}

#[test]
fn a_cloudwatch_search_names_the_dimensions_that_the_figure_has() {
    let template = read(CLOUDS[0]);
    let searches: Vec<_> = template.split("SEARCH('{").skip(1).collect();
    assert!(searches.len() >= 8, "the dashboard was not read");
    for search in searches {
        let (schema, rest) = search.split_once("} MetricName=").unwrap_or_else(|| panic!("{search}"));
        let plain = |word: &str| word.replace(['\\', '"'], "");
        let figure = plain(rest.split('\'').next().unwrap());
        let about = telemetry::named(&figure).unwrap_or_else(|| panic!("there is no figure `{figure}`"));
        let dimensions: BTreeSet<String> = plain(schema.split_once("},").map_or(schema, |it| it.1))
            .split(',')
            .filter(|word| !word.contains('/') && !word.contains('$'))
            .map(str::to_owned)
            .collect();
        let labels: BTreeSet<String> =
            about.labels.iter().filter(|label| **label != "error.type").map(ToString::to_string).collect();
        assert_eq!(dimensions, labels, "{figure}");
    }
}

#[test]
fn a_grafana_panel_has_a_title_a_unit_and_queries() {
    let dashboard: Value = serde_json::from_str(&read(PROMETHEUS[0])).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its id is another's");
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}: no unit");
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{title}");
        assert!(
            targets.iter().all(|it| it["legendFormat"].as_str().is_some_and(|it| !it.is_empty())),
            "{title}"
        );
    }
}

fn run(promtool: &str, args: &[&str]) {
    let output =
        Command::new(promtool).args(args).current_dir(root().join("infra/prometheus")).output().unwrap();
    let told = [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
    assert!(output.status.success(), "promtool {}:\n{told}", args.join(" "));
}

#[test]
fn promtool_takes_the_rules_and_they_tell_what_they_should() {
    let Some(promtool) = prometheus::program("promtool") else { return };
    run(&promtool, &["check", "rules", "rules.yaml"]);
    run(&promtool, &["test", "rules", "rules.test.yaml"]);
    let (rules, tests) = (read(PROMETHEUS[1]), read(PROMETHEUS[2]));
    for rule in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        let told = format!("alertname: {rule}, exp_alerts: [{{");
        assert!(tests.contains(&told), "no test in which {rule} is told");
    }
}

#[test]
fn promtool_understands_every_query_of_the_dashboard() {
    let Some(promtool) = prometheus::program("promtool") else { return };
    let dashboard: Value = serde_json::from_str(&read(PROMETHEUS[0])).unwrap();
    let targets =
        dashboard["panels"].as_array().unwrap().iter().flat_map(|it| it["targets"].as_array().unwrap());
    let rule = |(number, target): (usize, &Value)| {
        let query = target["expr"].as_str().unwrap().replace("$__rate_interval", "5m");
        json!({ "record": format!("dashboard:{number}"), "expr": query })
    };
    let rules: Vec<_> = targets.enumerate().map(rule).collect();
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    fs::write(file.path(), json!({ "groups": [{ "name": "dashboard", "rules": rules }] }).to_string())
        .unwrap();
    run(&promtool, &["check", "rules", file.path().to_str().unwrap()]);
}
