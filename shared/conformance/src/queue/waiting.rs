//! Promise 1, the waiting side: a receiver that waits gets a message as soon as there is one.

use std::time::Duration;

use pointsman_core::port::{Ask, PortError, QueueName, Received};
use tokio::task::JoinHandle;

use super::{
    Ports,
    subject::{ask, bodies, of, plain},
};
use crate::Subject;

/// Longer than any hold or delay of these cases.
const LONG: Duration = Duration::from_secs(3600);

/// Real time in which a receiver that can have a message must wake.
const PROMPT: Duration = Duration::from_secs(10);

type Waiting = JoinHandle<Result<Vec<Received>, PortError>>;

/// Receives in the background, once the task runs.
async fn wait_for_one(subject: &Subject<Ports>, queue: &QueueName, wait: Duration) -> Waiting {
    let (receiver, queue) = (subject.ports.receiver.clone(), queue.clone());
    let waiting = tokio::spawn(async move { receiver.receive(&queue, Ask { wait, ..ask(1) }).await });
    // Gives it the chance to find nothing. Where it has not yet looked, the case still holds, with less to say.
    tokio::time::sleep(Duration::from_millis(20)).await;
    waiting
}

async fn woken(waiting: Waiting) -> Vec<Received> {
    let received = tokio::time::timeout(PROMPT, waiting).await.expect("a waiting receiver wakes");
    received.expect("a receiver does not panic").expect("the queue can be received from")
}

/// Lets time pass in steps until the receiver is back.
pub(super) async fn woken_by_time(
    subject: &Subject<Ports>,
    mut waiting: Waiting,
    step: Duration,
) -> Vec<Received> {
    for _ in 0..500 {
        subject.pass(step).await;
        if let Ok(received) = tokio::time::timeout(Duration::from_millis(20), &mut waiting).await {
            return received.expect("a receiver does not panic").expect("the queue can be received from");
        }
    }
    panic!("500 steps of {step:?} did not wake the receiver");
}

pub(super) async fn receive_waits_and_wakes_when_a_message_comes(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let waiting = wait_for_one(&subject, &queue, LONG).await;
    assert!(!waiting.is_finished(), "there is nothing to receive yet");
    subject.send(&queue, plain("a")).await;
    assert_eq!(bodies(&woken(waiting).await), ["a"]);
}

pub(super) async fn receive_comes_back_empty_handed_when_its_wait_is_over(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let wait = Duration::from_secs(3);
    let begun = subject.time.now();
    let waiting = wait_for_one(&subject, &queue, wait).await;
    let received = woken_by_time(&subject, waiting, Duration::from_millis(500)).await;
    assert_eq!(bodies(&received), [""; 0]);
    if subject.capabilities.exact_time {
        assert!(subject.time.now().duration_since(begun).unsigned_abs() >= wait, "it came back too early");
    }
}

pub(super) async fn a_waiting_receiver_wakes_when_a_session_is_released(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send_session(&queue, "s", &["1", "2"]).await;
    let first = subject.take_one(&queue).await;
    let waiting = wait_for_one(&subject, &queue, LONG).await;
    assert!(!waiting.is_finished(), "the session is held");
    subject.complete(&queue, &[first]).await;
    assert_eq!(bodies(&woken(waiting).await), ["2"]);
}

pub(super) async fn a_waiting_receiver_wakes_when_a_hold_expires(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    subject.send(&queue, of("s", "1")).await;
    subject.take_one(&queue).await;
    let waiting = wait_for_one(&subject, &queue, LONG).await;
    assert!(!waiting.is_finished(), "the message is held");
    let received = woken_by_time(&subject, waiting, subject.capabilities.visibility / 2).await;
    assert_eq!(bodies(&received), ["1"]);
}

pub(super) async fn every_waiting_receiver_wakes_when_there_is_enough_for_all(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(wait_for_one(&subject, &queue, LONG).await);
    }
    subject.send_all(&queue, ["a", "b", "c", "d"].map(|session| of(session, session)).to_vec()).await;
    let mut received = Vec::new();
    for one in waiting {
        received.extend(bodies(&woken(one).await));
    }
    received.sort();
    assert_eq!(received, ["a", "b", "c", "d"]);
}

pub(super) async fn a_receiver_that_gave_up_waiting_takes_nothing_with_it(subject: Subject<Ports>) {
    let queue = subject.fresh().await;
    let waiting = wait_for_one(&subject, &queue, LONG).await;
    waiting.abort();
    assert!(waiting.await.is_err_and(|error| error.is_cancelled()), "there was nothing to receive");
    subject.send_session(&queue, "s", &["1"]).await;
    if !subject.capabilities.exact_time {
        // A service learns late that its caller has gone: the message may have been held for that one.
        subject.expire().await;
    }
    assert_eq!(bodies(&subject.take(&queue, 1).await), ["1"]);
}

/// Receives one in the background, for as long as it takes.
pub(super) async fn wait(subject: &Subject<Ports>, queue: &QueueName) -> Waiting {
    wait_for_one(subject, queue, LONG).await
}
