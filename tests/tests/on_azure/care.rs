//! The functions that take care of what is kept: recover on its schedule and by order, a replay that is asked for by name.

use std::{collections::HashMap, fs, time::Duration};

use jiff::Timestamp;
use pointsman_tests::{delivery_id, sign};
use serde_json::json;

use crate::cloud::{Cloud, until};

const SECRET: &str = "it is in the app's settings";
const CONFIG: &str = "sources: { github: { secrets: ['env:HOOK_SECRET'] } }\nsubscriptions: [{ name: all, events: ['issues.*'] }]\n";
const ISSUES: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(60);

async fn opened(cloud: &Cloud, number: u32) {
    let body = json!({ "action": "opened", "issue": { "number": number },
        "repository": { "full_name": "acme/web", "name": "web" } })
    .to_string();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("x-github-event", "issues".to_owned()),
        ("x-github-delivery", delivery_id(Timestamp::now(), number)),
        ("x-github-hook-id", "7".to_owned()),
        ("x-hub-signature-256", sign(SECRET, body.as_bytes())),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let (status, told) = cloud.post(headers, body.into_bytes()).await;
    assert_eq!(status, 202, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_sent_is_recovered_and_a_replay_sends_everything_again() {
    let cloud = Cloud::start(CONFIG, &[("HOOK_SECRET", SECRET)]).await;
    // Its queue is not there: intake keeps what it takes in, and says so to nobody but recover.
    cloud.bus.broker.remove("pointsman-all");
    opened(&cloud, 0).await;
    cloud.make("pointsman-all");
    for number in 1..ISSUES {
        opened(&cloud, number).await;
    }
    let (consumer, notes) = cloud.consumer().await;
    let done = || -> HashMap<String, usize> {
        let mut done = HashMap::new();
        let notes = fs::read_to_string(&notes).unwrap();
        for line in notes.lines().filter(|line| line.split('\t').nth(3) == Some("done")) {
            *done.entry(line.split('\t').nth(1).unwrap().to_owned()).or_default() += 1;
        }
        done
    };
    let order = json!({ "apply": true });
    for run in ["by schedule", "by order"] {
        let (ran, told) = match run {
            "by schedule" => cloud.host.tick("recover").await,
            _ => cloud.host.order("recover-order", &order).await,
        };
        assert!(ran && told.starts_with("{\"done\":"), "{run}: {told}");
    }
    until("all came", PATIENCE, async || done().len() == ISSUES as usize && cloud.waiting() == 0).await;
    let order = json!({ "id": "once-more", "events": ["issues.*"], "apply": true, "rate": 0 });
    let (asked, told) = cloud.host.order("replay-order", &order).await;
    assert!(asked && told.contains("\"queued\""), "{told}");
    until("all came again", PATIENCE, async || done().values().all(|times| *times >= 2)).await;
    until("nothing is left", PATIENCE, async || cloud.waiting() == 0).await;
    let (asked, why) = cloud.host.order("replay-order", &json!({ "evnets": ["push"] })).await;
    assert!(!asked && why.starts_with("Rejected: ") && why.contains("`evnets`"), "{why}");
    assert!(consumer.stop().await.unwrap().success());
    assert!(cloud.host.stop().await.unwrap().success());
}
