//! What an operator sees and does, as far as SQS goes.

use std::time::{Duration, Instant};

use pointsman_conformance::queue::Ports;
use pointsman_core::port::{
    Control, ErrorKind, Message, MessageId, OnPoison, QueueName, QueueSettings, QueueStats, Selection,
    dead_letter,
};

use super::{Kind, fresh, plain, queue, queues, receive, send, take};
use crate::common;

/// Kills these messages, one after another.
async fn kill(ports: &Ports, queue: &QueueName, bodies: &[&str]) {
    for body in bodies {
        send(ports, queue, Message { session: Some((*body).into()), ..plain(body) }).await;
        let message = take(ports, queue).await;
        ports
            .receiver
            .dead_letter(queue, &message.receipt, "refused", "no such field")
            .await
            .expect("it is held");
    }
}

#[tokio::test]
async fn dead_letters_are_shown_paged_and_removed_by_name() {
    let (ports, queue) = queue(Kind::Fifo).await;
    let dead = queue.dead_letters();
    kill(&ports, &queue, &["a", "b", "c"]).await;
    let all = ports.admin.peek(&dead, None, 10).await.expect("dead letters can be shown");
    let bodies: Vec<_> = all.iter().map(|letter| letter.body.clone()).collect();
    assert_eq!(bodies, ["a", "b", "c"]);
    assert_eq!(all[0].attributes[dead_letter::REASON], "refused");
    let page = ports.admin.peek(&dead, Some(&all[0].id), 1).await.expect("they were given back");
    assert_eq!(page.iter().map(|letter| &letter.body).collect::<Vec<_>>(), ["b"]);
    let named = Selection::Only(vec![all[1].id.clone(), MessageId("nobody".into())]);
    assert_eq!(ports.admin.purge(&dead, named).await.expect("they can be removed"), 1);
    assert_eq!(ports.admin.purge(&dead, Selection::All).await.expect("they can be removed"), 2);
    assert!(receive(&ports, &dead, Duration::ZERO).await.is_empty());
}

#[tokio::test]
async fn figures_come_to_be_right() {
    let (ports, queue) = queue(Kind::Fifo).await;
    kill(&ports, &queue, &["dead"]).await;
    for body in ["held", "waits"] {
        send(&ports, &queue, Message { session: Some(body.into()), ..plain(body) }).await;
    }
    take(&ports, &queue).await;
    let expected = QueueStats { depth: 1, in_flight: 1, dead: 1, attached: true, ..QueueStats::default() };
    let begun = Instant::now();
    loop {
        let stats = ports.admin.stats(&queue).await.expect("the queue is there");
        if stats == expected {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{stats:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn what_sqs_cannot_do_is_refused_with_what_to_do_instead() {
    let (ports, queue) = queue(Kind::Fifo).await;
    let id = || MessageId("any".into());
    let cases = [
        (Control::Pause, "update-event-source-mapping"),
        (Control::Resume, "update-event-source-mapping"),
        (Control::Release(id()), "`jobs.dead`"),
        (Control::Bury(id()), "`jobs.dead`"),
    ];
    for (what, instead) in cases {
        let error = ports.admin.control(&queue, what).await.expect_err("SQS cannot");
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(error.to_string().contains(instead), "{error}");
    }
    let error = ports.admin.peek(&queue, None, 1).await.expect_err("it would be handed out");
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.to_string().contains("`jobs.dead`"), "{error}");
}

#[tokio::test]
async fn a_queue_that_is_to_hold_for_a_person_is_refused() {
    let records = pointsman_aws::DynamoDb::new(
        &common::aws(),
        fresh::name(),
        std::sync::Arc::new(pointsman_conformance::WallClock),
    );
    let sqs = queues::sqs("t-", std::sync::Arc::new(records));
    let settings = QueueSettings { on_poison: OnPoison::Hold, ..QueueSettings::default() };
    let error = sqs.set([("jobs".parse().expect("a name"), settings)]).expect_err("SQS cannot hold");
    assert!(error.kind == ErrorKind::Invalid && error.to_string().contains("on_poison"), "{error}");
}
