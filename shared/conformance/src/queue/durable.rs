//! Promise 1: what `send` returned Ok for is delivered until completed, across a crash of either side.

use super::{
    Ports,
    subject::{of, plain},
};
use crate::Subject;

pub(super) async fn a_message_that_is_not_completed_is_delivered_again(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let sent = subject.send(&queue, plain("a")).await;
    let first = subject.take_one(&queue).await;
    subject.assert_nothing(&queue).await;
    subject.expire().await;
    let again = subject.take_one(&queue).await;
    assert_eq!((&first.id, &again.id), (&sent.id, &sent.id));
    assert_ne!(first.receipt, again.receipt, "a receipt names one delivery");
}

pub(super) async fn a_completed_message_is_never_delivered_again(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_all(&queue, vec![plain("a"), of("s", "b")]).await;
    let taken = subject.take(&queue, 2).await;
    subject.complete(&queue, &taken).await;
    subject.assert_nothing(&queue).await;
    subject.expire().await;
    subject.assert_nothing(&queue).await;
}

pub(super) async fn what_was_sent_outlives_a_crash(mut subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_all(&queue, vec![of("s", "1"), of("s", "2"), of("s", "3")]).await;
    subject.crash().await;
    subject.assert_bodies(&queue, &["1", "2", "3"]).await;
}

pub(super) async fn what_was_held_at_a_crash_is_delivered_again(mut subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_all(&queue, vec![of("s", "1"), of("s", "2")]).await;
    subject.take(&queue, 2).await;
    subject.crash().await;
    subject.expire().await;
    subject.assert_bodies(&queue, &["1", "2"]).await;
}

pub(super) async fn what_was_completed_before_a_crash_stays_completed(mut subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_all(&queue, vec![of("s", "1"), of("s", "2")]).await;
    let first = subject.take_one(&queue).await;
    subject.complete(&queue, &[first]).await;
    subject.crash().await;
    subject.expire().await;
    subject.assert_bodies(&queue, &["2"]).await;
}
