//! Rate, budget, stop, and that only one runs.

use std::{sync::Arc, time::Duration};

use pointsman_core::{
    lease::{Lease, Taken},
    outcome::Outcome,
    port::ErrorKind,
};
use pointsman_replay::{End, Progress, Refused, State, handle};

use crate::support::{House, id, order, push};

#[tokio::test(flavor = "multi_thread")]
async fn at_eight_a_second_twelve_deliveries_take_a_second_and_a_quarter() {
    let house = House::new().await;
    for n in 0..12 {
        house.take("issues", &id(i64::from(n), n), push(n)).await;
    }
    house.drain().await;
    let stage = house.stage();
    stage.begin(order(r#"{"id":"a","events":["*"],"apply":true,"rate":8}"#)).await.unwrap();
    let running = tokio::spawn(async move { stage.run("a", &mut ()).await.unwrap() });
    // Six batches of two, and a wait of 250 ms after each but the last.
    for batch in 1..6 {
        // The other sleeper keeps the lease.
        house.pace.until_asleep(2).await;
        assert_eq!(house.received("all").await.len(), 2, "batch {batch}");
        house.pace.turn(Duration::from_millis(250));
    }
    let (end, progress) = running.await.unwrap();
    assert_eq!((end, progress.counts.sent), (End::Done, 12));
    assert_eq!(house.received("all").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_its_budget_is_used_up_it_hands_itself_on_until_it_is_done() {
    let house = House::new().await;
    house.fill(30).await;
    let mut stage = house.stage();
    stage.budget = Some(Duration::ZERO);
    let progress = stage.submit(order(r#"{"id":"a","events":["*"],"apply":true,"rate":0}"#)).await.unwrap();
    assert_eq!(progress.state, State::Queued);
    let mut turns = 0;
    loop {
        let messages = house.received("replay").await;
        let Some(message) = messages.first() else { break };
        assert_eq!((messages.len(), message.session.as_ref().unwrap().as_str()), (1, "replay"));
        assert!(matches!(handle(message, &stage).await.unwrap(), Outcome::Done(_)));
        turns += 1;
    }
    assert_eq!(turns, 5, "30 deliveries, 7 a batch, one batch a turn");
    let progress = stage.status("a").await.unwrap();
    assert_eq!((progress.state, progress.counts.sent), (State::Done, 54));
    assert_eq!(house.received("all").await.len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_replays_the_second_is_told_who_is_at_work() {
    let house = House::new().await;
    house.fill(5).await;
    let stage = house.stage();
    let (records, clock) = (house.ports.records.clone(), house.pace.clone());
    let taken = Lease::take(records, clock, "replay", "replay a by somebody", Duration::from_secs(15)).await;
    let Taken::Ours(lease) = taken.unwrap() else { panic!("it is free") };
    let asked = || order(r#"{"id":"b","events":["*"],"apply":true,"rate":0}"#);
    let expected = "replay a by somebody is at work, and two at once could mix up a session's order: wait for its \
                    end, or stop it (`pointsman replay list` shows it); if it was killed, its place is free at \
                    2026-11-22T12:00:15Z";
    assert_eq!(stage.submit(asked()).await.unwrap_err().to_string(), expected);
    stage.begin(asked()).await.unwrap();
    assert_eq!(stage.run("b", &mut ()).await.unwrap_err().to_string(), expected);
    lease.release().await.unwrap();
    stage.submit(asked()).await.unwrap();
    let waiting = stage.submit(order(r#"{"id":"c","events":["*"],"apply":true}"#)).await.unwrap_err();
    assert!(waiting.to_string().starts_with("replay b (which waits for its turn) is at work"), "{waiting}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_finds_another_at_work_waits_and_counts_no_attempt() {
    let house = House::new().await;
    house.fill(1).await;
    let stage = house.stage();
    stage.submit(order(r#"{"id":"a","events":["*"],"apply":true}"#)).await.unwrap();
    let message = house.received("replay").await.pop().unwrap();
    let (records, clock) = (house.ports.records.clone(), house.pace.clone());
    let taken = Lease::take(records, clock, "replay", "somebody", Duration::from_secs(15)).await.unwrap();
    assert!(matches!(taken, Taken::Ours(_)));
    let error = handle(&message, &stage).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Throttled { after: Some(Duration::from_secs(10)) });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_is_stopped_ends_after_its_batch_and_goes_on_when_it_is_asked_for_again() {
    struct Stopper(Arc<std::sync::Mutex<Option<tokio::sync::oneshot::Sender<()>>>>);
    impl pointsman_replay::Onlooker for Stopper {
        fn progress(&mut self, _: &Progress) {
            if let Some(sender) = self.0.lock().unwrap().take() {
                sender.send(()).unwrap();
            }
        }
    }
    let house = House::new().await;
    house.fill(30).await;
    let stage = house.stage();
    let asked = || order(r#"{"id":"a","events":["*"],"apply":true,"rate":8}"#);
    stage.begin(asked()).await.unwrap();
    let (sender, began) = tokio::sync::oneshot::channel();
    let running = tokio::spawn({
        let stage = stage.clone();
        async move { stage.run("a", &mut Stopper(Arc::new(Some(sender).into()))).await.unwrap() }
    });
    began.await.unwrap();
    assert_eq!(stage.stop("a").await.unwrap().state, State::Stopped);
    house.pace.until_asleep(2).await;
    house.pace.turn(Duration::from_millis(250));
    let (end, progress) = running.await.unwrap();
    assert_eq!((end, progress.state, progress.counts.looked), (End::Stopped, State::Stopped, 4));
    let again = order(r#"{"id":"a","events":["*"],"apply":true,"rate":0}"#);
    assert_eq!(stage.begin(again).await.unwrap().order.rate, 0, "how fast may change");
    assert_eq!(stage.run("a", &mut ()).await.unwrap().0, End::Done);
    assert_eq!(house.received("all").await.len(), 30);
    let over = stage.stop("a").await.unwrap_err();
    assert!(matches!(&over, Refused::Over { id, .. } if id == "a"), "{over}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_stops_nothing() {
    let house = House::new().await;
    house.fill(30).await;
    let mut stage = house.stage();
    stage.budget = Some(Duration::ZERO);
    stage.begin(order(r#"{"id":"a","events":["*"],"apply":true,"rate":50}"#)).await.unwrap();
    assert_eq!(stage.run("a", &mut ()).await.unwrap().0, End::More);
    // Two days back: the record and the cursor lie in the future.
    stage.ports.clock =
        Arc::new(pointsman_conformance::TurnedClock::at("2026-11-20T12:00:00Z".parse().unwrap()));
    stage.budget = None;
    stage.begin(order(r#"{"id":"a","events":["*"],"apply":true,"rate":0}"#)).await.unwrap();
    assert_eq!(stage.run("a", &mut ()).await.unwrap().0, End::Done);
    assert_eq!(house.received("all").await.len(), 30);
}
