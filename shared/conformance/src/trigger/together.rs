//! A stage that takes all that waits of a session at once: only the message dies whose fault it is.

use pointsman_core::outcome::Reason;

use super::stand::{SECOND, Stand, Watch, broken, done, rejected};

pub(super) async fn all_that_waits_of_a_session_is_handed_over_at_once(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a1", "a2", "a3", "b1", "b2"]).await;
    stand.drain(&watch.together(|_, _| done())).await;
    let mut runs = watch.runs();
    runs.sort();
    assert_eq!(runs, ["a1 a2 a3", "b1 b2"]);
    stand.assert_nothing_comes().await;
}

pub(super) async fn of_several_that_failed_together_only_the_first_counts_an_attempt(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a1", "a2", "a3"]).await;
    let stage = watch.together(|_, attempt| if attempt == 1 { broken() } else { done() });
    stand.drain(&stage).await;
    let again = watch.together(|_, _| done());
    stand.drain_after(&[SECOND], &again).await;
    // Who failed before is alone, so that it alone dies if it fails again and again.
    assert_eq!(watch.runs(), ["a1 a2 a3", "a1", "a2 a3"]);
    assert_eq!(watch.seen(), ["a1", "a2", "a3", "a1#2", "a2", "a3"]);
}

pub(super) async fn of_several_that_are_rejected_together_only_the_guilty_one_dies(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a1", "a2", "a3"]).await;
    let stage = watch.together(|names, _| {
        if names.contains(&"a2".to_owned()) { rejected(Reason::Failed, "never") } else { done() }
    });
    stand.drain(&stage).await;
    assert_eq!(watch.runs(), ["a1 a2 a3", "a1", "a2", "a3"]);
    assert_eq!(stand.epitaphs().await, [["a2", "failed", "never", "1"]]);
    stand.assert_nothing_comes().await;
}
