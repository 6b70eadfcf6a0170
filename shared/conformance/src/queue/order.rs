//! Promise 2: in order within a session; sessions do not block one another; one holder of a session at a time.

use pointsman_core::port::Ask;

use super::{
    Ports,
    subject::{ask, bodies, of, plain},
};
use crate::Subject;

pub(super) async fn a_session_is_received_in_the_order_it_was_sent(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2", "3", "4", "5"]).await;
    subject.assert_bodies(&queue, &["1", "2", "3", "4", "5"]).await;
}

pub(super) async fn order_holds_across_many_sends_and_receives(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let all: Vec<_> = (0..30).map(|number| number.to_string()).collect();
    for few in all.chunks(7) {
        subject.send_all(&queue, few.iter().map(|body| of("s", body)).collect()).await;
    }
    let mut received = Vec::new();
    while received.len() < all.len() {
        let few = subject.take(&queue, (received.len() % 3 + 1).min(all.len() - received.len())).await;
        received.extend(bodies(&few));
        subject.complete(&queue, &few).await;
    }
    assert_eq!(received, all);
}

pub(super) async fn sessions_do_not_block_one_another(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "slow", &["s1", "s2"]).await;
    let slow = subject.take_one(&queue).await;
    subject.send_session(&queue, "fast", &["f1", "f2"]).await;
    for expected in ["f1", "f2"] {
        let fast = subject.take_one(&queue).await;
        assert_eq!(bodies(std::slice::from_ref(&fast)), [expected]);
        subject.complete(&queue, &[fast]).await;
    }
    subject.complete(&queue, &[slow]).await;
    subject.assert_bodies(&queue, &["s2"]).await;
}

pub(super) async fn a_session_has_one_holder_at_a_time(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2", "3"]).await;
    subject.take_one(&queue).await;
    subject.assert_nothing(&queue).await;
    subject.send_session(&queue, "s", &["4"]).await;
    subject.assert_nothing(&queue).await;
}

pub(super) async fn a_session_is_free_again_once_all_that_is_held_of_it_is_settled(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2"]).await;
    let held = subject.take(&queue, 2).await;
    subject.send_session(&queue, "s", &["3"]).await;
    subject.complete(&queue, &held[..1]).await;
    subject.assert_nothing(&queue).await;
    subject.complete(&queue, &held[1..]).await;
    subject.assert_bodies(&queue, &["3"]).await;
}

pub(super) async fn messages_without_a_session_do_not_wait_for_one_another(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_all(&queue, vec![plain("a"), plain("b"), plain("c")]).await;
    let mut received = Vec::new();
    for _ in 0..3 {
        received.extend(bodies(&subject.take(&queue, 1).await));
    }
    received.sort();
    assert_eq!(received, ["a", "b", "c"]);
}

pub(super) async fn a_named_session_is_received_alone(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject
        .send_all(&queue, vec![of("a", "a1"), plain("none"), of("b", "b1"), of("a", "a2"), of("b", "b2")])
        .await;
    let named = |session: &str| Ask { session: Some(session.into()), ..ask(10) };
    let receiver = &subject.ports.receiver;
    let of_b = receiver.receive(&queue, named("b")).await.expect("a session can be named");
    assert_eq!(bodies(&of_b), ["b1", "b2"]);
    let none = receiver.receive(&queue, named("c")).await.expect("an empty session can be named");
    assert_eq!(bodies(&none), [""; 0]);
    let held = receiver.receive(&queue, named("b")).await.expect("a held session can be named");
    assert_eq!(bodies(&held), [""; 0]);
    let mut others = bodies(&subject.take(&queue, 3).await);
    others.sort();
    assert_eq!(others, ["a1", "a2", "none"]);
}

pub(super) async fn sessions_can_be_received_whole_and_only_so_many_at_once(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let sent = [of("a", "a1"), of("b", "b1"), plain("none"), of("a", "a2"), of("b", "b2"), of("a", "a3")];
    subject.send_all(&queue, sent.to_vec()).await;
    let mut received = Vec::new();
    for _ in 0..3 {
        let one = Ask { sessions: Some(1), ..ask(100) };
        let taken = subject.ports.receiver.receive(&queue, one).await.expect("sessions can be counted");
        received.push(bodies(&taken));
    }
    received.sort();
    assert_eq!(received, [vec!["a1", "a2", "a3"], vec!["b1", "b2"], vec!["none"]]);
    subject.assert_nothing(&queue).await;
}

pub(super) async fn what_waits_longest_is_received_first(subject: Subject<Ports>) {
    let sessions = [of("b", "1"), of("a", "2"), of("b", "not yet"), of("c", "3")];
    let unordered = ["1", "2", "3"].map(plain);
    for sent in [sessions.to_vec(), unordered.to_vec()] {
        let queue = subject.fresh().await;
        subject.send_all(&queue, sent).await;
        let mut received = Vec::new();
        for expected in ["1", "2", "3"] {
            received.push(subject.take_one(&queue).await);
            assert_eq!(bodies(&received).last().map(String::as_str), Some(expected));
        }
        // What comes back is as old as it was.
        subject.send(&queue, of("d", "4")).await;
        subject.fail(&queue, &received[1], "it failed").await;
        assert_eq!(bodies(&subject.take(&queue, 2).await), ["2", "4"]);
    }
}

pub(super) async fn order_holds_across_a_crash(mut subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2", "3"]).await;
    let first = subject.take_one(&queue).await;
    subject.complete(&queue, &[first]).await;
    let second = subject.take_one(&queue).await;
    subject.fail(&queue, &second, "it failed").await;
    subject.crash().await;
    subject.send_session(&queue, "s", &["4"]).await;
    subject.assert_bodies(&queue, &["2", "3", "4"]).await;
}
