//! Sweep `stored`: a crash between the archive and the mark.

use jiff::SignedDuration;
use pointsman_core::{
    delivery::{Delivery, DeliveryId, SourceName},
    port::Clock as _,
    port::{Archive as _, Object},
};
use pointsman_recover::Ask;

use crate::house::{HOUR, House, MINUTE};

const TWO: &str = "  - { name: one, events: [issues] }\n  - { name: two, events: [issues] }\n";

impl House {
    /// As if the process had died right after the raw bytes were durable.
    async fn archived_only(&self, id: &str, number: u64) {
        let body = format!(
            r#"{{"action":"opened","issue":{{"number":{number}}},"repository":{{"full_name":"acme/web"}}}}"#
        );
        let delivery = Delivery {
            source: SourceName("github".into()),
            id: DeliveryId(id.into()),
            hook: Some("42".into()),
            event: "issues".into(),
            received: self.clock.now(),
            headers: [("content-type", "application/json"), ("x-github-event", "issues")]
                .into_iter()
                .collect(),
            payload: body.clone().into(),
            body: body.into(),
            variant: false,
            fetched: false,
        };
        let object = Object { body: delivery.body.clone(), metadata: delivery.metadata() };
        self.store.put_new(&delivery.archive_key(), object).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_stored_and_not_sent_is_sent_once_it_is_no_more_under_way() {
    let house = House::stepwise(TWO).await;
    house.archived_only("a", 1).await;
    house.clock.turn(4 * MINUTE);
    assert_eq!(house.run().await.stored, Default::default(), "it may be on its way");
    house.clock.turn(2 * MINUTE);
    let report = house.run().await;
    assert_eq!(
        (report.stored.sent, report.items[0].queues.join(", ").as_str()),
        (1, "one, two"),
        "{report:?}"
    );
    for queue in ["one", "two"] {
        assert_eq!(house.told(queue).await, ["1: recovered"]);
    }
    house.clock.turn(24 * HOUR);
    assert_eq!(house.run().await.stored, Default::default(), "it has its mark");
}

#[tokio::test]
async fn a_crash_between_send_and_mark_sends_nothing_twice() {
    let house = House::stepwise(TWO).await;
    house.issue("acme/web", 1);
    house.carry().await;
    house.unmark().await;
    house.clock.turn(6 * MINUTE);
    let report = house.run().await;
    assert_eq!(report.stored.sent, 1, "nothing tells that it was sent");
    for queue in ["one", "two"] {
        assert_eq!(house.told(queue).await, ["1: first"], "within the dedup window it is one");
    }
    assert_eq!(house.records("routed/").await.len(), 1, "now there is a mark");
}

#[tokio::test]
async fn what_a_queue_did_not_take_is_left_to_the_sweep_of_the_unrouted() {
    let house = House::stepwise(TWO).await;
    house.queues.down.lock().unwrap().insert("two".into());
    house.issue("acme/web", 1);
    house.carry().await;
    house.unmark().await;
    house.clock.turn(6 * MINUTE);
    let report = house.ask(Ask::default()).await;
    assert_eq!((report.stored.sent, report.unrouted.rerouted), (0, 1));
}

#[tokio::test]
async fn what_came_late_lies_in_an_old_hour_and_is_found_once_a_day() {
    let house = House::stepwise(TWO).await;
    house.issue("acme/web", 7);
    house.carry().await;
    house.run().await;
    house.clock.turn(48 * HOUR);
    house.run().await;
    // Its id was made two days before: it is filed there.
    let id = uuid(house.clock.now() - SignedDuration::from_hours(40));
    house.archived_only(&id, 1).await;
    house.clock.turn(10 * MINUTE);
    assert_eq!(house.run().await.stored.sent, 0);
    house.clock.turn(24 * HOUR);
    assert_eq!(house.run().await.stored.sent, 1);
}

/// A version 1 id of this time.
fn uuid(at: jiff::Timestamp) -> String {
    let ticks = DeliveryId::ticks_of(at);
    let (low, mid, high) = (ticks & 0xffff_ffff, (ticks >> 32) & 0xffff, (ticks >> 48) & 0x0fff);
    format!("{low:08x}-{mid:04x}-1{high:03x}-8080-0123456789ab")
}

#[tokio::test]
async fn a_mark_that_expired_is_no_missing_mark() {
    let house = House::stepwise(TWO).await;
    house.issue("acme/web", 1);
    house.carry().await;
    house.clock.turn(31 * 24 * HOUR);
    assert_eq!(house.records("routed/").await, [], "it expired");
    let since = Some(house.clock.now() - SignedDuration::from_hours(40 * 24));
    let report = house.ask(Ask { since, apply: true }).await;
    assert_eq!(report.stored, Default::default(), "{report:?}");
}

#[tokio::test]
async fn what_cannot_be_sent_holds_the_cursor_and_what_cannot_be_read_does_not() {
    let house = House::new(TWO).await;
    house.archived_only("a", 1).await;
    let object = Object { body: "x".into(), metadata: [].into() };
    house.store.put_new("deliveries/github/2026/11/21/12/-.odd", object).await.unwrap();
    house.clock.turn(6 * MINUTE);
    let report = house.run().await;
    assert_eq!((report.stored.sent, report.stored.lost), (1, 1));
    let why = report.items.iter().find_map(|it| it.why.as_deref());
    assert_eq!(why, Some("the archived object deliveries/github/2026/11/21/12/-.odd lacks its delivery id"));
    assert_eq!(house.records("recover/archive").await[0].1["upto"], "2026-11-21T12:01:00Z");
    assert_eq!(house.run().await.stored, Default::default(), "it is told once");
}
