//! Fifty pushes that wait together cost one run: the worker's batches over the embedded queue, by a clock that is turned.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use pointsman_conformance::TurnedClock;
use pointsman_core::{
    outcome::Outcome,
    port::{Message, Queue as _, QueueAdmin as _, QueueName, QueueSettings, Received},
};
use pointsman_embedded::{Options, Store};
use pointsman_host_worker::{Counts, Worker};
use tokio::sync::Semaphore;

fn queue() -> QueueName {
    "release-orchestrator".parse().unwrap()
}

fn pushes(repository: &str, count: usize) -> Vec<Message> {
    let push = |nth| Message {
        session: Some(repository.into()),
        body: format!("push {nth}").into(),
        dedup_id: format!("{repository} {nth}"),
        ..Message::default()
    };
    (0..count).map(push).collect()
}

async fn send(store: &Store, messages: Vec<Message>) {
    for sent in store.send(&queue(), messages).await {
        sent.unwrap();
    }
}

#[tokio::test]
async fn fifty_pushes_that_wait_together_are_one_run_and_what_comes_meanwhile_one_more() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(TurnedClock::default());
    let options = Options::new(clock.clone(), "a test").with_queues([(queue(), QueueSettings::default())]);
    let store = Store::open(folder.path(), options).await.unwrap();
    send(&store, pushes("acme/web", 50)).await;
    send(&store, pushes("acme/api", 7)).await;

    let runs: Arc<Mutex<Vec<(String, usize)>>> = Arc::default();
    let (begun, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let handler = {
        let (runs, begun, go) = (runs.clone(), begun.clone(), go.clone());
        move |turn: Vec<Received>| {
            let (runs, begun, go) = (runs.clone(), begun.clone(), go.clone());
            async move {
                let session = turn[0].session.as_ref().unwrap().to_string();
                assert!(turn.iter().all(|message| message.session == turn[0].session));
                runs.lock().unwrap().push((session, turn.len()));
                begun.add_permits(1);
                go.acquire().await.unwrap().forget();
                Ok(Outcome::Done(()))
            }
        }
    };
    let worker = Worker::new(Arc::new(store.clone()), clock, queue());
    let worker = Worker { concurrency: 4, max: Some(50 + 7 + 20), ..worker };
    let working = tokio::spawn(worker.run_batches(handler, std::future::pending()));
    begun.acquire_many(2).await.unwrap().forget();
    // Both run: what comes now waits for the end of the run, and is then one run itself.
    send(&store, pushes("acme/web", 70).split_off(50)).await;
    go.add_permits(3);
    let counts = working.await.unwrap().unwrap();

    let mut runs = runs.lock().unwrap().clone();
    runs.sort();
    let expected = [("acme/api", 7), ("acme/web", 20), ("acme/web", 50)];
    assert_eq!(runs, expected.map(|(session, count)| (session.to_owned(), count)));
    assert_eq!(counts, Counts { completed: 77, ..Counts::default() });
    let stats = store.stats(&queue()).await.unwrap();
    assert_eq!((stats.depth, stats.in_flight, stats.dead), (0, 0, 0));
    store.close().await;
}

#[tokio::test]
async fn a_thousand_repositories_are_run_four_at_a_time_and_none_is_held_before_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(TurnedClock::default());
    let options = Options::new(clock.clone(), "a test").with_queues([(queue(), QueueSettings::default())]);
    let store = Store::open(folder.path(), options).await.unwrap();
    let all = (0..1_000).flat_map(|nth| pushes(&format!("acme/{nth}"), 2)).collect();
    send(&store, all).await;
    let (runs, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let handler = {
        let (store, runs, most) = (store.clone(), runs.clone(), most.clone());
        move |turn: Vec<Received>| {
            let (store, runs, most) = (store.clone(), runs.clone(), most.clone());
            async move {
                assert_eq!(turn.len(), 2);
                if runs.fetch_add(1, Ordering::Relaxed).is_multiple_of(100) {
                    let held = usize::try_from(store.stats(&queue()).await?.in_flight).unwrap();
                    most.fetch_max(held, Ordering::Relaxed);
                }
                Ok(Outcome::Done(()))
            }
        }
    };
    let worker = Worker::new(Arc::new(store.clone()), clock, queue());
    let worker = Worker { concurrency: 4, once: true, ..worker };
    let counts = worker.run_batches(handler, std::future::pending()).await.unwrap();
    assert_eq!(counts, Counts { completed: 2_000, ..Counts::default() });
    assert_eq!(runs.load(Ordering::Relaxed), 1_000);
    assert!((2..=8).contains(&most.load(Ordering::Relaxed)), "{most:?} messages were held at once");
    store.close().await;
}
