//! Every payload from HTTP to a consumer in session order, one try in ten failing, both programs killed on the way.

use std::{
    collections::{HashMap, HashSet},
    fs,
    time::Duration,
};

use jiff::Timestamp;
use pointsman_tests::{delivery_id, fixtures, sign};
use serde_json::Value;

use crate::cloud::{Cloud, until};

const SECRET: &str = "it is in the app's settings";
const CONFIG: &str =
    "sources: { github: { secrets: ['env:HOOK_SECRET'] } }\nsubscriptions: [{ name: all, events: ['*'] }]\n";

#[tokio::test(flavor = "multi_thread")]
async fn every_payload_reaches_a_consumer_in_order_though_programs_are_killed() {
    let cloud = Cloud::start(CONFIG, &[("HOOK_SECRET", SECRET)]).await;
    let (consumer, notes) = cloud.consumer().await;
    let all: Vec<_> =
        fixtures::github().chain(fixtures::derived()).chain([fixtures::large_push(5_000_000)]).collect();
    assert!(all.len() > 329);
    let mut sent: HashMap<String, Vec<String>> = HashMap::new();
    for (nth, payload) in all.iter().enumerate() {
        if nth == all.len() / 3 {
            cloud.host.handler.crash().await.unwrap();
        }
        if nth == all.len() / 2 {
            consumer.handler.crash().await.unwrap();
        }
        let id = delivery_id(Timestamp::now(), u32::try_from(nth).unwrap());
        let headers = [
            ("content-type", "application/json"),
            ("x-github-event", &payload.event),
            ("x-github-delivery", &id),
            ("x-github-hook-id", "7"),
            ("x-hub-signature-256", &sign(SECRET, &payload.bytes)),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let (status, told) = cloud.post(headers, payload.bytes.clone()).await;
        assert_eq!(status, 202, "{}/{}: {told}", payload.event, payload.name);
        let told: Value = serde_json::from_str(&told).unwrap();
        sent.entry(told["session"].as_str().unwrap().to_owned()).or_default().push(id);
    }
    until("all is consumed", Duration::from_secs(120), async || cloud.waiting() == 0).await;
    let notes = fs::read_to_string(notes).unwrap();
    let notes: Vec<Vec<&str>> = notes.lines().map(|line| line.split('\t').collect()).collect();
    in_order(&notes, &sent);
    let failed = notes.iter().filter(|note| note[3] == "failed").count();
    assert!(failed > 10, "{failed} of {} tries failed", notes.len());
    assert!(consumer.stop().await.unwrap().success());
    assert!(cloud.host.stop().await.unwrap().success());
}

/// Of each session: what was done for the first time, in the order in which it was sent, and nothing else.
fn in_order(notes: &[Vec<&str>], sent: &HashMap<String, Vec<String>>) {
    let mut done: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut seen = HashSet::new();
    for note in notes.iter().filter(|note| note[3] == "done") {
        if seen.insert(note[1]) {
            done.entry(note[0]).or_default().push(note[1]);
        }
    }
    for (session, ids) in sent {
        assert_eq!(done.remove(session.as_str()).unwrap_or_default(), *ids, "{session}");
    }
    assert!(done.is_empty(), "{done:?}");
}
