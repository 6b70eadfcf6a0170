//! Promise 4: a dedup id is enqueued once within the queue's window, also after the first copy was completed.

use std::time::Duration;

use super::{
    Ports,
    subject::{bodies, of, once, plain},
};
use crate::Subject;

pub(super) async fn a_second_message_of_one_dedup_id_is_not_enqueued(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, once("id", of("s", "first"))).await;
    subject.send(&queue, once("id", of("s", "second"))).await;
    subject.send(&queue, once("other", of("s", "third"))).await;
    subject.assert_bodies(&queue, &["first", "third"]).await;
}

pub(super) async fn a_duplicate_is_not_enqueued_after_the_first_was_completed_either(
    subject: Subject<Ports>,
) {
    let queue = subject.fresh().await;
    subject.send(&queue, once("id", of("s", "first"))).await;
    let first = subject.take_one(&queue).await;
    subject.complete(&queue, &[first]).await;
    subject.pass(subject.capabilities.dedup_window / 2).await;
    subject.send(&queue, once("id", of("s", "second"))).await;
    subject.assert_nothing(&queue).await;
}

pub(super) async fn after_the_window_the_same_dedup_id_is_enqueued_again(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    // More than an adapter would forget in one go.
    let all: Vec<_> = (0..600).map(|number| number.to_string()).collect();
    let messages = || all.iter().map(|id| once(id, plain(id))).collect();
    for _ in 0..2 {
        subject.send_all(&queue, messages()).await;
        subject.send_all(&queue, messages()).await;
        let received = subject.take(&queue, all.len()).await;
        let mut texts = bodies(&received);
        texts.sort_by_key(|text| text.parse::<u32>().ok());
        assert_eq!(texts, all);
        subject.complete(&queue, &received).await;
        subject.assert_nothing(&queue).await;
        subject.pass(subject.capabilities.dedup_window + Duration::from_secs(1)).await;
    }
}

pub(super) async fn a_duplicate_does_not_lengthen_the_window(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let most = subject.capabilities.dedup_window * 3 / 4;
    subject.send(&queue, once("id", plain("first"))).await;
    subject.pass(most).await;
    subject.send(&queue, once("id", plain("second"))).await;
    subject.pass(most).await;
    subject.send(&queue, once("id", plain("third"))).await;
    subject.assert_bodies(&queue, &["first", "third"]).await;
}

pub(super) async fn two_of_one_dedup_id_in_one_batch_are_enqueued_once(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let batch = vec![once("id", of("s", "1")), once("id", of("s", "again")), once("2", of("s", "2"))];
    subject.send_all(&queue, batch).await;
    subject.assert_bodies(&queue, &["1", "2"]).await;
}

pub(super) async fn one_dedup_id_in_two_queues_is_enqueued_in_both(subject: Subject<Ports>) {
    for queue in [subject.fresh().await, subject.fresh().await] {
        subject.send(&queue, once("id", plain("a"))).await;
        subject.assert_bodies(&queue, &["a"]).await;
    }
}

pub(super) async fn messages_without_a_dedup_id_are_never_duplicates(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, of("s", "same")).await;
    subject.send_all(&queue, vec![of("s", "same"), of("s", "same")]).await;
    subject.assert_bodies(&queue, &["same", "same", "same"]).await;
}

pub(super) async fn a_duplicate_is_told_with_the_first_ones_name(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let first = subject.send(&queue, once("id", plain("a"))).await;
    assert!(!first.duplicate);
    let second = subject.send(&queue, once("id", plain("a"))).await;
    assert!(second.duplicate);
    assert_eq!(second.id, first.id);
}

pub(super) async fn sixteen_at_once_of_one_dedup_id_are_enqueued_once(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let sends = (0..16).map(|_| {
        let (port, queue) = (subject.ports.queue.clone(), queue.clone());
        tokio::spawn(async move { port.send(&queue, vec![once("id", plain("a"))]).await.remove(0) })
    });
    for sent in sends.collect::<Vec<_>>() {
        sent.await.expect("sending does not panic").expect("the message is sent");
    }
    assert_eq!(bodies(&subject.take(&queue, 1).await), ["a"]);
    subject.assert_nothing(&queue).await;
}

pub(super) async fn a_duplicate_is_known_after_a_crash(mut subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, once("waits", of("s", "1"))).await;
    subject.send(&queue, once("done", of("t", "2"))).await;
    let done = subject.take(&queue, 2).await;
    subject.complete(&queue, &done[1..]).await;
    subject.crash().await;
    subject.expire().await;
    subject.send_all(&queue, vec![once("waits", of("s", "1")), once("done", of("t", "2"))]).await;
    let left = bodies(&subject.take(&queue, 1).await);
    assert_eq!(left, bodies(&done[..1]));
    subject.assert_nothing(&queue).await;
}
