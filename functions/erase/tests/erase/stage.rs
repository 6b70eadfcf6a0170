//! The stage: everything of a deleted installation goes, the event with it, and only by a payload that says so.

use std::time::Duration;

use pointsman_core::{
    outcome::{Handled, Outcome},
    port::{Abandon, Received},
};
use pointsman_erase::{Removed, handle};

use crate::house::{House, OWNERS, name, without};

const DELETED: &str = r#"{"action":"deleted","note":"tag-org-7-end","installation":{"id":7,"account":{"id":1,"login":"acme"}}}"#;

impl House {
    /// GitHub tells that the installation was deleted; the message that the stage gets.
    async fn told(&self, payload: &str) -> Received {
        let taken =
            self.take(payload, ("application/json", "installation"), "tag-org-7-end-deleted", None).await;
        assert!(taken.is_some());
        self.held("erase", 1).await.remove(0)
    }

    async fn handled(&self, message: &Received) -> Handled<Removed> {
        handle(message, &self.ports()).await
    }
}

fn wait(handled: Handled<Removed>) -> Duration {
    match handled.unwrap() {
        Outcome::Retry { after, .. } => after,
        other => panic!("it is not looked at again: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_installations_things_go_and_the_event_with_them() {
    let house = House::full().await;
    let before = house.everything().await;
    let tags: Vec<&str> = OWNERS.iter().filter(|(.., of)| *of == 7).map(|(tag, ..)| *tag).collect();
    let message = house.told(DELETED).await;
    assert_eq!(
        wait(house.handled(&message).await),
        Duration::from_secs(60),
        "what is under way may still come in"
    );
    house.clock.turn(Duration::from_secs(20));
    let late = DELETED.replace("deleted", "suspend");
    house.take(&late, ("application/json", "installation"), "tag-org-7-end-late", None).await;
    house.clock.turn(Duration::from_secs(5));
    assert_eq!(wait(house.handled(&message).await), Duration::from_secs(35));
    house.clock.turn(Duration::from_secs(35));
    match house.handled(&message).await.unwrap() {
        Outcome::Done(removed) => assert_eq!((removed.total(), removed.held_back), (0, 0)),
        other => panic!("it is not done: {other:?}"),
    }
    let message = house.held("erase", 1).await.remove(0);
    house.all.receiver.complete(&name("erase"), &[message.receipt]).await.remove(0).unwrap();
    let rest = |all| {
        let marks =
            |(key, _): &(String, String)| !(key.starts_with("record routed/") && key.ends_with("-lost"));
        without(&all, &tags).into_iter().filter(marks).collect::<Vec<_>>()
    };
    let after = house.everything().await;
    assert_eq!(rest(after.clone()), rest(before));
    let left = after.iter().filter(|(key, _)| !key.ends_with("-lost"));
    assert!(left.clone().all(|(_, text)| tags.iter().all(|tag| !text.contains(tag))), "{left:?}");
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_holds_is_waited_for() {
    let house = House::full().await;
    let held = house.held("all", 1).await.remove(0);
    let message = house.told(DELETED).await;
    house.clock.turn(Duration::from_secs(61));
    let renewed = house.held("all", 1).await.remove(0);
    assert_eq!(renewed.id, held.id, "its hold ran out");
    assert_eq!(wait(house.handled(&message).await), Duration::from_secs(60));
    house.all.receiver.abandon(&name("all"), &renewed.receipt, Abandon::untouched()).await.unwrap();
    assert!(matches!(house.handled(&message).await, Ok(Outcome::Done(removed)) if removed.total() == 1));
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_does_not_say_so_erases_nothing() {
    for payload in [
        r#"{"action":"deleted","comment":{"id":1},"repository":{"full_name":"acme/web"},"installation":{"id":7}}"#,
        r#"{"action":"deleted","repository":{"full_name":"acme/web"},"installation":{"id":7,"account":{"id":1}}}"#,
        r#"{"action":"deleted","installation":{"id":7}}"#,
        r#"{"action":"deleted","installation":{"account":{"id":1}}}"#,
    ] {
        let house = House::full().await;
        let message = house.told(payload).await;
        let before = house.everything().await;
        match house.handled(&message).await.unwrap() {
            Outcome::Rejected(why) => assert_eq!(
                why.detail,
                "the event says that an installation was deleted, and its payload does not: nothing was erased"
            ),
            other => panic!("{payload}: {other:?}"),
        }
        assert_eq!(house.everything().await, before, "{payload}");
        house.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_another_kind_or_without_its_delivery_is_passed_over() {
    let house = House::full().await;
    let message = house.told(DELETED).await;
    let other = String::from_utf8(message.body.to_vec()).unwrap();
    for body in [
        other.replace("com.github.installation.deleted", "pointsman.gitlab.installation"),
        r#"{"type":"com.github.installation.deleted","installation":"7","dataref":"deliveries/gone"}"#
            .to_owned(),
    ] {
        let message = Received { body: body.into(), ..message.clone() };
        let before = house.everything().await;
        assert!(matches!(house.handled(&message).await, Ok(Outcome::Skipped(_))));
        assert_eq!(house.everything().await, before);
    }
    house.store.close().await;
}
