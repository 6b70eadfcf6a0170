//! What fails for good is one dead letter, whole and with its reason, and nothing else suffers.

use std::time::Duration;

use pointsman_core::{
    outcome::{Outcome, Reason},
    port::{PortError, dead_letter},
};

use super::stand::{FIVE_ATTEMPTS, SECOND, Stand, Watch, broken, done, message, rejected, throttled};

pub(super) async fn a_rejected_message_is_a_dead_letter_and_its_session_goes_on(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a1", "a2", "a3", "-1"]).await;
    let stage = watch.stage(|name, _| match name {
        "a2" => rejected(Reason::Malformed, "no such field: `a`"),
        "-1" => rejected(Reason::Failed, "never"),
        _ => done(),
    });
    stand.drain(&stage).await;
    assert_eq!(watch.seen_of('a'), ["a1", "a2", "a3"]);
    let expected = [["a2", "malformed", "no such field: `a`", "1"], ["-1", "failed", "never", "1"]];
    assert_eq!(stand.epitaphs().await, expected);
    stand.assert_nothing_comes().await;
}

pub(super) async fn a_dead_letter_is_the_message_as_it_was_sent(stand: Stand) {
    let sent = message("a1");
    stand.send(sent.clone()).await;
    stand.drain(&Watch::default().stage(|_, _| rejected(Reason::Failed, "never"))).await;
    let mut dead = stand.dead().await;
    assert_eq!(dead.len(), 1);
    let letter = dead.remove(0);
    assert_eq!((letter.body, letter.session), (sent.body.to_bytes(), sent.session));
    assert_eq!(letter.correlation, sent.correlation);
    for (name, value) in &sent.attributes {
        assert_eq!(letter.attributes.get(name), Some(value), "{name}");
    }
    let died = letter.attributes[dead_letter::TIME].parse::<jiff::Timestamp>();
    died.expect("when it died, as RFC 3339 says it");
}

pub(super) async fn one_poison_in_ten_is_one_dead_letter(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a01", "a02", "a03", "a04", "a05", "a06", "a07", "a08", "a09", "a10"]).await;
    let stage = watch.stage(|name, _| if name == "a04" { broken() } else { done() });
    stand.drain_after(&FIVE_ATTEMPTS, &stage).await;
    let tried = ["a01", "a02", "a03", "a04", "a04#2", "a04#3", "a04#4", "a04#5"];
    let after = ["a05", "a06", "a07", "a08", "a09", "a10"];
    assert_eq!(watch.seen(), [&tried[..], &after].concat());
    assert_eq!(stand.epitaphs().await, [["a04", "failed", "the subscriber is away", "5"]]);
    stand.assert_nothing_comes().await;
}

pub(super) async fn one_poison_among_ten_sessions_is_one_dead_letter(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a1", "b1", "c1", "d1", "e1", "f1", "g1", "h1", "i1", "j1"]).await;
    let stage = watch.stage(|name, _| if name == "d1" { panic!("a bug") } else { done() });
    stand.drain(&stage).await;
    let others: Vec<_> = watch.seen().into_iter().filter(|name| !name.starts_with('d')).collect();
    assert_eq!(others.len(), 9, "{others:?}");
    stand.drain_after(&FIVE_ATTEMPTS, &stage).await;
    assert_eq!(watch.seen().len(), 9 + 5);
    assert_eq!(stand.epitaphs().await, [["d1", "failed", "the handler panicked: a bug", "5"]]);
}

pub(super) async fn what_can_never_succeed_dies_at_once(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a1", "b1", "c1"]).await;
    let stage = watch.stage(|name, _| match name {
        "a1" => Err(PortError::invalid("no such branch")),
        "b1" => Err(PortError::not_found("the repository is gone")),
        _ => done(),
    });
    stand.drain(&stage).await;
    let mut dead = stand.epitaphs().await;
    dead.sort();
    let expected = [["a1", "failed", "no such branch", "1"], ["b1", "failed", "the repository is gone", "1"]];
    assert_eq!(dead, expected);
    stand.assert_nothing_comes().await;
}

pub(super) async fn a_stages_own_retry_is_bounded_too(stand: Stand) {
    let watch = Watch::default();
    stand.put(&["a1", "a2"]).await;
    let stage = watch.stage(|name, _| {
        let cause = PortError::unavailable("not yet");
        if name == "a1" { Ok(Outcome::Retry { after: SECOND, cause }) } else { done() }
    });
    stand.drain_after(&[SECOND; 4], &stage).await;
    assert_eq!(watch.seen(), ["a1", "a1#2", "a1#3", "a1#4", "a1#5", "a2"]);
    assert_eq!(stand.epitaphs().await, [["a1", "max_deliveries", "not yet", "5"]]);
}

pub(super) async fn throttling_ends_with_the_messages_age(stand: Stand) {
    let hour = Duration::from_secs(3600);
    let watch = Watch::default();
    stand.put(&["a1", "a2"]).await;
    let stage = watch.stage(move |name, _| if name == "a1" { throttled(hour) } else { done() });
    stand.drain_after(&[hour; 11], &stage).await;
    assert_eq!((watch.seen(), stand.dead().await.len()), (vec!["a1".to_owned(); 12], 0));
    stand.drain_after(&[hour], &stage).await;
    assert_eq!(watch.seen_of('a').last().map(String::as_str), Some("a2"));
    let dead = stand.epitaphs().await;
    assert_eq!((dead.len(), &dead[0][..3]), (1, &["a1", "max_age", "slow down"].map(str::to_owned)[..]));
}
