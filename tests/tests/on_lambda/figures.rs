//! What a function counted is in its log when it has answered, as CloudWatch's embedded metric format.

use std::{collections::BTreeMap, time::Duration};

use pointsman_core::telemetry;
use pointsman_tests::lambda::Function;
use serde_json::{Value, json};

use crate::house::{House, Patience, function};

/// The lines of figures in its log; each names figures of the table, and their labels.
fn figures(function: &Function) -> Vec<Value> {
    let log = function.log();
    let lines = log.lines().filter(|line| line.contains("\"_aws\""));
    lines
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            for directive in value["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
                assert_eq!(directive["Namespace"], "Pointsman/stack");
                for figure in directive["Metrics"].as_array().unwrap() {
                    let name = figure["Name"].as_str().unwrap();
                    let about =
                        telemetry::named(name).unwrap_or_else(|| panic!("no figure `{name}`: {line}"));
                    let labels = directive["Dimensions"][0].as_array().unwrap();
                    assert!(
                        labels.iter().all(|label| about.labels.contains(&label.as_str().unwrap())),
                        "{line}"
                    );
                }
            }
            value
        })
        .collect()
}

/// So many lines: they were written before the answer, but may be on their way through the pipe.
fn awaited(function: &Function, count: usize) -> Vec<Value> {
    let patience = Patience::new(Duration::from_secs(10));
    loop {
        let lines = figures(function);
        if lines.len() >= count {
            return lines;
        }
        assert!(!patience.is_over(), "{} lines of {count}\n{}", lines.len(), function.log());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_an_invocation_counted_is_in_its_log_before_the_answer() {
    let house = House::new("subscriptions: [{ name: bot, events: ['issues.*'] }]\n");
    house.cloud.queue("bot", true);
    let issue =
        json!({ "action": "opened", "issue": { "number": 1 }, "repository": { "full_name": "acme/web" } });
    let mut told: BTreeMap<&str, f64> = BTreeMap::new();
    for number in 1..=3 {
        house.send_json("issues", &issue.to_string());
        let lines = awaited(&house.intake, number);
        let line = &lines[number - 1];
        let first = if number == 1 { Value::from(1.0) } else { Value::Null };
        assert_eq!(line["faas.coldstarts"], first);
        for name in [
            "pointsman.deliveries",
            "pointsman.routed",
            "messaging.client.sent.messages",
            "pointsman.outcomes",
        ] {
            *told.entry(name).or_default() += line[name].as_f64().unwrap_or_else(|| panic!("{name}: {line}"));
        }
        let dimensions = ["source", "result", "subscription", "stage", "faas.trigger", "faas.name"];
        let said: Vec<_> = dimensions.iter().map(|name| line[name].as_str().unwrap_or_default()).collect();
        assert_eq!(said, ["github", "accepted", "bot", "intake", "http", "intake"]);
        assert!(!line.to_string().contains("acme"), "no label names a repository: {line}");
    }
    assert!(told.values().all(|sum| *sum == 3.0), "{told:?}");
    let recover = function(&house.cloud, "recover");
    recover.invoke(br#"{ "apply": true }"#);
    let lines = awaited(&recover, 1);
    assert!(lines.iter().any(|line| !line["pointsman.unrouted.left"].is_null()), "{}", recover.log());
}
