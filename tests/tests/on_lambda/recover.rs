//! What a queue did not take comes when its schedule lets recover run.

use std::fs;

use pointsman_tests::{house::root, lambda::Answer};
use serde_json::Value;

use crate::house::{House, function};

const ISSUE: &str =
    r#"{"action":"opened","issue":{"number":7},"repository":{"full_name":"acme/web","name":"web"}}"#;

#[test]
fn what_a_missing_queue_did_not_take_comes_once_it_is_made() {
    let house = House::new("subscriptions: [{ name: bot, events: ['issues.*'] }]\n");
    let recover = function(&house.cloud, "recover");
    let schedule = fs::read(root().join("tests/fixtures/events/schedule.json")).unwrap();
    let run = || -> Value {
        let ended = recover.invoke(&schedule);
        assert!(matches!(ended.answer, Answer::Done(_)), "{:?}\n{}", ended.answer, recover.log());
        ended.answer.json()["done"].clone()
    };
    let (id, response) = house.send_json("issues", ISSUE);
    assert_eq!(response.body["subscriptions"][0], "bot");
    let report = run();
    assert_eq!(report["unrouted"]["failing"], 1, "{report:#}");
    assert!(report.to_string().contains("there is no queue `bot` on SQS"), "{report:#}");

    house.cloud.queue("bot", true);
    let report = run();
    assert_eq!(report["unrouted"]["rerouted"], 1, "{report:#}");
    let came = house.cloud.receive("bot", 10);
    let [message] = &came[..] else { panic!("{came:?}") };
    let event: Value = serde_json::from_str(message.body()).unwrap();
    assert_eq!((&event["id"], &event["cause"]), (&id.into(), &"rerouted".into()));
    let report = run();
    assert_eq!((&report["unrouted"]["rerouted"], &report["left"]), (&0.into(), &0.into()), "{report:#}");
    assert_eq!(recover.starts(), 1, "it was warm");
}
