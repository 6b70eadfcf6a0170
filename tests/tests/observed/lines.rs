//! One line for each event, from the webhook to the consumer's end, in the trace that came with it.

use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::house::{House, outcomes};

const SECRET: &str = "a webhook secret of these tests";
const CONFIG: &str = "sources: { github: { secrets: ['literal:a webhook secret of these tests'] } }\n\
                      subscriptions: [{ name: bot, events: ['issues.*'] }]\n";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn house() -> House {
    House::new(tempfile::tempdir().unwrap(), CONFIG, &[])
}

fn issue() -> Vec<u8> {
    let repository = json!({ "full_name": "acme/web" });
    json!({ "action": "opened", "issue": { "number": 7 }, "repository": repository }).to_string().into()
}

/// Once there are so many lines.
fn lines(house: &House, count: usize) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let lines = house.lines();
        if lines.len() >= count {
            return lines;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", house.server.log());
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn each_webhook_is_one_line_of_json_where_no_terminal_is() {
    let mut house = house();
    let (id, _) = house.post(SECRET, "issues", &[("traceparent", SENT)], &issue());
    let (unsigned, _) = house.post("another", "issues", &[], &issue());
    let (made, _) = house.post(SECRET, "ping", &[], b"{}");
    let lines = lines(&house, 3);
    let told: Vec<_> = lines.iter().map(|it| (&it["delivery.id"], &it["outcome"], &it["reason"])).collect();
    let expected = [
        (&json!(id), &json!("accepted"), &Value::Null),
        (&json!(unsigned), &json!("refused"), &json!("signature")),
        (&json!(made), &json!("accepted"), &Value::Null),
    ];
    assert_eq!(told, expected);
    let first = &lines[0];
    assert_eq!((&first["stage"], &first["source"]), (&json!("intake"), &json!("github")));
    assert_eq!((&first["session"], &first["trace_id"]), (&json!("acme/web/issue/7"), &json!(TRACE)));
    assert_eq!(
        (&first["level"], &first["message"]),
        (&json!("INFO"), &json!(format!("delivery {id}: accepted")))
    );
    assert!(first["duration_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(lines[2]["trace_id"].as_str().unwrap().len(), 32, "one was made");
    assert!(house.server.stop().success());
}

#[test]
fn a_flood_of_what_is_refused_is_no_flood_of_lines() {
    let mut house = house();
    for _ in 0..300 {
        assert!(matches!(house.post("another", "issues", &[], &issue()).1.status, 401 | 429));
        let nowhere = format!("{}/webhooks/nowhere", house.server.url);
        assert_eq!(pointsman_tests::http::post(&nowhere, &[], b"{}").unwrap().status, 404);
    }
    let count = lines(&house, 10).len();
    assert!(count < 250, "{count} lines");
    house.post(SECRET, "issues", &[], &issue());
    let log = house.server.stop_and_read();
    assert_eq!(outcomes(&log).last().unwrap()["outcome"], "accepted", "who is right is told all the same");
}

#[test]
fn no_line_is_lost_at_the_end() {
    let mut house = house();
    let ids: Vec<String> = (0..200).map(|_| house.post(SECRET, "issues", &[], &issue()).0).collect();
    let log = house.server.stop_and_read();
    let told: Vec<String> =
        outcomes(&log).iter().map(|it| it["delivery.id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, ids);
}

#[test]
fn a_consumers_program_goes_on_in_the_webhooks_trace() {
    let mut house = house();
    let (id, answer) = house.post(SECRET, "issues", &[("traceparent", SENT)], &issue());
    assert_eq!(answer.status, 202);
    let words = [
        "receive",
        "bot",
        "--exec",
        "printf %s \"$TRACEPARENT\" > trace",
        "--log",
        "info",
        "--log-format",
        "json",
    ];
    let output = house.run(&words);
    assert!(output.status.success(), "{output:?}");
    let trace = fs::read_to_string(house.folder.path().join("trace")).unwrap();
    assert_eq!(trace[..36], SENT[..36], "the same trace");
    assert_ne!(trace[36..52], SENT[36..52], "another span");
    let log = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with('{')).collect();
    let line = &outcomes(&lines.join("\n"))[0];
    let told = ["stage", "outcome", "delivery.id", "session", "attempt", "trace_id"].map(|name| &line[name]);
    let expected =
        [json!("bot"), json!("done"), json!(id), json!("acme/web/issue/7"), json!(1), json!(TRACE)];
    assert_eq!(told, expected.each_ref());
}
