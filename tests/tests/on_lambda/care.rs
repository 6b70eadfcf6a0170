//! The functions that take care of what is kept: replay, asked for by name and worked off by its queue, and erase.

use pointsman_tests::lambda::{Answer, Mapping};
use serde_json::{Value, json};

use crate::house::{House, function};

const ISSUES: usize = 3;

fn issue(number: usize) -> String {
    json!({
        "action": "opened", "issue": { "number": number }, "installation": { "id": 9 },
        "repository": { "full_name": "acme/web", "name": "web" },
    })
    .to_string()
}

/// All that waits for the bot, taken.
fn taken(house: &House) -> Vec<Value> {
    let mut events = Vec::new();
    while house.cloud.waiting("bot") > 0 {
        let messages = house.cloud.receive("bot", 10);
        assert_eq!(house.cloud.delete("bot", &messages.iter().collect::<Vec<_>>()), 0);
        events.extend(messages.iter().map(|it| serde_json::from_str::<Value>(it.body()).unwrap()));
    }
    events
}

/// With some events, received and done with.
fn house() -> House {
    let house = House::new(
        "subscriptions: [{ name: bot, events: ['issues.*'] }]\nretention: { erase_on_uninstall: true }\n",
    );
    house.cloud.queue("bot", true);
    house.cloud.queue("replay", true);
    house.cloud.queue("erase", false);
    for number in 0..ISSUES {
        house.send_json("issues", &issue(number));
    }
    assert_eq!(taken(&house).len(), ISSUES);
    house
}

#[test]
fn a_replay_is_asked_for_by_name_and_worked_off_by_its_queue() {
    let house = house();
    let replay = function(&house.cloud, "replay");
    let order = json!({ "id": "once-more", "events": ["issues.*"], "apply": true }).to_string();
    let answer = replay.invoke(order.as_bytes()).answer.json();
    assert_eq!(answer["done"]["state"], "queued", "{answer:#}");
    assert_eq!(house.cloud.waiting("bot"), 0, "it has not begun");
    let mapping = Mapping { cloud: &house.cloud, queue: "replay", function: &replay, batch: 1 };
    let turn = mapping.turn().unwrap();
    assert_eq!((turn.records, turn.deleted), (1, 1), "{turn:?}\n{}", replay.log());
    let events = taken(&house);
    assert_eq!(events.len(), ISSUES);
    assert!(events.iter().all(|event| event["cause"] == "replayed"), "{events:#?}");
    assert_eq!(house.cloud.waiting("replay"), 0);
    // The same order again is the same replay, and that is done.
    let again = replay.invoke(order.as_bytes()).answer;
    assert_eq!(again.json()["done"]["state"], "done");
    let nonsense = replay.invoke(br#"{"evnets":["push"]}"#).answer;
    assert!(
        matches!(&nonsense, Answer::Failed { kind, message } if kind == "Rejected" && message.contains("`evnets`")),
        "{nonsense:?}"
    );
}

#[test]
fn an_uninstalled_app_leaves_nothing() {
    let house = house();
    assert_eq!(house.cloud.json(&["events"]).as_array().unwrap().len(), ISSUES);
    let gone = json!({
        "action": "deleted",
        "installation": { "id": 9, "account": { "login": "acme", "id": 1 } },
        "repositories": [],
    });
    house.send_json("installation", &gone.to_string());
    let erase = function(&house.cloud, "erase");
    let mapping = Mapping { cloud: &house.cloud, queue: "erase", function: &erase, batch: 1 };
    let turn = mapping.turn().unwrap();
    // It looks again a minute later, for what GitHub had sent before.
    assert_eq!((turn.records, turn.deleted), (1, 0), "{turn:?}\n{}", erase.log());
    assert!(matches!(turn.answer, Answer::Done(_)), "{turn:?}");
    assert_eq!(house.cloud.json(&["events"]), json!([]));
    assert_eq!(house.cloud.waiting("erase"), 1);
}
