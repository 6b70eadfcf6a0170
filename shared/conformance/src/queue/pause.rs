//! A paused queue hands nothing out, and loses nothing.

use pointsman_core::port::{Control, ErrorKind, QueueName};

use super::{
    Ports,
    subject::{bodies, of, plain},
    waiting::wait,
};
use crate::Subject;

async fn tell(subject: &Subject<Ports>, queue: &QueueName, what: Control) {
    subject.ports.admin.control(queue, what).await.expect("the queue is there");
}

async fn is_paused(subject: &Subject<Ports>, queue: &QueueName) -> bool {
    subject.ports.admin.stats(queue).await.expect("the queue is there").paused
}

pub(super) async fn a_paused_queue_hands_nothing_out_and_takes_everything_in(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let other = subject.fresh().await;
    subject.send_session(&queue, "s", &["1"]).await;
    for _ in 0..2 {
        tell(&subject, &queue, Control::Pause).await;
    }
    assert!(is_paused(&subject, &queue).await && !is_paused(&subject, &other).await);
    subject.send_all(&queue, vec![of("s", "2"), plain("alone")]).await;
    subject.assert_nothing(&queue).await;
    subject.send(&other, plain("other")).await;
    subject.assert_bodies(&other, &["other"]).await;
    for _ in 0..2 {
        tell(&subject, &queue, Control::Resume).await;
    }
    assert!(!is_paused(&subject, &queue).await);
    let mut all = bodies(&subject.take(&queue, 3).await);
    all.sort();
    assert_eq!(all, ["1", "2", "alone"]);
}

pub(super) async fn what_is_held_of_a_paused_queue_can_be_settled(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_all(&queue, ["a", "b", "c"].map(|session| of(session, session)).to_vec()).await;
    let taken = subject.take(&queue, 3).await;
    tell(&subject, &queue, Control::Pause).await;
    subject.complete(&queue, &taken[..1]).await;
    subject.fail(&queue, &taken[1], "it failed").await;
    subject.kill(&queue, &taken[2], "refused", "refused").await;
    subject.assert_nothing(&queue).await;
    tell(&subject, &queue, Control::Resume).await;
    let again = subject.assert_bodies(&queue, &[&bodies(&taken[1..2])[0]]).await;
    assert_eq!(again[0].attempt, 2);
}

pub(super) async fn a_receiver_waits_until_its_queue_is_resumed(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    tell(&subject, &queue, Control::Pause).await;
    let waiting = wait(&subject, &queue).await;
    subject.send(&queue, of("s", "1")).await;
    subject.pass(subject.capabilities.visibility).await;
    assert!(!waiting.is_finished(), "the queue is paused");
    tell(&subject, &queue, Control::Resume).await;
    assert_eq!(bodies(&waiting.await.expect("no panic").expect("the queue is there")), ["1"]);
}

pub(super) async fn a_queue_that_is_not_there_cannot_be_paused(subject: Subject<Ports>) {
    let unknown: QueueName = "no-such-queue".parse().expect("a queue's name");
    for what in [Control::Pause, Control::Resume] {
        let refused = subject.ports.admin.control(&unknown, what).await.expect_err("there is none");
        assert_eq!(refused.kind, ErrorKind::NotFound);
    }
}

pub(super) async fn dead_letters_can_be_paused_too(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, of("s", "poison")).await;
    let poison = subject.take_one(&queue).await;
    tell(&subject, &queue.dead_letters(), Control::Pause).await;
    subject.kill(&queue, &poison, "refused", "refused").await;
    subject.assert_nothing(&queue.dead_letters()).await;
    tell(&subject, &queue.dead_letters(), Control::Resume).await;
    subject.assert_bodies(&queue.dead_letters(), &["poison"]).await;
}

pub(super) async fn a_pause_outlives_a_crash(mut subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2"]).await;
    tell(&subject, &queue, Control::Pause).await;
    subject.crash().await;
    assert!(is_paused(&subject, &queue).await);
    subject.assert_nothing(&queue).await;
    tell(&subject, &queue, Control::Resume).await;
    subject.crash().await;
    subject.assert_bodies(&queue, &["1", "2"]).await;
}
