//! `on_poison: hold`: what fails for good stays at its session's front until a person decides.

use std::time::Duration;

use pointsman_core::port::{
    Abandon, Ask, Control, ErrorKind, MessageId, OnPoison, Peeked, PortError, QueueName, Selection,
    dead_letter,
};

use super::{
    Ports,
    subject::{ask, bodies, epitaph, of, plain},
    waiting::wait,
};
use crate::Subject;

async fn fresh(subject: &Subject<Ports>) -> QueueName {
    let change = |settings: &mut pointsman_core::port::QueueSettings| {
        settings.on_poison = OnPoison::Hold;
        settings.max_deliveries = 1;
    };
    subject.fresh_with(change).await
}

/// One session whose first message failed for good, and its id.
async fn held(subject: &Subject<Ports>, session: &[&str]) -> (QueueName, MessageId) {
    let queue = fresh(subject).await;
    subject.send_session(&queue, "s", session).await;
    let poison = subject.take_one(&queue).await;
    subject.fail(&queue, &poison, "it is poison").await;
    (queue, poison.id)
}

async fn tell(subject: &Subject<Ports>, queue: &QueueName, what: Control) -> Result<(), PortError> {
    subject.ports.admin.control(queue, what).await
}

async fn peek(subject: &Subject<Ports>, queue: &QueueName) -> Vec<Peeked> {
    subject.ports.admin.peek(queue, None, 100).await.expect("the queue is there")
}

async fn sessions_held(subject: &Subject<Ports>, queue: &QueueName) -> u64 {
    subject.ports.admin.stats(queue).await.expect("the queue is there").held
}

pub(super) async fn a_session_waits_behind_its_poison_and_others_go_on(subject: Subject<Ports>) {
    let (queue, _) = held(&subject, &["poison", "2"]).await;
    subject.send_session(&queue, "s", &["3"]).await;
    subject.send_all(&queue, vec![of("t", "other"), plain("alone")]).await;
    let taken = subject.take(&queue, 2).await;
    subject.complete(&queue, &taken).await;
    let mut others = bodies(&taken);
    others.sort();
    assert_eq!(others, ["alone", "other"]);
    subject.pass(Duration::from_secs(3600)).await;
    let named = Ask { session: Some("s".into()), ..ask(9) };
    let named = subject.ports.receiver.receive(&queue, named).await.expect("the queue is there");
    assert_eq!(bodies(&named), [""; 0]);
    assert_eq!(sessions_held(&subject, &queue).await, 1);
    subject.assert_nothing(&queue.dead_letters()).await;
}

pub(super) async fn a_held_message_tells_why_as_a_dead_letter_does(subject: Subject<Ports>) {
    let queue = fresh(&subject).await;
    subject.send_session(&queue, "s", &["poison", "2"]).await;
    let poison = subject.take_one(&queue).await;
    let before = subject.time.now();
    subject.kill(&queue, &poison, "malformed", "no such field").await;
    let peeked = peek(&subject, &queue).await;
    assert_eq!(peeked.iter().map(|it| it.held).collect::<Vec<_>>(), [true, false]);
    assert_eq!((&peeked[0].id, peeked[0].attempts), (&poison.id, 1));
    let attribute = |name: &str| peeked[0].attributes[name].as_str();
    assert_eq!(
        (attribute(dead_letter::REASON), attribute(dead_letter::ERROR)),
        ("malformed", "no such field")
    );
    assert_eq!(attribute(dead_letter::ATTEMPTS), "1");
    let died: jiff::Timestamp = attribute(dead_letter::TIME).parse().expect("an RFC 3339 time");
    if subject.capabilities.exact_time {
        assert_eq!(died, before);
    }
}

pub(super) async fn a_released_message_is_as_if_it_had_never_failed(subject: Subject<Ports>) {
    let (queue, poison) = held(&subject, &["poison", "2"]).await;
    let waiting = wait(&subject, &queue).await;
    assert!(!waiting.is_finished(), "its session waits for a person");
    tell(&subject, &queue, Control::Release(poison.clone())).await.expect("it is held");
    let again = waiting.await.expect("no panic").expect("the queue is there").remove(0);
    assert_eq!((&again.id, again.attempt), (&poison, 1));
    assert!(again.attributes.is_empty(), "{:?}", again.attributes);
    assert_eq!(sessions_held(&subject, &queue).await, 0);
    subject.complete(&queue, &[again]).await;
    subject.assert_bodies(&queue, &["2"]).await;
}

pub(super) async fn a_released_message_can_be_held_again(subject: Subject<Ports>) {
    let (queue, poison) = held(&subject, &["poison", "2"]).await;
    for _ in 0..3 {
        tell(&subject, &queue, Control::Release(poison.clone())).await.expect("it is held");
        let again = subject.take_one(&queue).await;
        subject.fail(&queue, &again, "poison still").await;
        assert_eq!((again.id, sessions_held(&subject, &queue).await), (poison.clone(), 1));
    }
}

pub(super) async fn a_buried_message_is_a_dead_letter_and_its_session_goes_on(subject: Subject<Ports>) {
    let (queue, poison) = held(&subject, &["poison", "2", "3"]).await;
    tell(&subject, &queue, Control::Bury(poison)).await.expect("it is held");
    let letters = subject.assert_bodies(&queue.dead_letters(), &["poison"]).await;
    assert_eq!(epitaph(&letters[0]), ["max_deliveries", "it is poison", "1"]);
    assert_eq!(letters[0].session, Some("s".into()));
    assert_eq!(sessions_held(&subject, &queue).await, 0);
    subject.assert_bodies(&queue, &["2", "3"]).await;
}

pub(super) async fn a_purged_poison_frees_its_session(subject: Subject<Ports>) {
    let (queue, poison) = held(&subject, &["poison", "2"]).await;
    let purged = subject.ports.admin.purge(&queue, Selection::Only(vec![poison])).await;
    assert_eq!(purged.expect("the queue is there"), 1);
    assert_eq!(sessions_held(&subject, &queue).await, 0);
    subject.assert_bodies(&queue, &["2"]).await;
    subject.assert_nothing(&queue.dead_letters()).await;
    let (queue, _) = held(&subject, &["poison", "2"]).await;
    assert_eq!(subject.ports.admin.purge(&queue, Selection::All).await.expect("the queue is there"), 2);
    subject.send_session(&queue, "s", &["3"]).await;
    subject.assert_bodies(&queue, &["3"]).await;
}

pub(super) async fn what_a_receiver_has_in_hand_behind_a_poison_goes_back(subject: Subject<Ports>) {
    let queue = fresh(&subject).await;
    subject.send_session(&queue, "s", &["1", "poison", "3"]).await;
    let hand = subject.take(&queue, 3).await;
    subject.kill(&queue, &hand[1], "refused", "refused").await;
    let late = subject.ports.receiver.complete(&queue, &[hand[2].receipt.clone()]).await.remove(0);
    assert_eq!(late.expect_err("it cannot overtake").kind, ErrorKind::Conflict);
    subject.complete(&queue, &hand[..1]).await;
    subject.assert_nothing(&queue).await;
    tell(&subject, &queue, Control::Release(hand[1].id.clone())).await.expect("it is held");
    let again = subject.assert_bodies(&queue, &["poison", "3"]).await;
    assert_eq!(again[1].attempt, 1, "it was given back untouched");
}

pub(super) async fn what_comes_before_a_poison_is_handed_out_again(subject: Subject<Ports>) {
    let queue = fresh(&subject).await;
    subject.send_session(&queue, "s", &["1", "poison", "3"]).await;
    let hand = subject.take(&queue, 3).await;
    subject.kill(&queue, &hand[1], "refused", "refused").await;
    subject.abandon(&queue, &hand[0], Abandon::untouched()).await;
    let first = subject.assert_bodies(&queue, &["1"]).await;
    subject.complete(&queue, &first).await;
    subject.assert_nothing(&queue).await;
    tell(&subject, &queue, Control::Bury(hand[1].id.clone())).await.expect("it is held");
    subject.assert_bodies(&queue, &["3"]).await;
}

pub(super) async fn a_receiver_that_never_comes_back_leaves_its_session_held(subject: Subject<Ports>) {
    let queue = fresh(&subject).await;
    subject.send_session(&queue, "s", &["kills its handler", "2"]).await;
    subject.take(&queue, 2).await;
    subject.expire().await;
    subject.assert_nothing(&queue).await;
    assert_eq!(sessions_held(&subject, &queue).await, 1);
    assert!(peek(&subject, &queue).await[0].held);
}

pub(super) async fn a_poison_without_a_session_dies_as_ever(subject: Subject<Ports>) {
    let queue = fresh(&subject).await;
    subject.send_all(&queue, vec![plain("poison"), plain("next")]).await;
    let poison = subject.take_one(&queue).await;
    subject.fail(&queue, &poison, "it is poison").await;
    subject.assert_bodies(&queue.dead_letters(), &["poison"]).await;
    assert_eq!(sessions_held(&subject, &queue).await, 0);
    subject.assert_bodies(&queue, &["next"]).await;
}

pub(super) async fn a_dead_letter_is_never_held(subject: Subject<Ports>) {
    let (queue, poison) = held(&subject, &["poison"]).await;
    tell(&subject, &queue, Control::Bury(poison)).await.expect("it is held");
    let dead = queue.dead_letters();
    let letter = subject.take_one(&dead).await;
    subject.kill(&dead, &letter, "again", "it cannot be helped").await;
    subject.assert_bodies(&dead, &["poison"]).await;
}

pub(super) async fn only_what_is_held_can_be_decided_about(subject: Subject<Ports>) {
    let (queue, poison) = held(&subject, &["poison", "2"]).await;
    let other = fresh(&subject).await;
    let second = peek(&subject, &queue).await[1].id.clone();
    for (queue, id) in [(&queue, &second), (&other, &poison)] {
        for what in [Control::Release(id.clone()), Control::Bury(id.clone())] {
            let refused = tell(&subject, queue, what).await.expect_err("it is not held there");
            assert_eq!(refused.kind, ErrorKind::NotFound, "{refused}");
        }
    }
    tell(&subject, &queue, Control::Release(poison.clone())).await.expect("it is held");
    let again = tell(&subject, &queue, Control::Release(poison)).await.expect_err("it is held no more");
    assert_eq!(again.kind, ErrorKind::NotFound);
}

pub(super) async fn a_held_session_outlives_a_crash(mut subject: Subject<Ports>) {
    let (queue, poison) = held(&subject, &["poison", "2"]).await;
    subject.crash().await;
    assert_eq!(sessions_held(&subject, &queue).await, 1);
    subject.send_session(&queue, "s", &["3"]).await;
    subject.assert_nothing(&queue).await;
    tell(&subject, &queue, Control::Release(poison)).await.expect("it is held");
    subject.crash().await;
    let all = subject.assert_bodies(&queue, &["poison", "2", "3"]).await;
    assert_eq!(all[0].attempt, 1);
}
