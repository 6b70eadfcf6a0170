//! Promise 5: `delay` holds an unordered message back; where it cannot, it is refused with Invalid, never ignored.

use std::time::Duration;

use pointsman_core::port::{ErrorKind, Message};

use super::{
    Ports,
    subject::{bodies, of, plain},
    waiting,
};
use crate::Subject;

/// As long as two holds: a case can wait for it.
fn delayed(subject: &Subject<Ports>, message: Message) -> Message {
    Message { delay: Some(subject.capabilities.visibility * 2), ..message }
}

pub(super) async fn a_delay_is_kept_or_refused_and_never_ignored(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let result = subject.ports.queue.send(&queue, vec![delayed(&subject, plain("later"))]).await.remove(0);
    if subject.capabilities.delays {
        result.expect("an unordered message can be delayed");
    } else {
        assert_eq!(result.expect_err("it cannot be delayed").kind, ErrorKind::Invalid);
    }
    subject.assert_nothing(&queue).await;
}

pub(super) async fn a_delay_within_a_session_is_refused_as_invalid(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let result = subject.ports.queue.send(&queue, vec![delayed(&subject, of("s", "later"))]).await.remove(0);
    assert_eq!(result.expect_err("order and delay exclude one another").kind, ErrorKind::Invalid);
    subject.pass(subject.capabilities.visibility * 2).await;
    subject.assert_nothing(&queue).await;
}

pub(super) async fn a_delayed_message_comes_when_its_time_has_come(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let delay = subject.capabilities.visibility * 2;
    subject.send(&queue, delayed(&subject, plain("later"))).await;
    subject.assert_nothing(&queue).await;
    if subject.capabilities.exact_time {
        subject.pass(delay - Duration::from_millis(1)).await;
        subject.assert_nothing(&queue).await;
        subject.pass(Duration::from_millis(1)).await;
    } else {
        subject.pass(delay).await;
    }
    let received = subject.assert_bodies(&queue, &["later"]).await;
    assert_eq!(received[0].attempt, 1, "a delay is no attempt");
}

pub(super) async fn a_delayed_message_holds_up_no_other(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_all(&queue, vec![delayed(&subject, plain("later")), plain("now"), of("s", "ordered")]).await;
    let mut received = bodies(&subject.take(&queue, 2).await);
    received.sort();
    assert_eq!(received, ["now", "ordered"]);
}

pub(super) async fn a_waiting_receiver_gets_a_message_when_its_delay_is_over(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, delayed(&subject, plain("later"))).await;
    let waiting = waiting::wait(&subject, &queue).await;
    assert!(!waiting.is_finished(), "the message is delayed");
    let received = waiting::woken_by_time(&subject, waiting, subject.capabilities.visibility / 2).await;
    assert_eq!(bodies(&received), ["later"]);
}

pub(super) async fn a_delay_outlives_a_crash(mut subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, delayed(&subject, plain("later"))).await;
    subject.crash().await;
    subject.assert_nothing(&queue).await;
    subject.pass(subject.capabilities.visibility * 2).await;
    subject.assert_bodies(&queue, &["later"]).await;
}
