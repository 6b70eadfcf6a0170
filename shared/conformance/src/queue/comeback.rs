//! Promise 3: an abandoned (at once or after a time) or expired message comes back before later ones of its session.

use std::time::Duration;

use pointsman_core::port::Abandon;

use super::{
    Ports,
    subject::{bodies, of, plain},
};
use crate::Subject;

pub(super) async fn a_message_abandoned_at_once_comes_back_before_later_ones_of_its_session(
    subject: Subject<Ports>,
) {
    for how in [Abandon::untouched(), Abandon::failed("it failed", Duration::ZERO)] {
        let queue = subject.fresh().await;
        subject.send_session(&queue, "s", &["1", "2", "3"]).await;
        let first = subject.take_one(&queue).await;
        subject.abandon(&queue, &first, how).await;
        subject.assert_bodies(&queue, &["1", "2", "3"]).await;
    }
}

pub(super) async fn a_message_abandoned_for_a_time_keeps_its_session_waiting(subject: Subject<Ports>) {
    let after = 2 * subject.capabilities.visibility;
    for how in [Abandon { after, failed: None }, Abandon::failed("it failed", after)] {
        let queue = subject.fresh().await;
        subject.send_session(&queue, "s", &["1", "2"]).await;
        let first = subject.take_one(&queue).await;
        subject.abandon(&queue, &first, how).await;
        subject.assert_nothing(&queue).await;
        subject.send(&queue, of("other", "goes on")).await;
        subject.assert_bodies(&queue, &["goes on"]).await;
        if subject.capabilities.exact_time {
            subject.pass(after - Duration::from_secs(1)).await;
            assert!(
                !bodies(&subject.take_now(&queue).await).contains(&"1".to_owned()),
                "it came back too early"
            );
        }
        subject.pass(after).await;
        let received = subject.take_now(&queue).await;
        let session: Vec<_> = bodies(&received).into_iter().filter(|body| body != "goes on").collect();
        assert_eq!(session, ["1", "2"]);
    }
}

pub(super) async fn an_expired_message_comes_back_before_later_ones_of_its_session(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2"]).await;
    subject.take_one(&queue).await;
    subject.send_session(&queue, "s", &["3"]).await;
    subject.expire().await;
    subject.assert_bodies(&queue, &["1", "2", "3"]).await;
}

pub(super) async fn a_batch_given_back_last_to_first_comes_back_in_order(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2", "3", "4"]).await;
    let held = subject.take(&queue, 3).await;
    for message in held.iter().rev() {
        subject.assert_nothing(&queue).await;
        subject.abandon(&queue, message, Abandon::untouched()).await;
    }
    subject.assert_bodies(&queue, &["1", "2", "3", "4"]).await;
}

pub(super) async fn a_batch_that_expired_comes_back_in_order(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2", "3", "4"]).await;
    let held = subject.take(&queue, 3).await;
    subject.complete(&queue, &held[..1]).await;
    subject.expire().await;
    subject.assert_bodies(&queue, &["2", "3", "4"]).await;
}

pub(super) async fn many_holds_that_end_at_once_all_come_back(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    // More than an adapter would give back in one go.
    let all: Vec<_> = (0..600).map(|number| number.to_string()).collect();
    subject.send_all(&queue, all.iter().map(|session| of(session, session)).collect()).await;
    subject.take(&queue, all.len()).await;
    subject.expire().await;
    let mut again = bodies(&subject.take(&queue, all.len()).await);
    again.sort_by_key(|body| body.parse::<u32>().ok());
    assert_eq!(again, all);
}

pub(super) async fn an_abandoned_message_waits_for_held_followers(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2"]).await;
    let held = subject.take(&queue, 2).await;
    subject.fail(&queue, &held[0], "it failed").await;
    // Whoever got "1" now would be a second holder of the session.
    subject.assert_nothing(&queue).await;
    subject.abandon(&queue, &held[1], Abandon::untouched()).await;
    subject.assert_bodies(&queue, &["1", "2"]).await;
}

pub(super) async fn a_message_that_came_back_goes_before_one_that_was_sent_meanwhile(
    subject: Subject<Ports>,
) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1"]).await;
    let only = subject.take_one(&queue).await;
    subject.send_session(&queue, "s", &["2"]).await;
    subject.fail(&queue, &only, "it failed").await;
    subject.send_session(&queue, "s", &["3"]).await;
    subject.assert_bodies(&queue, &["1", "2", "3"]).await;
}

pub(super) async fn an_abandoned_message_without_a_session_comes_back(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, plain("a")).await;
    let message = subject.take_one(&queue).await;
    let after = subject.capabilities.visibility * 2;
    subject.abandon(&queue, &message, Abandon { after, failed: None }).await;
    subject.assert_nothing(&queue).await;
    subject.pass(after).await;
    subject.assert_bodies(&queue, &["a"]).await;
}
