//! Promise 6: after `max_deliveries` failed attempts, or when told, a message is in the dead-letter queue, whole and with
//! its reason, and its session goes on. Only who was handed to a handler and failed counts an attempt.

use std::time::Duration;

use pointsman_core::port::{Abandon, Message, QueueName, Received, dead_letter};

use super::{
    Ports,
    subject::{bodies, epitaph, of, once, plain},
};
use crate::Subject;

/// What stands as reason where attempts ran out.
const TOO_OFTEN: &str = "max_deliveries";

async fn fresh(subject: &Subject<Ports>, max_deliveries: u32) -> QueueName {
    subject.fresh_with(|settings| settings.max_deliveries = max_deliveries).await
}

/// Takes the only message and lets its handler fail, so many times.
async fn fail_times(subject: &Subject<Ports>, queue: &QueueName, times: u32) {
    for attempt in 1..=times {
        let message = subject.take_one(queue).await;
        assert_eq!(message.attempt, attempt);
        subject.fail(queue, &message, &format!("failure {attempt}")).await;
    }
}

pub(super) async fn after_max_deliveries_failures_a_message_is_a_dead_letter(subject: Subject<Ports>) {
    for max in [1, 5] {
        let queue = fresh(&subject, max).await;
        subject.send(&queue, of("s", "poison")).await;
        fail_times(&subject, &queue, max - 1).await;
        subject.assert_nothing(&queue.dead_letters()).await;
        let last = subject.take_one(&queue).await;
        subject.fail(&queue, &last, "the last straw").await;
        let letters = subject.assert_bodies(&queue.dead_letters(), &["poison"]).await;
        assert_eq!(epitaph(&letters[0]), [TOO_OFTEN, "the last straw", &max.to_string()]);
        subject.assert_nothing(&queue).await;
    }
}

pub(super) async fn a_dead_letter_has_its_message_and_tells_why_and_when_it_died(subject: Subject<Ports>) {
    let queue = fresh(&subject, 1).await;
    let attributes = [("traceparent".to_owned(), "00-ab-cd-01".to_owned())].into();
    let correlation = Some("delivery 7".to_owned());
    subject.send(&queue, Message { attributes, correlation, ..of("s", "poison") }).await;
    subject.pass(Duration::from_secs(2)).await;
    let before = subject.time.now();
    fail_times(&subject, &queue, 1).await;
    let letter = subject.take_one(&queue.dead_letters()).await;
    assert_eq!(letter.body, "poison");
    assert_eq!(letter.session, Some("s".into()));
    assert_eq!(letter.correlation.as_deref(), Some("delivery 7"));
    assert_eq!(letter.attributes["traceparent"], "00-ab-cd-01");
    let died: jiff::Timestamp = letter.attributes[dead_letter::TIME].parse().expect("an RFC 3339 time");
    if subject.capabilities.exact_time {
        assert_eq!(died, before);
    }
}

pub(super) async fn a_handler_can_dead_letter_a_message_at_once(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["refused", "next"]).await;
    let message = subject.take_one(&queue).await;
    subject.kill(&queue, &message, "malformed", "no such field: `a`").await;
    let letters = subject.assert_bodies(&queue.dead_letters(), &["refused"]).await;
    assert_eq!(epitaph(&letters[0]), ["malformed", "no such field: `a`", "1"]);
    subject.assert_bodies(&queue, &["next"]).await;
}

pub(super) async fn a_session_goes_on_after_its_poison_died(subject: Subject<Ports>) {
    let queue = fresh(&subject, 2).await;
    subject.send_session(&queue, "s", &["poison", "2", "3"]).await;
    fail_times(&subject, &queue, 2).await;
    subject.assert_bodies(&queue, &["2", "3"]).await;
}

pub(super) async fn a_message_given_back_untouched_counts_no_attempt(subject: Subject<Ports>) {
    let queue = fresh(&subject, 2).await;
    subject.send_session(&queue, "s", &["1"]).await;
    for _ in 0..6 {
        let message = subject.take_one(&queue).await;
        assert_eq!(message.attempt, 1);
        subject.abandon(&queue, &message, Abandon::untouched()).await;
    }
    subject.assert_nothing(&queue.dead_letters()).await;
}

pub(super) async fn one_poison_and_nine_followers_are_one_dead_letter(subject: Subject<Ports>) {
    let queue = fresh(&subject, 3).await;
    let all: Vec<_> = (0..10).map(|number| number.to_string()).collect();
    subject.send_all(&queue, all.iter().map(|body| of("s", body)).collect()).await;
    for _ in 0..3 {
        let batch = subject.take(&queue, 10).await;
        for follower in batch[1..].iter().rev() {
            subject.abandon(&queue, follower, Abandon::untouched()).await;
        }
        subject.fail(&queue, &batch[0], "poison").await;
    }
    subject.assert_bodies(&queue.dead_letters(), &["0"]).await;
    let followers = subject.take(&queue, 9).await;
    assert_eq!(bodies(&followers), all[1..]);
    assert_eq!(attempts(&followers), [1; 9]);
}

pub(super) async fn an_expiry_counts_an_attempt_for_the_first_of_a_batch_only(subject: Subject<Ports>) {
    let queue = fresh(&subject, 5).await;
    subject.send_session(&queue, "s", &["1", "2", "3"]).await;
    subject.take(&queue, 3).await;
    subject.expire().await;
    let again = subject.take(&queue, 3).await;
    assert_eq!(attempts(&again), [2, 1, 1]);
    // The handler got through with the first and then died over the second.
    subject.complete(&queue, &again[..1]).await;
    subject.expire().await;
    assert_eq!(attempts(&subject.take(&queue, 2).await), [2, 1]);
}

pub(super) async fn an_expiry_counts_for_each_message_without_a_session(subject: Subject<Ports>) {
    let queue = fresh(&subject, 5).await;
    subject.send_all(&queue, vec![plain("a"), plain("b")]).await;
    subject.take(&queue, 2).await;
    subject.expire().await;
    assert_eq!(attempts(&subject.take(&queue, 2).await), [2, 2]);
}

pub(super) async fn a_message_that_expires_too_often_is_a_dead_letter(subject: Subject<Ports>) {
    let queue = fresh(&subject, 3).await;
    subject.send_session(&queue, "s", &["kills its handler", "follower"]).await;
    for attempt in 1..=3 {
        assert_eq!(subject.take_one(&queue).await.attempt, attempt);
        subject.expire().await;
    }
    subject.assert_bodies(&queue, &["follower"]).await;
    let letters = subject.assert_bodies(&queue.dead_letters(), &["kills its handler"]).await;
    let [reason, error, attempts] = epitaph(&letters[0]);
    assert_eq!((reason, attempts), (TOO_OFTEN, "3"));
    assert!(!error.is_empty(), "it tells that nobody settled it in time");
}

pub(super) async fn attempts_are_counted_from_one(subject: Subject<Ports>) {
    let queue = fresh(&subject, 9).await;
    subject.send_session(&queue, "s", &["1"]).await;
    fail_times(&subject, &queue, 3).await;
    let message = subject.take_one(&queue).await;
    assert_eq!(message.attempt, 4);
}

pub(super) async fn die_retry_die_retry_within_the_window_loses_nothing(subject: Subject<Ports>) {
    let queue = fresh(&subject, 1).await;
    let mut message = once("first send", of("s", "poison"));
    for number in 1..=4 {
        subject.send(&queue, message).await;
        fail_times(&subject, &queue, 1).await;
        let letter = subject.take_one(&queue.dead_letters()).await;
        assert_eq!(letter.body, "poison", "round {number}");
        message = once(&format!("retry:{}:{number}", letter.id.0), of("s", "poison"));
        subject.complete(&queue.dead_letters(), &[letter]).await;
    }
    subject.send(&queue, message).await;
    subject.assert_bodies(&queue, &["poison"]).await;
}

pub(super) async fn a_message_of_one_dedup_id_can_die_again_after_the_window(subject: Subject<Ports>) {
    let queue = fresh(&subject, 1).await;
    for _ in 0..2 {
        subject.send(&queue, once("id", plain("poison"))).await;
        fail_times(&subject, &queue, 1).await;
        subject.pass(subject.capabilities.dedup_window + Duration::from_secs(1)).await;
    }
    subject.assert_bodies(&queue.dead_letters(), &["poison", "poison"]).await;
}

pub(super) async fn a_dead_letter_that_fails_stays_a_dead_letter(subject: Subject<Ports>) {
    let queue = fresh(&subject, 2).await;
    let dead = queue.dead_letters();
    subject.send(&queue, of("s", "poison")).await;
    fail_times(&subject, &queue, 2).await;
    for _ in 0..5 {
        let letter = subject.take_one(&dead).await;
        subject.fail(&dead, &letter, "it cannot be helped").await;
    }
    let letter = subject.take_one(&dead).await;
    subject.kill(&dead, &letter, "again", "it cannot be helped").await;
    subject.assert_bodies(&dead, &["poison"]).await;
}

pub(super) async fn attempts_and_dead_letters_outlive_a_crash(mut subject: Subject<Ports>) {
    let queue = fresh(&subject, 3).await;
    subject.send_session(&queue, "s", &["poison", "next"]).await;
    fail_times(&subject, &queue, 2).await;
    subject.crash().await;
    let last = subject.take_one(&queue).await;
    assert_eq!(last.attempt, 3);
    subject.fail(&queue, &last, "the last straw").await;
    subject.crash().await;
    let letters = subject.assert_bodies(&queue.dead_letters(), &["poison"]).await;
    assert_eq!(epitaph(&letters[0]), [TOO_OFTEN, "the last straw", "3"]);
    subject.assert_bodies(&queue, &["next"]).await;
}

fn attempts(messages: &[Received]) -> Vec<u32> {
    messages.iter().map(|message| message.attempt).collect()
}
