//! Sweep `unrouted`: a queue was down.

use pointsman_recover::{Action, Ask};

use crate::house::{HOUR, House, MINUTE};

const TWO: &str = "  - { name: one, events: [issues] }\n  - { name: two, events: [issues] }\n";

impl House {
    fn down(&self, queues: &[&str]) {
        *self.queues.down.lock().unwrap() = queues.iter().map(|it| (*it).to_owned()).collect();
    }
}

#[tokio::test]
async fn what_a_queue_did_not_take_goes_to_that_queue_once_it_does() {
    let house = House::stepwise(TWO).await;
    house.down(&["two"]);
    house.issue("acme/web", 1);
    house.issue("acme/web", 2);
    assert_eq!(house.carry().await, 2, "it was taken in all the same");
    let report = house.run().await;
    assert_eq!((report.unrouted.failing, report.left), (2, 2));
    let why = "`two`: it is on fire";
    assert!(report.items.iter().all(|it| it.why.as_deref() == Some(why)), "{report:?}");
    house.down(&[]);
    house.clock.turn(MINUTE);
    let dry = house.ask(Ask::default()).await;
    assert_eq!((dry.unrouted.rerouted, dry.items[0].queues.join(", ").as_str()), (2, "two"));
    assert_eq!(house.told("two").await, [] as [String; 0]);
    let report = house.run().await;
    assert_eq!((report.unrouted.rerouted, report.left), (2, 0), "{report:?}");
    assert_eq!(house.told("one").await, ["1: first", "2: first"]);
    assert_eq!(house.told("two").await, ["1: rerouted", "2: rerouted"]);
    assert_eq!(house.records("unrouted/").await, []);
    assert_eq!(house.run().await.unrouted, Default::default());
}

#[tokio::test]
async fn a_crash_between_sending_and_deleting_sends_nothing_twice() {
    let house = House::stepwise(TWO).await;
    house.down(&["two"]);
    house.issue("acme/web", 1);
    house.carry().await;
    let (key, value) = house.records("unrouted/").await.remove(0);
    house.down(&[]);
    house.run().await;
    house.put(&key, value.clone()).await;
    assert_eq!(house.run().await.unrouted.rerouted, 1, "the record goes");
    assert_eq!(house.told("two").await, ["1: rerouted"], "the mark has it");
    // The mark is lost as well, and the queue's window is open.
    house.put(&key, value).await;
    house.unmark().await;
    house.run().await;
    assert_eq!(house.told("two").await, ["1: rerouted"]);
    assert_eq!(house.records("unrouted/").await, []);
}

#[tokio::test]
async fn one_queue_stays_down_and_the_other_gets_its_own() {
    let house = House::stepwise(TWO).await;
    house.down(&["one", "two"]);
    house.issue("acme/web", 1);
    house.issue("acme/web", 2);
    house.carry().await;
    house.down(&["one"]);
    assert_eq!(house.run().await.left, 2);
    assert_eq!(house.told("two").await, ["1: rerouted", "2: rerouted"]);
    for (_, record) in house.records("unrouted/").await {
        let queues: Vec<_> = record["queues"].as_object().unwrap().keys().collect();
        assert_eq!(queues, ["one"], "what is left is in the record");
    }
    house.down(&[]);
    // It failed so often that it is left alone for a while.
    house.clock.turn(5 * MINUTE);
    assert_eq!(house.run().await.left, 0);
    assert_eq!(house.told("one").await, ["1: rerouted", "2: rerouted"]);
}

#[tokio::test]
async fn a_queue_that_is_no_more_is_told_and_keeps_nobody_from_the_others() {
    for stepwise in [true, false] {
        let house = if stepwise { House::stepwise(TWO).await } else { House::new(TWO).await };
        house.issue("acme/web", 1);
        house.carry().await;
        let archive = house.archived().await.remove(0);
        house.unmark().await;
        let name = archive.rsplit('/').next().unwrap();
        let queues = serde_json::json!({ "gone": "down", "two": "down" });
        let record =
            serde_json::json!({ "archive": archive, "queues": queues, "since": "2026-11-21T12:00:00Z" });
        house.put(&format!("unrouted/github/{name}"), record).await;
        house.clock.turn(HOUR);
        let report = house.run().await;
        assert_eq!((report.unrouted.failing, report.left), (1, 1), "{report:?}");
        let why = report.items[0].why.as_deref().unwrap();
        assert!(why.contains("there is no queue `gone`; known queues: one, two"), "{why}");
        assert_eq!(report.items[0].queues, ["gone"]);
        assert_eq!(house.told("two").await.last().unwrap(), "1: rerouted");
        assert_eq!(
            house.run().await.unrouted.failing,
            1,
            "it stays until somebody makes the queue or erases it"
        );
    }
}

#[tokio::test]
async fn what_retention_removed_is_lost_loudly_and_its_record_goes() {
    let house = House::stepwise(TWO).await;
    house.down(&["two"]);
    house.issue("acme/web", 1);
    house.carry().await;
    house.down(&[]);
    let archive = house.archived().await.remove(0);
    house.store.ports().archive.delete(&archive).await.unwrap();
    let report = house.run().await;
    assert_eq!((report.unrouted.lost, report.left, report.items[0].action), (1, 0, Action::Lost));
    let why = format!("`{archive}` is not in the archive any more; it did not reach two");
    assert_eq!(report.items[0].why.as_deref(), Some(why.as_str()));
    assert_eq!(house.records("unrouted/").await, []);
}
