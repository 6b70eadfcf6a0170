//! Lines as the specification wants them; what CloudWatch would make of them is what was counted.

use std::collections::BTreeMap;

use pointsman_core::telemetry::{self, DELIVERIES, INVOCATIONS, QUEUE_PAUSED, ROUTED};
use serde_json::Value;

use super::*;

/// The specification's own JSON Schema, and the rules that stand beside it in its text.
fn check(line: &str) -> Value {
    let value: Value = serde_json::from_str(line).expect("a line is JSON");
    assert!(line.len() < 256 << 10, "an event of a log has 256 kB");
    let aws = &value["_aws"];
    assert!(aws["Timestamp"].is_i64());
    let mut named = 0;
    for directive in aws["CloudWatchMetrics"].as_array().unwrap() {
        assert!(!directive["Namespace"].as_str().unwrap().is_empty());
        for set in directive["Dimensions"].as_array().unwrap() {
            let set = set.as_array().unwrap();
            assert!(set.len() <= 30);
            for key in set {
                let said =
                    value[key.as_str().unwrap()].as_str().expect("a dimension is a string at the root");
                assert!(!said.is_empty() && said.len() <= 1024);
            }
        }
        for metric in directive["Metrics"].as_array().unwrap() {
            named += 1;
            assert!(["Seconds", "Count", "None"].contains(&metric["Unit"].as_str().unwrap()));
            let target = &value[metric["Name"].as_str().unwrap()];
            let many = target
                .as_array()
                .is_some_and(|all| all.len() > 1 && all.len() <= 100 && all.iter().all(Value::is_number));
            assert!(target.is_number() || many, "{target}");
        }
    }
    assert!((1..=100).contains(&named));
    value
}

/// What CloudWatch makes of lines: samples by name and dimensions.
fn read(lines: &str) -> BTreeMap<String, Vec<f64>> {
    let mut read: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for line in lines.lines() {
        let value = check(line);
        for directive in value["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
            for metric in directive["Metrics"].as_array().unwrap() {
                let name = metric["Name"].as_str().unwrap();
                for set in directive["Dimensions"].as_array().unwrap() {
                    let said: Vec<_> = set
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|key| value[key.as_str().unwrap()].as_str().unwrap())
                        .collect();
                    let samples = match &value[name] {
                        Value::Array(all) => all.iter().map(|it| it.as_f64().unwrap()).collect(),
                        one => vec![one.as_f64().unwrap()],
                    };
                    read.entry(format!("{name} {}", said.join(" "))).or_default().extend(samples);
                }
            }
        }
    }
    read
}

fn counted(count: impl Fn()) -> String {
    let emf = Emf::new("Pointsman/test", "test-intake");
    metrics::with_local_recorder(&emf, count);
    emf.take(Timestamp::UNIX_EPOCH)
}

#[test]
fn a_webhook_is_one_line_and_nothing_is_none() {
    let lines = counted(|| {
        DELIVERIES.add(["github", "accepted"], 1);
        ROUTED.add(["triage"], 1);
        telemetry::sent(&"triage".parse().unwrap(), [&Ok(())], std::time::Duration::from_millis(7));
        telemetry::invoked("http", true, false, std::time::Duration::from_millis(20));
    });
    assert_eq!(
        lines,
        concat!(
            r#"{"faas.coldstarts":1.0,"faas.invoke_duration":0.02,"messaging.client.operation.duration":0.007,"#,
            r#""messaging.client.sent.messages":1.0,"pointsman.deliveries":1.0,"pointsman.routed":1.0,"#,
            r#""faas.trigger":"http","messaging.destination.name":"triage","messaging.operation.name":"send","#,
            r#""result":"accepted","source":"github","subscription":"triage","faas.name":"test-intake","#,
            r#""_aws":{"Timestamp":0,"CloudWatchMetrics":["#,
            r#"{"Namespace":"Pointsman/test","Dimensions":[["faas.trigger"]],"Metrics":[{"Name":"faas.coldstarts","Unit":"Count"},{"Name":"faas.invoke_duration","Unit":"Seconds"}]},"#,
            r#"{"Namespace":"Pointsman/test","Dimensions":[["messaging.destination.name"]],"Metrics":[{"Name":"messaging.client.sent.messages","Unit":"Count"}]},"#,
            r#"{"Namespace":"Pointsman/test","Dimensions":[["messaging.operation.name","messaging.destination.name"]],"Metrics":[{"Name":"messaging.client.operation.duration","Unit":"Seconds"}]},"#,
            r#"{"Namespace":"Pointsman/test","Dimensions":[["source","result"]],"Metrics":[{"Name":"pointsman.deliveries","Unit":"Count"}]},"#,
            r#"{"Namespace":"Pointsman/test","Dimensions":[["subscription"]],"Metrics":[{"Name":"pointsman.routed","Unit":"Count"}]}]}}"#,
            "\n"
        )
    );
    check(lines.trim());
    assert_eq!(counted(|| {}), "");
}

#[test]
fn other_labels_are_another_line_and_all_is_there_once() {
    let lines = counted(|| {
        for (source, result) in [("github", "accepted"), ("github", "duplicate"), ("gitlab", "accepted")] {
            DELIVERIES.add([source, result], 2);
        }
        DELIVERIES.add(["github", "accepted"], 3);
        ROUTED.add(["triage"], 1);
        QUEUE_PAUSED.set(["triage"], 1.0);
        QUEUE_PAUSED.set(["triage"], 0.0);
    });
    assert_eq!(lines.lines().count(), 3);
    let expected = [
        ("pointsman.deliveries github accepted", 5.0),
        ("pointsman.deliveries github duplicate", 2.0),
        ("pointsman.deliveries gitlab accepted", 2.0),
        ("pointsman.queue.paused triage", 0.0),
        ("pointsman.routed triage", 1.0),
    ];
    assert_eq!(read(&lines), expected.map(|(name, value)| (name.to_owned(), vec![value])).into());
}

#[test]
fn a_line_has_at_most_a_hundred_samples_of_a_figure_and_none_is_lost() {
    let lines = counted(|| (0..250_u32).for_each(|number| INVOCATIONS.record(["pubsub"], f64::from(number))));
    assert_eq!(lines.lines().count(), 3);
    let expected = (0..250_u32).map(f64::from).collect();
    assert_eq!(read(&lines), [("faas.invoke_duration pubsub".to_owned(), expected)].into());
}

#[test]
fn a_line_has_at_most_a_hundred_figures() {
    let emf = Emf::new("Pointsman/test", "test");
    metrics::with_local_recorder(&emf, || {
        (0..150).for_each(|number| metrics::counter!(format!("figure.{number}")).increment(1));
    });
    let lines = emf.take(Timestamp::UNIX_EPOCH);
    assert_eq!((lines.lines().count(), read(&lines).len()), (2, 150));
}

#[test]
fn what_was_written_is_not_written_again() {
    let emf = Emf::new("Pointsman/test", "test");
    let count = || metrics::with_local_recorder(&emf, || ROUTED.add(["triage"], 2));
    count();
    let first = read(&emf.take(Timestamp::UNIX_EPOCH));
    assert_eq!(emf.take(Timestamp::UNIX_EPOCH), "");
    count();
    assert_eq!(read(&emf.take(Timestamp::UNIX_EPOCH)), first);
}
