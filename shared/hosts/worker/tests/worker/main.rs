//! What the worker promises, on paused time.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batches;
mod support;

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use pointsman_core::{
    outcome::{Handled, Outcome, Reason, Rejection},
    port::{ErrorKind, PortError, Received},
};
use pointsman_host_worker::{Counts, Worker};
use support::Fake;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

async fn done(_: Received) -> Handled<()> {
    Ok(Outcome::Done(()))
}

fn broken() -> Handled<()> {
    Err(PortError::unavailable("away"))
}

fn throttled() -> Handled<()> {
    Err(PortError::new(ErrorKind::Throttled { after: Some(60 * SECOND) }, "slow down"))
}

/// Runs a handler in which only these messages end otherwise than Done.
async fn run_with(worker: Worker, odd: &'static str, ends: fn() -> Handled<()>) -> Counts {
    let handler = move |message: Received| async move {
        if message.id.0 == odd { ends() } else { Ok(Outcome::Done(())) }
    };
    worker.run(handler, pending()).await.unwrap()
}

/// Which messages began and ended, and how many ran at once.
#[derive(Clone, Default)]
struct Watch(Arc<Mutex<Watched>>);

#[derive(Default)]
struct Watched {
    order: BTreeMap<String, Vec<String>>,
    running: BTreeMap<String, usize>,
    peak: usize,
}

impl Watch {
    async fn handle(self, message: Received) -> Handled<()> {
        let session = message.session.map_or_else(|| message.id.0.clone(), |session| session.to_string());
        {
            let mut watched = self.0.lock().unwrap();
            let running = watched.running.entry(session.clone()).or_default();
            *running += 1;
            assert_eq!(*running, 1, "two of session {session} ran at once");
            watched.order.entry(session.clone()).or_default().push(message.id.0);
            let all = watched.running.values().sum();
            watched.peak = watched.peak.max(all);
        }
        sleep(SECOND).await;
        *self.0.lock().unwrap().running.get_mut(&session).unwrap() -= 1;
        Ok(Outcome::Done(()))
    }

    async fn run(&self, worker: Worker) -> Counts {
        let watch = self.clone();
        worker.run(move |message| watch.clone().handle(message), pending()).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn messages_of_one_session_are_handled_one_after_another_in_order() {
    let queue = Fake::of(&["a1", "b1", "a2", "a3", "b2", "a4", "b3"]);
    let watch = Watch::default();
    let counts = watch.run(queue.worker()).await;
    assert_eq!(counts, Counts { completed: 7, ..Counts::default() });
    let order = &watch.0.lock().unwrap().order;
    assert_eq!(order["a"], ["a1", "a2", "a3", "a4"]);
    assert_eq!(order["b"], ["b1", "b2", "b3"]);
}

#[tokio::test(start_paused = true)]
async fn sessions_run_at_the_same_time_up_to_the_concurrency() {
    for names in [["a1", "b1", "c1", "d1", "e1", "f1", "g1"], ["-1", "-2", "-3", "-4", "-5", "-6", "-7"]] {
        let queue = Fake::of(&names);
        let (watch, started) = (Watch::default(), Instant::now());
        watch.run(Worker { concurrency: 3, ..queue.worker() }).await;
        assert_eq!(watch.0.lock().unwrap().peak, 3, "{names:?}");
        assert_eq!(started.elapsed(), 3 * SECOND, "{names:?}");
        assert!(queue.left().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn skipped_is_completed_too() {
    let queue = Fake::of(&["a1"]);
    let counts = run_with(queue.worker(), "a1", || Ok(Outcome::Skipped("not mine".into()))).await;
    assert_eq!((counts.completed, queue.log()), (1, vec!["complete a1".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn behind_a_failed_message_the_session_waits_untouched() {
    let queue = Fake::of(&["a1", "a2", "a3", "a4"]);
    let counts = run_with(queue.worker(), "a2", broken).await;
    assert_eq!(counts, Counts { completed: 1, failed: 1, given_back: 2, ..Counts::default() });
    assert_eq!(queue.log(), ["complete a1", "untouched a4", "untouched a3", "failed(away, 1s) a2"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_message_comes_again_before_the_later_ones() {
    let queue = Fake::of(&["a1", "a2"]);
    let handler = |message: Received| async move {
        if message.id.0 == "a1" && message.attempt < 3 { broken() } else { Ok(Outcome::Done(())) }
    };
    let worker = Worker { once: false, max: Some(4), ..queue.worker() };
    let counts = worker.run(handler, pending()).await.unwrap();
    assert_eq!(counts, Counts { completed: 2, failed: 2, given_back: 2, ..Counts::default() });
    assert_eq!(
        queue.log(),
        [
            "untouched a2",
            "failed(away, 1s) a1",
            "untouched a2",
            "failed(away, 2s) a1",
            "complete a1",
            "complete a2"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn throttling_counts_no_attempt() {
    let queue = Fake::of(&["a1", "a2"]);
    let counts = run_with(queue.worker(), "a1", throttled).await;
    assert_eq!(counts, Counts { given_back: 2, ..Counts::default() });
    assert_eq!(queue.log(), ["untouched a2", "untouched(60s) a1"]);
}

#[tokio::test(start_paused = true)]
async fn throttling_ends_with_the_messages_age() {
    let queue = Fake::of(&["a1"]);
    let worker = Worker { once: false, max_age: 150 * SECOND, max: Some(4), ..queue.worker() };
    let counts = run_with(worker, "a1", throttled).await;
    assert_eq!(counts, Counts { given_back: 3, dead: 1, ..Counts::default() });
    assert_eq!(queue.log().last().unwrap(), "dead(max_age, slow down) a1");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_message_is_dead_lettered_and_its_session_goes_on() {
    let queue = Fake::of(&["a1", "a2"]);
    let refuse = || Ok(Outcome::Rejected(Rejection::new(Reason::Malformed, "no JSON")));
    let counts = run_with(queue.worker(), "a1", refuse).await;
    assert_eq!(counts, Counts { completed: 1, dead: 1, ..Counts::default() });
    assert_eq!(queue.log(), ["dead(malformed, no JSON) a1", "renew a2", "complete a2"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_follows_a_message_that_is_held_for_a_person() {
    let refuse = || Ok(Outcome::Rejected(Rejection::new(Reason::Malformed, "no JSON")));
    let queue = Fake::of(&["a1", "a2", "a3", "b1"]);
    queue.hold();
    let counts = run_with(queue.worker(), "a1", refuse).await;
    assert_eq!(counts, Counts { completed: 1, dead: 1, given_back: 2, ..Counts::default() });
    assert_eq!(queue.left(), ["a1", "a2", "a3"]);
    assert!(!queue.log().contains(&"complete a2".to_owned()), "{:?}", queue.log());
}

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded_also_for_a_handlers_own_retry() {
    let again = || {
        let cause = PortError::unavailable("away");
        Ok(Outcome::Retry { after: SECOND, cause })
    };
    for (ends, last) in
        [(broken as fn() -> _, "dead(failed, away) a1"), (again, "dead(max_deliveries, away) a1")]
    {
        let queue = Fake::of(&["a1"]);
        let counts = run_with(Worker { once: false, max: Some(5), ..queue.worker() }, "a1", ends).await;
        assert_eq!(counts, Counts { failed: 4, dead: 1, ..Counts::default() });
        assert_eq!(queue.log().last().unwrap(), last);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_retry_and_never_a_lost_message() {
    let queue = Fake::of(&["a1", "b1"]);
    let counts = run_with(queue.worker(), "a1", || panic!("index out of bounds")).await;
    assert_eq!(counts, Counts { completed: 1, failed: 1, ..Counts::default() });
    assert!(queue.log().contains(&"failed(the handler panicked: index out of bounds, 1s) a1".to_owned()));
    assert_eq!(queue.left(), ["a1"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_renewed_at_half_its_time() {
    let queue = Fake::of(&["a1", "a2"]);
    let slow = |_| async {
        sleep(100 * SECOND).await;
        Ok(Outcome::Done(()))
    };
    let counts = queue.worker().run(slow, pending()).await.unwrap();
    assert_eq!(counts, Counts { completed: 2, ..Counts::default() });
    let renewed = |name: &str| queue.log().iter().filter(|line| **line == format!("renew {name}")).count();
    // Every 15 s: 6 times in the first 100 s, and 7 times in the second, which begin 10 s after the last renewal.
    assert_eq!((renewed("a1"), renewed("a2")), (6, 6 + 7));
}

#[tokio::test(start_paused = true)]
async fn a_lost_hold_stops_the_later_messages_of_the_session_at_once() {
    let queue = Fake::of(&["a1", "a2", "b1"]);
    let (store, during) = (queue.clone(), Arc::new(Mutex::new(Vec::<String>::new())));
    let seen = during.clone();
    let handler = move |message: Received| {
        let (store, seen) = (store.clone(), seen.clone());
        async move {
            if message.id.0 == "a1" {
                store.expire("a1", true);
                sleep(20 * SECOND).await;
                *seen.lock().unwrap() = store.log();
            }
            Ok(Outcome::Done(()))
        }
    };
    let counts = queue.worker().run(handler, pending()).await.unwrap();
    assert_eq!(counts, Counts { completed: 1, lost: 1, given_back: 1, ..Counts::default() });
    // Not only after the handler of the lost one had ended.
    assert_eq!(*during.lock().unwrap(), ["complete b1", "untouched a2"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_expired_is_not_handled_beside_its_first_run() {
    let queue = Fake::of(&["a1"]);
    let (store, runs) = (queue.clone(), Arc::new(Mutex::new((0, 0))));
    let handler = move |_| {
        let (store, runs) = (store.clone(), runs.clone());
        async move {
            let run = {
                let mut runs = runs.lock().unwrap();
                *runs = (runs.0 + 1, runs.1 + 1);
                assert_eq!(runs.1, 1, "two of one session ran at once");
                runs.0
            };
            if run == 1 {
                store.expire("a1", false);
                sleep(60 * SECOND).await;
            }
            runs.lock().unwrap().1 -= 1;
            Ok(Outcome::Done(()))
        }
    };
    let worker = Worker { once: false, max: Some(2), concurrency: 2, ..queue.worker() };
    let counts = worker.run(handler, pending()).await.unwrap();
    assert_eq!((counts.completed, counts.lost), (1, 1));
    assert!(counts.given_back > 0 && queue.left().is_empty());
}

#[tokio::test(start_paused = true)]
async fn at_most_max_messages_are_handed_out() {
    for (max, names) in [(3, ["a1", "a2", "a3", "a4", "a5"]), (2, ["-1", "-2", "b1", "c1", "a1"])] {
        let queue = Fake::of(&names);
        let worker = Worker { once: false, max: Some(max), ..queue.worker() };
        let counts = worker.run(done, pending()).await.unwrap();
        assert_eq!(counts, Counts { completed: max, ..Counts::default() });
        assert_eq!(queue.left(), &names[max as usize..]);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_stop_what_runs_is_finished_and_the_rest_given_back() {
    let queue = Fake::of(&["a1", "a2", "a3", "b1"]);
    let slow = |_| async {
        sleep(5 * SECOND).await;
        Ok(Outcome::Done(()))
    };
    let worker = Worker { once: false, concurrency: 4, ..queue.worker() };
    let started = Instant::now();
    let counts = worker.run(slow, sleep(2 * SECOND)).await.unwrap();
    assert_eq!(started.elapsed(), 5 * SECOND);
    assert_eq!(counts, Counts { completed: 2, given_back: 2, ..Counts::default() });
    assert_eq!(queue.left(), ["a2", "a3"]);
    let log: Vec<_> = queue.log().into_iter().filter(|line| line.starts_with("untouched")).collect();
    assert_eq!(log, ["untouched a3", "untouched a2"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_outlasts_the_grace_is_dropped_and_its_message_given_back() {
    let queue = Fake::of(&["a1", "a2"]);
    let worker = Worker { once: false, grace: 3 * SECOND, ..queue.worker() };
    let started = Instant::now();
    let counts = worker.run(|_| pending(), sleep(SECOND)).await.unwrap();
    assert_eq!(started.elapsed(), 4 * SECOND);
    assert_eq!(counts, Counts { given_back: 2, ..Counts::default() });
    assert_eq!(queue.log(), ["untouched a2", "untouched a1"]);
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_stops_soon() {
    let queue = Fake::of(&[]);
    let worker = Worker { once: false, ..queue.worker() };
    let started = Instant::now();
    let counts = worker.run(done, sleep(SECOND / 2)).await.unwrap();
    assert_eq!(counts, Counts::default());
    assert!(started.elapsed() <= 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_away_is_waited_for() {
    let queue = Fake::of(&["a1"]);
    queue.fail_receive(&[ErrorKind::Unavailable; 20]);
    let worker = Worker { once: false, max: Some(1), ..queue.worker() };
    assert_eq!(worker.run(done, pending()).await.unwrap().completed, 1);
}

#[tokio::test(start_paused = true)]
async fn what_waiting_does_not_cure_is_an_error() {
    for kind in [ErrorKind::NotFound, ErrorKind::Denied, ErrorKind::Invalid] {
        let queue = Fake::of(&["a1"]);
        queue.fail_receive(&[kind]);
        let worker = Worker { once: false, ..queue.worker() };
        assert_eq!(worker.run(done, pending()).await.unwrap_err().kind, kind);
    }
    let queue = Fake::of(&["a1"]);
    queue.fail_receive(&[ErrorKind::Internal; 100]);
    let worker = Worker { once: false, ..queue.worker() };
    assert_eq!(worker.run(done, pending()).await.unwrap_err().kind, ErrorKind::Internal);
}

#[tokio::test(start_paused = true)]
async fn settling_is_tried_again_and_given_up_in_the_end() {
    let queue = Fake::of(&["a1", "a2"]);
    queue.fail_settling(&[ErrorKind::Unavailable; 4]);
    assert_eq!(queue.worker().run(done, pending()).await.unwrap().completed, 2);

    // Handling a2 after an a1 that comes again would turn their order around.
    let queue = Fake::of(&["a1", "a2"]);
    queue.fail_settling(&[ErrorKind::Unavailable; 5]);
    let counts = queue.worker().run(done, pending()).await.unwrap();
    assert_eq!(counts, Counts { lost: 1, given_back: 1, ..Counts::default() });
    assert_eq!((queue.log(), queue.left().len()), (vec!["untouched a2".to_owned()], 2));
}
