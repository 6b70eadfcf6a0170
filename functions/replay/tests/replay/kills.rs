//! Killed anywhere and run again, everything is sent once.

use std::sync::{Arc, atomic::AtomicUsize};

use pointsman_replay::{End, Refused};

use crate::support::{Dying, House, by_session, order};

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_or_after_every_write_and_run_again_it_sends_each_once() {
    let mut kills = 0;
    for after in [false, true] {
        for nth in 1.. {
            let house = House::new().await;
            house.fill(30).await;
            let left = Arc::new(AtomicUsize::new(0));
            let mut stage = house.stage();
            stage.ports.queue = Arc::new(Dying { inner: stage.ports.queue, left: left.clone(), after });
            stage.ports.records = Arc::new(Dying { inner: stage.ports.records, left: left.clone(), after });
            stage.begin(order(r#"{"id":"a","events":["*"],"apply":true,"rate":0}"#)).await.unwrap();
            left.store(nth, std::sync::atomic::Ordering::SeqCst);
            let first = stage.run("a", &mut ()).await;
            let died = matches!(&first, Err(Refused::Port(error)) if error.to_string() == "killed");
            // What died holding the lease is not waited for here.
            let free = house.ports.records.delete("lease/replay", pointsman_core::port::Expect::Anything);
            free.await.unwrap();
            let (end, progress) = stage.run("a", &mut ()).await.unwrap();
            assert!(end == End::Done || (end == End::Already && nth > 1), "{end:?}");
            assert_eq!(progress.counts.sent + progress.counts.duplicates, 54, "{}", progress.told());
            let all = house.received("all").await;
            assert_eq!(all.len(), 30, "each once, killed at write {nth}");
            assert!(by_session(&all).values().all(|sequences| sequences.is_sorted()), "in order");
            assert_eq!(house.received("pushes").await.len(), 24);
            if !died {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills > 20, "only {kills} kills");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_twice_sends_once_and_another_order_under_it_is_refused() {
    let house = House::new().await;
    house.fill(10).await;
    let stage = house.stage();
    let asked = || order(r#"{"id":"a","events":["*"],"apply":true,"rate":0}"#);
    stage.begin(asked()).await.unwrap();
    assert_eq!(stage.run("a", &mut ()).await.unwrap().0, End::Done);
    assert_eq!(house.received("all").await.len(), 10);
    stage.begin(asked()).await.unwrap();
    assert_eq!(stage.run("a", &mut ()).await.unwrap().0, End::Already);
    assert!(house.received("all").await.is_empty());
    let other = stage.begin(order(r#"{"id":"a","events":["push"],"apply":true}"#)).await.unwrap_err();
    assert_eq!(other.to_string(), "replay `a` was asked for before, and for something else: take another id");
    stage.begin(order(r#"{"id":"b","events":["*"],"apply":true,"rate":0}"#)).await.unwrap();
    assert_eq!(stage.run("b", &mut ()).await.unwrap().0, End::Done);
    assert_eq!(house.received("all").await.len(), 10, "another id is another copy");
}
