//! What is done is gone; what is not done comes again before the later ones of its session.

use std::time::Duration;

use pointsman_core::{outcome::Outcome, port::PortError};

use super::stand::{SECOND, Stand, Watch, broken, done, throttled};

pub(super) async fn what_is_done_or_skipped_never_comes_again(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a1", "a2", "b1", "-1", "-2"]).await;
    let stage = watch.stage(|name, _| match name {
        "a1" | "-1" => Ok(Outcome::Skipped("nobody wants it".into())),
        _ => done(),
    });
    stand.drain(&stage).await;
    let mut seen = watch.seen();
    seen.sort();
    assert_eq!(seen, ["-1", "-2", "a1", "a2", "b1"]);
    stand.assert_nothing_comes().await;
    assert_eq!(stand.dead().await, []);
}

pub(super) async fn a_sessions_messages_are_handled_one_after_another_in_order(stand: Stand) {
    let watch = Watch::default();
    let names: Vec<String> =
        (1..=12).flat_map(|nth| ["a", "b", "c"].map(|it| format!("{it}{nth:02}"))).collect();
    stand.put(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    stand.drain(&watch.stage(|_, _| done())).await;
    for session in ['a', 'b', 'c'] {
        let expected: Vec<_> = (1..=12).map(|nth| format!("{session}{nth:02}")).collect();
        assert_eq!(watch.seen_of(session), expected);
    }
}

pub(super) async fn after_a_failure_the_later_messages_of_the_session_wait_untouched(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a1", "a2", "a3", "a4"]).await;
    let stage = watch.stage(|name, attempt| if name == "a2" && attempt < 3 { broken() } else { done() });
    stand.drain(&stage).await;
    if stand.capabilities.exact_after {
        assert_eq!(watch.seen(), ["a1", "a2"]);
    }
    stand.drain_after(&[SECOND, 2 * SECOND], &stage).await;
    assert_eq!(watch.seen(), ["a1", "a2", "a2#2", "a2#3", "a3", "a4"]);
    assert_eq!(stand.dead().await, []);
}

pub(super) async fn a_failure_holds_up_no_other_session(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a1", "b1", "a2", "b2", "c1"]).await;
    let stage = watch.stage(|name, attempt| if name == "a1" && attempt == 1 { broken() } else { done() });
    stand.drain(&stage).await;
    assert_eq!((watch.seen_of('b'), watch.seen_of('c')), (vec!["b1".into(), "b2".into()], vec!["c1".into()]));
    stand.drain_after(&[SECOND], &stage).await;
    assert_eq!(watch.seen_of('a'), ["a1", "a1#2", "a2"]);
}

pub(super) async fn messages_without_a_session_stand_each_for_itself(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["-1", "-2", "-3"]).await;
    let stage = watch.stage(|name, attempt| if name == "-2" && attempt == 1 { broken() } else { done() });
    stand.drain_after(&[SECOND], &stage).await;
    let mut seen = watch.seen();
    seen.sort();
    assert_eq!(seen, ["-1", "-2", "-2#2", "-3"]);
    stand.assert_nothing_comes().await;
}

pub(super) async fn retry_is_not_before_its_time(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a1", "a2", "b1", "-1"]).await;
    let stage = watch.stage(|name, attempt| {
        let cause = PortError::unavailable("a deployment is under way");
        let later = Outcome::Retry { after: Duration::from_secs(60), cause };
        if attempt == 1 && (name == "a1" || name == "-1") { Ok(later) } else { done() }
    });
    stand.drain_after(&[Duration::from_secs(59)], &stage).await;
    assert_eq!((watch.seen_of('a'), watch.seen_of('-')), (vec!["a1".into()], vec!["-1".into()]));
    stand.drain_after(&[SECOND], &stage).await;
    assert_eq!(watch.seen_of('a'), ["a1", "a1#2", "a2"]);
    assert_eq!(watch.seen_of('-'), ["-1", "-1#2"]);
}

pub(super) async fn throttling_counts_no_attempt(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a1", "a2", "-1"]).await;
    let times = watch.clone();
    let stage = watch.stage(move |name, _| {
        let so_far = times.seen().iter().filter(|seen| *seen == name).count();
        if name != "a2" && so_far < 8 { throttled(SECOND) } else { done() }
    });
    stand.drain_after(&[SECOND; 8], &stage).await;
    assert_eq!(watch.seen_of('a'), ["a1", "a1", "a1", "a1", "a1", "a1", "a1", "a1", "a2"]);
    assert_eq!(watch.seen_of('-'), ["-1"; 8]);
    stand.assert_nothing_comes().await;
    assert_eq!(stand.dead().await, []);
}

pub(super) async fn a_panic_is_a_retry_and_costs_no_other_session_anything(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a1", "a2", "b1"]).await;
    let stage =
        watch.stage(|name, attempt| if name == "a1" && attempt == 1 { panic!("a bug") } else { done() });
    stand.drain(&stage).await;
    assert_eq!(watch.seen_of('b'), ["b1"]);
    stand.drain_after(&[SECOND], &stage).await;
    assert_eq!(watch.seen_of('a'), ["a1", "a1#2", "a2"]);
    assert_eq!(stand.dead().await, []);
}
