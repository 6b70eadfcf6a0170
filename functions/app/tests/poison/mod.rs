//! What fails for good, as a person on call meets it: dead letters, held sessions, pauses, and how they are told.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::house::{House, ISSUE, PUSH, plain};

const POISON: &str = "00000000-0000-4000-8000-000000000000";
const FAIL_POISON: &str = "test $POINTSMAN_EVENT_ID != 00000000-0000-4000-8000-000000000000";

fn config(more: &str) -> String {
    format!(
        "sources: {{ github: {{ secrets: ['file:data/webhook-secret'] }} }}\n\
         subscriptions:\n  - {{ name: bot, events: [issues], {more} }}\n  - {{ name: audit, events: [push], queue: bot, {more} }}\n\
         queues: {{ default: {{ max_deliveries: 1 }} }}\n"
    )
}

/// A poison and nine followers in one session, waiting in the queue `bot`.
fn house(more: &str) -> House {
    let house = House::new(&config(more));
    std::fs::create_dir(house.folder().join("data")).unwrap();
    house.file("data/webhook-secret", "a secret of this test");
    let mut house = house;
    house.serve();
    for number in 0..10 {
        house.send(ISSUE, "issues", &format!("00000000-0000-4000-8000-{number:012}"));
    }
    house
}

/// What the server answers.
fn get(house: &House, path: &str) -> String {
    let host = house.url().replace("http://", "").replace("/webhooks/github", "");
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn one_poison_and_nine_followers_are_one_dead_letter_and_retries_lose_nothing() {
    let house = house("");
    let run = ["receive", "bot", "--exec", FAIL_POISON];
    assert_eq!(house.json(&run)["completed"], 9);
    for died in 1..=3 {
        // The server counts what died in another process's hands.
        let counted = format!("pointsman_dead_letters_total{{queue=\"bot\",reason=\"failed\"}} {died}\n");
        assert!(get(&house, "/metrics").contains(&counted), "{counted}");
        let all = house.json(&["dead-letters"]);
        let row = &all[0];
        assert_eq!((&row["queue"], &row["held"], &row["count"]), (&"bot".into(), &false.into(), &1.into()));
        assert_eq!(all.as_array().unwrap().len(), 1);
        let dead = house.json(&["dead-letters", "bot"]);
        assert_eq!((dead[0]["delivery"].as_str(), dead.as_array().unwrap().len()), (Some(POISON), 1));
        let id = dead[0]["id"].as_str().unwrap();
        let retried = house.json(&["dead-letters", "bot", "retry", id]);
        assert_eq!(retried, json!({"queue": "bot", "retried": 1, "released": 0}));
        assert_eq!(plain(&house.ok(&["dead-letters"])), "Nothing died, and nothing is held.\n");
        assert_eq!(
            house.json(&run)["dead"].as_u64().unwrap() + house.json(&run)["dead"].as_u64().unwrap(),
            1
        );
    }
    let said = plain(&house.ok(&["dead-letters", "bot", "retry", "--all"]));
    assert_eq!(said, "1 sent to `bot` again\n");
    let event: Value = serde_json::from_str(&house.ok(&["receive", "bot"])).unwrap();
    assert_eq!((&event["id"], &event["cause"]), (&POISON.into(), &"retried".into()));
}

#[test]
fn a_held_session_waits_is_told_and_goes_on_when_it_is_decided_about() {
    let mut house = house("on_poison: hold");
    let run = ["receive", "bot", "--exec", FAIL_POISON];
    house.send(PUSH, "push", "11111111-1111-4111-8111-111111111111");
    let first = house.json(&run);
    assert_eq!((&first["completed"], &first["dead"]), (&1.into(), &1.into()), "another session goes on");
    for beside in [true, false] {
        if !beside {
            house.stop();
        }
        assert_eq!(
            (&house.json(&["queues"])[0]["held"], &house.json(&["queues"])[0]["dead"]),
            (&1.into(), &0.into())
        );
        let text = plain(&house.ok(&["dead-letters"]));
        assert!(
            text.starts_with("queue  state  reason  count  oldest\nbot    held   failed      1"),
            "{text}"
        );
        let list = house.json(&["subscriptions", "list"]);
        assert_eq!((&list[0]["held"], &list[0]["paused"]), (&1.into(), &false.into()));
        assert!(house.ok(&["show", POISON]).contains(", held for a person (failed)\n"));
    }
    house.serve();
    let ready = get(&house, "/ready");
    assert!(ready.starts_with("HTTP/1.1 200") && ready.contains("1 session held for a person"), "{ready}");
    assert!(get(&house, "/metrics").contains("pointsman_queue_held{queue=\"bot\"} 1"));

    let held = house.json(&["dead-letters", "bot"]);
    let id = held[0]["id"].as_str().unwrap();
    assert_eq!((&held[0]["held"], &held[0]["delivery"]), (&true.into(), &POISON.into()));
    assert_eq!(house.json(&["dead-letters", "bot", "show", id])["event"]["id"], POISON);
    let said = plain(&house.ok(&["dead-letters", "bot", "retry", id]));
    assert_eq!(said, "1 released in `bot`: tried again where they are\n");
    let again = house.json(&run);
    assert_eq!(
        (&again["completed"], &again["dead"]),
        (&0.into(), &1.into()),
        "it comes first, and is held again"
    );
    let said = plain(&house.ok(&["dead-letters", "bot", "bury", id]));
    assert_eq!(said, "1 given up to the dead letters of `bot`; sessions behind them go on\n");
    assert_eq!(house.json(&run)["completed"], 9);
    let dead = house.json(&["dead-letters", "bot"]);
    assert_eq!((&dead[0]["held"], &dead[0]["delivery"]), (&false.into(), &POISON.into()));
    let buried = house.fails(&["dead-letters", "bot", "bury", dead[0]["id"].as_str().unwrap()], 1);
    assert!(buried.contains("only what is held in `bot` can be buried"), "{buried}");
    assert!(house.fails(&["dead-letters", "retry", "--all"], 1).contains("of which queue?"));
}

#[test]
fn a_held_message_can_be_purged_and_its_followers_go_on() {
    let house = house("on_poison: hold");
    house.ok(&["receive", "bot", "--exec", FAIL_POISON]);
    let refused = house.fails(&["dead-letters", "bot", "purge", "--all"], 1);
    assert!(refused.contains("1 held messages of `bot` would be removed for good: say --yes"), "{refused}");
    assert_eq!(house.json(&["dead-letters", "bot", "purge", "--all", "--yes"])["purged"], 1);
    assert_eq!(house.ok(&["receive", "bot"]).lines().count(), 9);
    assert_eq!(house.json(&["dead-letters"]), json!([]));
}

#[test]
fn a_paused_subscription_hands_nothing_out_until_it_is_resumed() {
    let mut house = house("");
    for said in ["is paused: it hands nothing out", "is paused already: it hands nothing out"] {
        let text = plain(&house.ok(&["subscriptions", "pause", "bot"]));
        assert!(text.contains(said), "{text}");
        assert!(text.ends_with("concerns the other subscriptions of the queue too: audit\n"), "{text}");
    }
    assert!(get(&house, "/ready").contains(r#""state":"paused""#), "{}", get(&house, "/ready"));
    assert!(get(&house, "/metrics").contains("pointsman_queue_paused{queue=\"bot\"} 1"));
    let output = house.run(&["receive", "bot"]);
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("the queue `bot` is paused"));
    house.stop();
    assert_eq!(house.json(&["queues"])[0]["paused"], true);
    let list = plain(&house.ok(&["subscriptions", "list"]));
    assert!(list.lines().skip(1).all(|line| line.ends_with("  paused")), "{list}");
    assert_eq!(house.ok(&["receive", "bot"]), "");
    let resumed = house.json(&["subscriptions", "resume", "audit"]);
    assert_eq!(
        (&resumed["paused"], &resumed["already"], &resumed["waiting"]),
        (&false.into(), &false.into(), &10.into())
    );
    assert_eq!(house.ok(&["receive", "bot"]).lines().count(), 10);
    let unknown = house.fails(&["subscriptions", "pause", "nobody"], 1);
    assert!(
        unknown.contains("there is no subscription `nobody`; known subscriptions: bot, audit"),
        "{unknown}"
    );
}

#[test]
fn a_backup_is_taken_beside_the_server_and_put_back_once_it_has_stopped() {
    let mut house = house("");
    let made = house.json(&["backup", "b.pointsman"]);
    assert_eq!((&made["deliveries"], &made["messages"], &made["dead"]), (&10.into(), &10.into(), &0.into()));
    assert_eq!(made["bytes"], std::fs::metadata(house.folder().join("b.pointsman")).unwrap().len());
    let exists = house.fails(&["backup", "b.pointsman"], 1);
    assert!(exists.contains("b.pointsman exists already: name another file, or say --force"), "{exists}");
    let held = house.fails(&["restore", "b.pointsman", "--force"], 1);
    assert!(held.contains("is held by `pointsman serve`"), "{held}");
    house.stop();
    house.ok(&["receive", "bot"]);
    assert!(plain(&house.ok(&["backup", "b.pointsman", "--force"])).contains("10 deliveries, 0 messages, "));
    house.serve();
    house.send(ISSUE, "issues", "11111111-1111-4111-8111-111111111111");
    house.stop();
    let full = house.fails(&["restore", "b.pointsman"], 1);
    assert!(full.contains("is not empty (11 deliveries, 1 messages, 0 dead letters, "), "{full}");
    let told = plain(&house.ok(&["restore", "b.pointsman", "--force"]));
    assert!(told.contains("The store that was there is kept: data/store.db.before-restore\n"), "{told}");
    assert_eq!(house.json(&["events"]).as_array().unwrap().len(), 10);
    let no_backup = house.file("no-backup", "hello");
    let refused = house.fails(&["restore", &no_backup, "--force"], 1);
    assert!(refused.contains("no-backup is no backup of Pointsman"), "{refused}");
}
