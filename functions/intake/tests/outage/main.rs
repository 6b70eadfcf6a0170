//! One queue is down: the others get the event, its name is kept for recover, and a redelivery reaches it alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod circuit;
mod house;

use std::sync::atomic::Ordering;

use pointsman_core::{
    ledger::{Committed, Ledger},
    port::{ErrorKind, Records},
};

use house::{DOWN, WORKS, entry, house, name};

const BOTH: &[&str] = &["fast", "slow"];

#[tokio::test]
async fn an_event_that_one_queue_cannot_take_is_accepted_and_its_target_kept() {
    let house = house(DOWN).await;
    let committed = house.ledger.commit(entry(1, BOTH)).await.unwrap();
    assert_eq!(committed, Committed::Stored { duplicate: false, sent: vec![name("fast")] });
    assert!(house.tries() > 1, "it is tried more than once");
    let kept = house.outage.get("unrouted/github/-.1").await.unwrap().unwrap();
    let kept: serde_json::Value = serde_json::from_slice(&kept.value).unwrap();
    assert_eq!(kept["archive"], "deliveries/github/2026/11/21/12/-.1");
    assert_eq!(kept["queues"], serde_json::json!({ "slow": "no route to the queue" }));
    assert_eq!(house.depths().await, [1, 0]);
}

#[tokio::test]
async fn a_redelivery_after_the_outage_reaches_only_the_queue_that_lacks_it() {
    let house = house(DOWN).await;
    house.ledger.commit(entry(1, BOTH)).await.unwrap();
    house.set_slow(WORKS);
    let committed = house.ledger.commit(entry(1, BOTH)).await.unwrap();
    assert_eq!(committed, Committed::Stored { duplicate: true, sent: vec![name("slow")] });
    assert_eq!(house.depths().await, [1, 1]);
}

#[tokio::test]
async fn what_is_kept_of_a_delivery_adds_up_until_each_queue_has_it() {
    let house = house(DOWN).await;
    house.ledger.commit(entry(1, &["slow"])).await.unwrap();
    house.ledger.commit(entry(1, &["unknown"])).await.unwrap();
    let unrouted = house.unrouted().await;
    assert_eq!(unrouted["1"].keys().collect::<Vec<_>>(), ["slow", "unknown"]);
    house.set_slow(WORKS);
    house.ledger.commit(entry(1, &["slow", "unknown"])).await.unwrap();
    let unrouted = house.unrouted().await;
    assert_eq!(unrouted["1"].keys().collect::<Vec<_>>(), ["unknown"], "one has it now");
}

#[tokio::test]
async fn where_not_even_the_target_can_be_kept_the_sender_must_come_again() {
    let house = house(DOWN).await;
    house.outage.records_down.store(true, Ordering::Relaxed);
    let error = house.ledger.commit(entry(1, BOTH)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    house.set_slow(WORKS);
    let committed = house.ledger.commit(entry(1, BOTH)).await.unwrap();
    assert_eq!(committed, Committed::Stored { duplicate: true, sent: vec![name("fast"), name("slow")] });
    assert_eq!(
        house.depths().await,
        [1, 1],
        "a mark that could not be written costs no second copy within the window"
    );
}
