//! The operator's side: listing, figures, a look without taking, removal.

use std::time::Duration;

use pointsman_core::port::{Abandon, Message, MessageId, Peeked, QueueName, QueueStats, Selection};

use super::{
    Ports,
    subject::{bodies, of, plain},
};
use crate::Subject;

async fn stats(subject: &Subject<Ports>, queue: &QueueName) -> QueueStats {
    subject.ports.admin.stats(queue).await.expect("the queue is there")
}

async fn peek(
    subject: &Subject<Ports>,
    queue: &QueueName,
    after: Option<&MessageId>,
    limit: usize,
) -> Vec<Peeked> {
    subject.ports.admin.peek(queue, after, limit).await.expect("the queue is there")
}

async fn purge(subject: &Subject<Ports>, queue: &QueueName, which: Selection) -> u64 {
    subject.ports.admin.purge(queue, which).await.expect("the queue is there")
}

fn texts(peeked: &[Peeked]) -> Vec<String> {
    peeked.iter().map(|message| String::from_utf8_lossy(&message.body).into_owned()).collect()
}

pub(super) async fn queues_are_listed_by_name_without_dead_letters(subject: Subject<Ports>) {
    let mut made = vec![subject.fresh().await, subject.fresh().await, subject.fresh().await];
    made.sort();
    let mut listed = subject.ports.admin.list().await.expect("queues can be listed");
    assert!(listed.is_sorted(), "{listed:?}");
    assert!(!listed.iter().any(QueueName::is_dead_letters), "{listed:?}");
    listed.retain(|queue| made.contains(queue));
    assert_eq!(listed, made);
}

pub(super) async fn stats_count_what_waits_what_is_held_and_what_is_delayed(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let figures = |stats: &QueueStats| [stats.depth, stats.in_flight, stats.delayed, stats.dead];
    assert_eq!(figures(&stats(&subject, &queue).await), [0, 0, 0, 0]);
    subject.send_session(&queue, "s", &["1", "2", "3"]).await;
    assert_eq!(figures(&stats(&subject, &queue).await), [3, 0, 0, 0]);
    let held = subject.take(&queue, 2).await;
    assert_eq!(figures(&stats(&subject, &queue).await), [1, 2, 0, 0]);
    subject.complete(&queue, &held[..1]).await;
    assert_eq!(figures(&stats(&subject, &queue).await), [1, 1, 0, 0]);
    let after = subject.capabilities.visibility;
    subject.abandon(&queue, &held[1], Abandon { after, failed: None }).await;
    assert_eq!(figures(&stats(&subject, &queue).await), [1, 0, 1, 0]);
    subject.send(&queue, Message { delay: Some(after), ..plain("later") }).await;
    assert_eq!(figures(&stats(&subject, &queue).await), [1, 0, 2, 0]);
    subject.pass(after).await;
    assert_eq!(figures(&stats(&subject, &queue).await), [3, 0, 0, 0]);
}

pub(super) async fn stats_count_dead_letters(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2"]).await;
    for message in subject.take(&queue, 2).await {
        subject.kill(&queue, &message, "refused", "refused").await;
    }
    let of_queue = stats(&subject, &queue).await;
    assert_eq!((of_queue.depth, of_queue.dead, of_queue.oldest), (0, 2, None));
    assert_eq!(stats(&subject, &queue.dead_letters()).await.depth, 2);
}

pub(super) async fn stats_tell_the_oldest_message(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    assert_eq!(stats(&subject, &queue).await.oldest, None);
    let mut peeked = Vec::new();
    for body in ["1", "2"] {
        subject.send(&queue, of("s", body)).await;
        subject.pass(Duration::from_secs(1)).await;
        peeked = peek(&subject, &queue, None, 10).await;
    }
    assert_eq!(stats(&subject, &queue).await.oldest, Some(peeked[0].enqueued));
    let first = subject.take_one(&queue).await;
    assert_eq!(stats(&subject, &queue).await.oldest, Some(peeked[0].enqueued), "it is held, but still there");
    subject.complete(&queue, &[first]).await;
    assert_eq!(stats(&subject, &queue).await.oldest, Some(peeked[1].enqueued));
}

pub(super) async fn peek_shows_messages_in_order_and_takes_none(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let attributes = [("traceparent".to_owned(), "00-ab-cd-01".to_owned())].into();
    let full = Message { attributes, correlation: Some("7".into()), ..of("s", "1") };
    let sent = subject.send_all(&queue, vec![full.clone(), plain("2"), of("s", "3"), of("t", "4")]).await;
    for _ in 0..2 {
        let peeked = peek(&subject, &queue, None, 10).await;
        assert_eq!(texts(&peeked), ["1", "2", "3", "4"]);
        assert_eq!(peeked[0].id, sent[0].id);
        assert_eq!((&peeked[0].session, &peeked[1].session), (&full.session, &None));
        assert_eq!((&peeked[0].attributes, &peeked[0].correlation), (&full.attributes, &full.correlation));
        assert_eq!(peeked[0].attempts, 0);
    }
    let mut received = bodies(&subject.take(&queue, 4).await);
    received.sort();
    assert_eq!(received, ["1", "2", "3", "4"]);
}

pub(super) async fn peek_pages_after_a_message(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2", "3", "4", "5"]).await;
    let first = peek(&subject, &queue, None, 2).await;
    assert_eq!(texts(&first), ["1", "2"]);
    let second = peek(&subject, &queue, Some(&first[1].id), 2).await;
    assert_eq!(texts(&second), ["3", "4"]);
    let third = peek(&subject, &queue, Some(&second[1].id), 2).await;
    assert_eq!(texts(&third), ["5"]);
    assert_eq!(texts(&peek(&subject, &queue, Some(&third[0].id), 2).await), [""; 0]);
}

pub(super) async fn peek_shows_failed_attempts_and_dead_letters(subject: Subject<Ports>) {
    let queue = subject.fresh_with(|settings| settings.max_deliveries = 2).await;
    subject.send(&queue, of("s", "poison")).await;
    for attempts in 0..2 {
        assert_eq!(peek(&subject, &queue, None, 1).await[0].attempts, attempts);
        let message = subject.take_one(&queue).await;
        subject.fail(&queue, &message, "it failed").await;
    }
    assert_eq!(texts(&peek(&subject, &queue, None, 1).await), [""; 0]);
    let letters = peek(&subject, &queue.dead_letters(), None, 10).await;
    assert_eq!(texts(&letters), ["poison"]);
    assert_eq!(letters[0].attributes["dead-letter-error"], "it failed");
}

pub(super) async fn purge_removes_all_that_nobody_holds(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let other = subject.fresh().await;
    subject.send(&other, plain("stays")).await;
    subject.send_session(&queue, "s", &["held", "2", "3"]).await;
    let held = subject.take(&queue, 1).await;
    subject.send(&queue, plain("4")).await;
    assert_eq!(purge(&subject, &queue, Selection::All).await, 3);
    assert_eq!(purge(&subject, &queue, Selection::All).await, 0);
    subject.complete(&queue, &held).await;
    subject.assert_nothing(&queue).await;
    subject.assert_bodies(&other, &["stays"]).await;
}

pub(super) async fn purge_removes_only_the_named(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let sent = subject.send_all(&queue, ["1", "2", "3", "4"].map(|body| of("s", body)).to_vec()).await;
    let held = subject.take(&queue, 1).await;
    let other = subject.fresh().await;
    let elsewhere = subject.send(&other, plain("stays")).await.id;
    let named = vec![sent[0].id.clone(), sent[2].id.clone(), elsewhere];
    assert_eq!(
        purge(&subject, &queue, Selection::Only(named)).await,
        1,
        "1 is held, 3 is there, the last is another queue's"
    );
    subject.complete(&queue, &held).await;
    subject.assert_bodies(&queue, &["2", "4"]).await;
    subject.assert_bodies(&other, &["stays"]).await;
}

pub(super) async fn purge_lets_a_session_go_on(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let sent = subject.send_all(&queue, vec![of("s", "stuck"), of("s", "next")]).await;
    let stuck = subject.take_one(&queue).await;
    subject.abandon(&queue, &stuck, Abandon { after: Duration::from_secs(3600), failed: None }).await;
    subject.assert_nothing(&queue).await;
    assert_eq!(purge(&subject, &queue, Selection::Only(vec![sent[0].id.clone()])).await, 1);
    subject.assert_bodies(&queue, &["next"]).await;
}
