//! A standard queue: no order, but delays; its receipts are held to the same rules.

use std::time::{Duration, Instant};

use futures::future::join_all;
use pointsman_core::port::{Abandon, ErrorKind, Message, Sent, dead_letter};

use super::{Kind, VISIBILITY, plain, queue, receive, send, take};

#[tokio::test]
async fn a_delay_is_kept_and_a_session_refused() {
    let (ports, queue) = queue(Kind::Standard).await;
    let ordered = Message { session: Some("s".into()), ..plain("ordered") };
    let error = ports.queue.send(&queue, vec![ordered]).await.remove(0).expect_err("there is no order");
    assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
    let begun = Instant::now();
    let delay = Duration::from_secs(3);
    send(&ports, &queue, Message { delay: Some(delay), ..plain("later") }).await;
    assert!(receive(&ports, &queue, Duration::ZERO).await.is_empty());
    let message = take(&ports, &queue).await;
    assert_eq!((message.session, message.attempt), (None, 1));
    assert!(begun.elapsed() >= delay, "it came too early: {:?}", begun.elapsed());
}

#[tokio::test]
async fn failures_are_counted_and_the_last_makes_a_dead_letter() {
    let (ports, queue) = queue(Kind::Standard).await;
    let attributes = [("traceparent".to_owned(), "00-ab-cd-01".to_owned())].into();
    send(&ports, &queue, Message { attributes, correlation: Some("7".into()), ..plain("poison") }).await;
    let untouched = take(&ports, &queue).await;
    ports.receiver.abandon(&queue, &untouched.receipt, Abandon::untouched()).await.expect("it is held");
    for attempt in 1..=2 {
        let message = take(&ports, &queue).await;
        assert_eq!(message.attempt, attempt);
        let how = Abandon::failed(format!("failure {attempt}"), Duration::ZERO);
        ports.receiver.abandon(&queue, &message.receipt, how).await.expect("it is held");
    }
    let letter = take(&ports, &queue.dead_letters()).await;
    assert_eq!((letter.body.as_ref(), letter.correlation.as_deref()), (&b"poison"[..], Some("7")));
    let said = |name: &str| letter.attributes[name].as_str();
    assert_eq!(said("traceparent"), "00-ab-cd-01");
    assert_eq!(said(dead_letter::REASON), "max_deliveries");
    assert_eq!((said(dead_letter::ERROR), said(dead_letter::ATTEMPTS)), ("failure 2", "2"));
    assert!(receive(&ports, &queue, Duration::ZERO).await.is_empty());
}

#[tokio::test]
async fn an_expired_receipt_is_refused_though_sqs_would_take_it() {
    let (ports, queue) = queue(Kind::Standard).await;
    send(&ports, &queue, plain("a")).await;
    let message = take(&ports, &queue).await;
    tokio::time::sleep(VISIBILITY + Duration::from_millis(1)).await;
    let completed = ports.receiver.complete(&queue, std::slice::from_ref(&message.receipt)).await.remove(0);
    assert_eq!(completed.expect_err("it is over").kind, ErrorKind::Conflict);
    let again = take(&ports, &queue).await;
    assert_eq!((again.id, again.attempt), (message.id, 2), "an expiry counts an attempt");
}

#[tokio::test]
async fn one_dedup_id_is_enqueued_once_though_sqs_looks_for_no_duplicates() {
    let (ports, queue) = queue(Kind::Standard).await;
    let once = || Message { dedup_id: "id".into(), ..plain("a") };
    let sends = (0..16).map(|_| ports.queue.send(&queue, vec![once(), once()]));
    let sent = join_all(sends.collect::<Vec<_>>()).await.into_iter().flatten();
    let sent: Vec<Sent> = sent.map(|sent| sent.expect("it can be sent")).collect();
    assert_eq!(sent.iter().filter(|sent| !sent.duplicate).count(), 1, "{sent:?}");
    assert!(sent.iter().all(|one| one.id == sent[0].id), "{sent:?}");
    let message = take(&ports, &queue).await;
    ports.receiver.complete(&queue, &[message.receipt]).await.remove(0).expect("it is held");
    send(&ports, &queue, once()).await;
    assert!(receive(&ports, &queue, Duration::ZERO).await.is_empty());
    send(&ports, &queue, Message { dedup_id: "other".into(), ..plain("b") }).await;
    assert_eq!(take(&ports, &queue).await.body, "b");
}
