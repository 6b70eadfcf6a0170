//! Promise 7: `renew` extends; an expired receipt is refused (Conflict), never silently accepted.

use std::time::Duration;

use jiff::SignedDuration;
use pointsman_core::port::{Abandon, Ask, QueueName, Receipt, Received};

use super::{
    Ports,
    subject::{REFUSED, ask, of, plain},
};
use crate::Subject;

async fn renew(subject: &Subject<Ports>, queue: &QueueName, message: &Received) -> jiff::Timestamp {
    let renewed =
        subject.ports.receiver.renew(queue, &message.receipt, subject.capabilities.visibility).await;
    renewed.expect("a held message can be renewed")
}

/// Most of a hold, but not all.
fn most(subject: &Subject<Ports>) -> Duration {
    subject.capabilities.visibility * 2 / 3
}

pub(super) async fn renewing_extends_a_hold(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_all(&queue, vec![of("s", "1"), of("s", "2")]).await;
    let held = subject.take_one(&queue).await;
    for _ in 0..3 {
        subject.pass(most(&subject)).await;
        renew(&subject, &queue, &held).await;
        subject.assert_nothing(&queue).await;
    }
    subject.complete(&queue, &[held]).await;
    subject.assert_bodies(&queue, &["2"]).await;
}

pub(super) async fn renewing_one_of_a_batch_keeps_its_session_held(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2", "3"]).await;
    let held = subject.take(&queue, 2).await;
    for _ in 0..3 {
        subject.pass(most(&subject)).await;
        renew(&subject, &queue, &held[0]).await;
        subject.assert_nothing(&queue).await;
    }
    subject.complete(&queue, &held[..1]).await;
    subject.expire().await;
    subject.assert_bodies(&queue, &["2", "3"]).await;
}

pub(super) async fn renew_tells_until_when(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, plain("a")).await;
    let hold = SignedDuration::try_from(subject.capabilities.visibility).expect("a short time");
    let held = subject.take_one(&queue).await;
    assert_eq!(held.visible_at, subject.time.now() + hold);
    subject.pass(most(&subject)).await;
    assert_eq!(renew(&subject, &queue, &held).await, subject.time.now() + hold);
    subject.pass(subject.capabilities.visibility - Duration::from_millis(1)).await;
    subject.assert_nothing(&queue).await;
    subject.pass(Duration::from_millis(2)).await;
    subject.assert_bodies(&queue, &["a"]).await;
}

pub(super) async fn a_hold_lasts_as_long_as_was_asked_for(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, plain("a")).await;
    let visibility = Some(subject.capabilities.visibility * 3);
    let long = Ask { visibility, wait: Duration::from_secs(5), ..ask(1) };
    let held = subject.ports.receiver.receive(&queue, long).await.expect("the queue can be received from");
    assert_eq!(held.len(), 1);
    subject.pass(subject.capabilities.visibility * 2).await;
    subject.assert_nothing(&queue).await;
    subject.pass(subject.capabilities.visibility * 2).await;
    subject.assert_bodies(&queue, &["a"]).await;
}

pub(super) async fn an_expired_receipt_is_refused(subject: Subject<Ports>) {
    for message in [plain("a"), of("s", "a")] {
        let queue = subject.fresh().await;
        subject.send(&queue, message).await;
        let held = subject.take_one(&queue).await;
        subject.expire().await;
        assert_eq!(subject.try_each(&queue, &held.receipt).await, REFUSED);
        subject.assert_nothing(&queue.dead_letters()).await;
        subject.assert_bodies(&queue, &["a"]).await;
    }
}

pub(super) async fn a_receipt_is_void_once_its_message_is_completed(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, of("s", "a")).await;
    let held = subject.take_one(&queue).await;
    subject.complete(&queue, std::slice::from_ref(&held)).await;
    assert_eq!(subject.try_each(&queue, &held.receipt).await, REFUSED);
    subject.assert_nothing(&queue).await;
    subject.assert_nothing(&queue.dead_letters()).await;
}

pub(super) async fn a_receipt_is_void_once_its_message_is_given_back(subject: Subject<Ports>) {
    for how in [Abandon::untouched(), Abandon::failed("it failed", Duration::ZERO)] {
        let queue = subject.fresh().await;
        subject.send(&queue, of("s", "a")).await;
        let held = subject.take_one(&queue).await;
        subject.abandon(&queue, &held, how).await;
        assert_eq!(subject.try_each(&queue, &held.receipt).await, REFUSED);
        subject.assert_bodies(&queue, &["a"]).await;
    }
}

pub(super) async fn a_receipt_is_void_once_its_message_is_dead_lettered(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, of("s", "a")).await;
    let held = subject.take_one(&queue).await;
    subject.kill(&queue, &held, "refused", "refused").await;
    assert_eq!(subject.try_each(&queue, &held.receipt).await, REFUSED);
    subject.assert_bodies(&queue.dead_letters(), &["a"]).await;
}

pub(super) async fn an_older_receipt_cannot_settle_a_later_delivery(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, of("s", "a")).await;
    let older = subject.take_one(&queue).await;
    subject.expire().await;
    let later = subject.take_one(&queue).await;
    assert_eq!(subject.try_each(&queue, &older.receipt).await, REFUSED);
    subject.assert_nothing(&queue).await;
    subject.complete(&queue, &[later]).await;
    subject.expire().await;
    subject.assert_nothing(&queue).await;
}

pub(super) async fn a_receipt_that_never_was_is_refused(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, of("s", "a")).await;
    let held = subject.take_one(&queue).await;
    for text in ["", "nonsense", "0", "18446744073709551616", "' or 1=1 --"] {
        for (call, error) in subject.try_each(&queue, &Receipt(text.to_owned())).await {
            assert!(error.is_some(), "`{call}` takes the receipt `{text}`");
        }
    }
    let elsewhere = subject.fresh().await;
    for (call, error) in subject.try_each(&elsewhere, &held.receipt).await {
        assert!(error.is_some(), "`{call}` takes another queue's receipt");
    }
    subject.complete(&queue, &[held]).await;
}
