//! The outage drill: a minute in which nothing stays up, and after `recover` everything is where it belongs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod consumer;
mod gate;
mod house;
mod judge;
mod process;
mod recover;

use std::{sync::atomic::Ordering, time::Duration};

use house::House;
use judge::{causes, faults};

/// GitHub loses one in ten of what is sent again as well.
const RUNS: usize = 12;

/// A minute, then runs of recover until there is nothing left to do; what came with which cause.
async fn drill(seed: u64) -> judge::Causes {
    let mut house = House::new(seed).await;
    house.minute().await;
    assert_eq!(house.kills, 3, "seed {seed}");
    assert!(house.door.fate.refused.load(Ordering::Relaxed) > 0, "seed {seed}");
    let lacking = faults(&house.github.emitted(), &house.consumer.seen());
    assert!(lacking.len() > 20, "seed {seed}: there is little to recover: {lacking:?}");
    let mut runs = 0;
    loop {
        house.clock.turn(Duration::from_secs(6 * 60));
        let done = recover::run(&house).await;
        house.github.deliver(&house.door).await;
        house.consume().await;
        if done == 0 {
            break;
        }
        runs += 1;
        assert!(runs < RUNS, "seed {seed}: recover does not come to an end");
    }
    let (emitted, seen) = (house.github.emitted(), house.consumer.seen());
    assert!(emitted.len() > 150, "seed {seed}: {} events", emitted.len());
    let faults = faults(&emitted, &seen);
    assert!(faults.is_empty(), "seed {seed}, {runs} runs:\n{}", faults.join("\n"));
    causes(&seen)
}

#[tokio::test]
async fn after_an_outage_everything_arrived_once_in_order_and_what_is_late_says_why() {
    let mut all = judge::Causes::new();
    for seed in 1..=4 {
        let causes = drill(seed).await;
        for (cause, count) in causes {
            *all.entry(cause).or_default() += count;
        }
    }
    let known: Vec<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(known, ["-", "recovered", "redelivered", "rerouted"], "each way was gone: {all:?}");
}

#[tokio::test]
async fn a_seed_of_the_drill_repeats() {
    assert_eq!(drill(7).await, drill(7).await);
}
