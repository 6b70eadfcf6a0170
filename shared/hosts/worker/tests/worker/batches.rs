//! A handler that gets a whole session's waiting messages at once: what `run_batches` promises, on paused time.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use pointsman_core::{
    outcome::{Handled, Outcome, Reason, Rejection},
    port::{ErrorKind, PortError, Received},
};
use pointsman_host_worker::{Counts, Worker};

use tokio::time::{Instant, sleep};

use crate::support::Fake;

const SECOND: Duration = Duration::from_secs(1);

/// The runs so far, each as its messages' names with spaces between.
type Runs = Arc<Mutex<Vec<String>>>;

fn named(turn: &[Received]) -> String {
    turn.iter().map(|message| message.id.0.as_str()).collect::<Vec<_>>().join(" ")
}

/// Runs a handler that ends as `ends` says of its messages' names; gives the runs.
async fn run(
    worker: Worker,
    ends: impl Fn(&str) -> Handled<()> + Send + Sync + 'static,
) -> (Counts, Vec<String>) {
    let (runs, ends) = (Runs::default(), Arc::new(ends));
    let seen = runs.clone();
    let handler = move |turn: Vec<Received>| {
        let (seen, ends) = (seen.clone(), ends.clone());
        async move {
            let names = named(&turn);
            seen.lock().unwrap().push(names.clone());
            sleep(SECOND).await;
            ends(&names)
        }
    };
    let counts = worker.run_batches(handler, pending()).await.unwrap();
    let runs = runs.lock().unwrap().clone();
    (counts, runs)
}

fn done(_: &str) -> Handled<()> {
    Ok(Outcome::Done(()))
}

fn broken() -> Handled<()> {
    Err(PortError::unavailable("away"))
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_a_session_is_one_run_and_all_of_it_completes() {
    let queue = Fake::of(&["a1", "b1", "a2", "-1", "a3", "b2", "-2"]);
    let started = Instant::now();
    let (counts, mut runs) = run(queue.worker(), done).await;
    runs.sort();
    assert_eq!(runs, ["-1", "-2", "a1 a2 a3", "b1 b2"]);
    assert_eq!(counts, Counts { completed: 7, ..Counts::default() });
    assert_eq!(started.elapsed(), SECOND, "sessions run side by side");
    assert!(queue.left().is_empty());
}

#[tokio::test(start_paused = true)]
async fn skipped_completes_all_of_it_too() {
    let queue = Fake::of(&["a1", "a2"]);
    let (counts, runs) = run(queue.worker(), |_| Ok(Outcome::Skipped("nothing due".into()))).await;
    assert_eq!((counts.completed, runs), (2, vec!["a1 a2".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn no_more_sessions_are_held_than_can_be_begun() {
    let queue = Fake::of(&["a1", "b1", "c1", "d1", "a2", "b2"]);
    let started = Instant::now();
    let (counts, mut runs) = run(Worker { concurrency: 2, ..queue.worker() }, done).await;
    runs.sort();
    assert_eq!(runs, ["a1 a2", "b1 b2", "c1", "d1"]);
    assert_eq!(counts, Counts { completed: 6, ..Counts::default() });
    assert_eq!(started.elapsed(), 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_failure_counts_an_attempt_for_the_first_alone() {
    let queue = Fake::of(&["a1", "a2", "a3"]);
    let (counts, runs) = run(queue.worker(), |_| broken()).await;
    assert_eq!(runs, ["a1 a2 a3"]);
    assert_eq!(counts, Counts { failed: 1, given_back: 2, ..Counts::default() });
    assert_eq!(queue.log(), ["untouched a3", "untouched a2", "failed(away, 1s) a1"]);
}

#[tokio::test(start_paused = true)]
async fn a_poison_among_others_dies_alone_and_the_others_are_done() {
    let queue = Fake::of(&["a1", "a2", "a3", "a4", "a5"]);
    let worker = Worker { once: false, max_attempts: 3, max: Some(5 + 5 + 4 + 1 + 3), ..queue.worker() };
    let (counts, runs) = run(worker, |names| if names.contains("a3") { broken() } else { done(names) }).await;
    assert_eq!(
        runs,
        ["a1 a2 a3 a4 a5", "a1", "a2 a3 a4 a5", "a2", "a3 a4 a5", "a3", "a3", "a4 a5"],
        "one that failed before runs alone"
    );
    assert_eq!((counts.completed, counts.dead), (4, 1));
    assert!(queue.log().contains(&"dead(failed, away) a3".to_owned()), "{:?}", queue.log());
    assert!(queue.left().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_rejected_together_is_tried_one_by_one_and_only_the_guilty_dies() {
    let queue = Fake::of(&["a1", "a2", "a3"]);
    let refuse = |names: &str| match names.contains("a2") {
        true => Ok(Outcome::Rejected(Rejection::new(Reason::Malformed, "no JSON"))),
        false => done(names),
    };
    let (counts, runs) = run(queue.worker(), refuse).await;
    assert_eq!(runs, ["a1 a2 a3", "a1", "a2", "a3"]);
    assert_eq!(counts, Counts { completed: 2, dead: 1, ..Counts::default() });
    assert_eq!(queue.log(), ["complete a1", "dead(malformed, no JSON) a2", "renew a3", "complete a3"]);
}

#[tokio::test(start_paused = true)]
async fn throttling_counts_no_attempt_and_the_whole_session_waits() {
    let queue = Fake::of(&["a1", "a2"]);
    let slow = |_: &str| Err(PortError::new(ErrorKind::Throttled { after: Some(60 * SECOND) }, "slow down"));
    let (counts, runs) = run(queue.worker(), slow).await;
    assert_eq!(runs, ["a1 a2"]);
    assert_eq!(counts, Counts { given_back: 2, ..Counts::default() });
    assert_eq!(queue.log(), ["untouched a2", "untouched(60s) a1"]);
}

#[tokio::test(start_paused = true)]
async fn all_of_a_run_is_renewed_while_it_lasts() {
    let queue = Fake::of(&["a1", "a2"]);
    let slow = |_| async {
        sleep(100 * SECOND).await;
        Ok(Outcome::Done(()))
    };
    let counts = queue.worker().run_batches(slow, pending()).await.unwrap();
    assert_eq!(counts.completed, 2);
    let renewed = |name: &str| queue.log().iter().filter(|line| **line == format!("renew {name}")).count();
    assert_eq!((renewed("a1"), renewed("a2")), (6, 6));
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_hold_is_lost_comes_again_whole() {
    let queue = Fake::of(&["a1", "a2"]);
    let store = queue.clone();
    let handler = move |_| {
        let store = store.clone();
        async move {
            ["a1", "a2"].iter().for_each(|name| store.expire(name, true));
            Ok(Outcome::Done(()))
        }
    };
    let counts = queue.worker().run_batches(handler, pending()).await.unwrap();
    assert_eq!(counts, Counts { lost: 2, ..Counts::default() });
    assert_eq!(queue.left(), ["a1", "a2"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_outlasts_the_grace_is_given_back_whole() {
    let queue = Fake::of(&["a1", "a2", "a3"]);
    let worker = Worker { once: false, grace: 3 * SECOND, ..queue.worker() };
    let counts = worker.run_batches(|_| pending(), sleep(SECOND)).await.unwrap();
    assert_eq!(counts, Counts { given_back: 3, ..Counts::default() });
    assert_eq!(queue.log(), ["untouched a3", "untouched a2", "untouched a1"]);
}

#[tokio::test(start_paused = true)]
async fn a_completion_that_fails_is_told_again_one_by_one() {
    let queue = Fake::of(&["a1", "a2", "a3"]);
    queue.fail_settling(&[ErrorKind::Unavailable; 3]);
    let (counts, runs) = run(queue.worker(), done).await;
    assert_eq!((counts.completed, runs.len()), (3, 1));
    assert!(queue.left().is_empty());
}
