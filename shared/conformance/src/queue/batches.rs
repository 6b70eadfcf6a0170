//! Promise 8: a batch is all or told: each message's result is reported, a partial failure resends only the failed.

use std::time::Duration;

use pointsman_core::port::{Abandon, ErrorKind, Message, PortError, QueueName, Selection};

use super::{
    Ports,
    subject::{ask, bodies, of, plain},
};
use crate::Subject;

fn unknown() -> QueueName {
    "nobody-made-this-one".parse().expect("a queue's name")
}

pub(super) async fn an_unknown_queue_is_told_for_each_message_with_the_known_ones(subject: Subject<Ports>) {
    let known = subject.fresh().await;
    let results = subject.ports.queue.send(&unknown(), vec![plain("a"), of("s", "b"), plain("c")]).await;
    assert_eq!(results.len(), 3);
    for result in results {
        let error = result.expect_err("nobody made this queue");
        assert_eq!(error.kind, ErrorKind::NotFound);
        let text = error.to_string();
        assert!(text.contains(unknown().as_str()) && text.contains(known.as_str()), "{text}");
    }
}

pub(super) async fn every_call_refuses_an_unknown_queue(subject: Subject<Ports>) {
    let known = subject.fresh().await;
    subject.send(&known, plain("a")).await;
    let held = subject.take_one(&known).await;
    let (queue, receipt) = (unknown(), held.receipt.clone());
    let (receiver, admin) = (&subject.ports.receiver, &subject.ports.admin);
    let refused = |call: &str, result: Result<(), PortError>| {
        let error = result.expect_err(call);
        assert_eq!(error.kind, ErrorKind::NotFound, "{call}: {error}");
    };
    refused("receive", receiver.receive(&queue, ask(1)).await.map(|_| ()));
    refused("complete", receiver.complete(&queue, std::slice::from_ref(&receipt)).await.remove(0));
    refused("abandon", receiver.abandon(&queue, &receipt, Abandon::untouched()).await);
    refused("dead_letter", receiver.dead_letter(&queue, &receipt, "reason", "error").await);
    refused("renew", receiver.renew(&queue, &receipt, Duration::from_secs(1)).await.map(|_| ()));
    refused("stats", admin.stats(&queue).await.map(|_| ()));
    refused("peek", admin.peek(&queue, None, 1).await.map(|_| ()));
    refused("purge", admin.purge(&queue, Selection::All).await.map(|_| ()));
    subject.complete(&known, &[held]).await;
}

pub(super) async fn one_refused_message_does_not_hold_back_the_others(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    // Refused by every adapter: a delay within a session.
    let refused = Message { delay: Some(Duration::from_secs(1)), ..of("s", "2") };
    let results = subject.ports.queue.send(&queue, vec![of("s", "1"), refused.clone(), of("s", "3")]).await;
    let kinds: Vec<_> = results.iter().map(|result| result.as_ref().err().map(|error| error.kind)).collect();
    assert_eq!(kinds, [None, Some(ErrorKind::Invalid), None]);
    // The sender mends what failed and sends that alone.
    subject.send(&queue, Message { delay: None, ..refused }).await;
    subject.assert_bodies(&queue, &["1", "3", "2"]).await;
}

pub(super) async fn one_void_receipt_does_not_hold_back_the_others(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2", "3"]).await;
    let held = subject.take(&queue, 3).await;
    subject.complete(&queue, &held[..1]).await;
    let receipts = [1, 0, 2].map(|index: usize| held[index].receipt.clone());
    let results = subject.ports.receiver.complete(&queue, &receipts).await;
    let kinds: Vec<_> = results.iter().map(|result| result.as_ref().err().map(|error| error.kind)).collect();
    assert_eq!(kinds, [None, Some(ErrorKind::Conflict), None]);
    subject.expire().await;
    subject.assert_nothing(&queue).await;
}

pub(super) async fn an_empty_batch_has_an_empty_answer(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    assert!(subject.ports.queue.send(&queue, Vec::new()).await.is_empty());
    assert!(subject.ports.receiver.complete(&queue, &[]).await.is_empty());
}

pub(super) async fn a_large_batch_is_sent_whole_and_in_order(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    // More than any cloud takes in one call.
    let all: Vec<_> = (0..137).map(|number| number.to_string()).collect();
    let sent = subject.send_all(&queue, all.iter().map(|body| of("s", body)).collect()).await;
    let (mut received, mut names) = (Vec::new(), Vec::new());
    while received.len() < all.len() {
        let few = subject.take(&queue, 10.min(all.len() - received.len())).await;
        names.extend(few.iter().map(|message| message.id.clone()));
        received.extend(bodies(&few));
        subject.complete(&queue, &few).await;
    }
    assert_eq!(received, all);
    let answered: Vec<_> = sent.into_iter().map(|sent| sent.id).collect();
    assert_eq!(names, answered, "results are in the order of the messages");
}

pub(super) async fn no_more_than_asked_for_is_received(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2", "3"]).await;
    subject.send_all(&queue, vec![plain("a"), plain("b"), of("t", "c")]).await;
    for max in [1, 2, 3] {
        let received = subject.ports.receiver.receive(&queue, ask(max)).await.expect("the queue is there");
        assert!((1..=max).contains(&received.len()), "{} of at most {max}", received.len());
        let order: Vec<_> = bodies(&received);
        for message in received.iter().rev() {
            subject.abandon(&queue, message, Abandon::untouched()).await;
        }
        assert!(!order.contains(&"2".to_owned()) || order.contains(&"1".to_owned()), "{order:?}");
    }
}
