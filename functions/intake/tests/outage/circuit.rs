//! A queue that stays down is skipped: it costs the others nothing, a probe finds it again, and nothing is forgotten.

use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;

use crate::house::{DOWN, HANGS, House, WORKS, house};

/// As many as it takes until the circuit is open.
const OPENING: usize = 3;

async fn open(slow: u8) -> House {
    let house = house(slow).await;
    house.cost(0..OPENING).await;
    assert_eq!(house.circuits(), ["fast closed", "slow open"]);
    house.set_slow(DOWN);
    house.tries();
    house
}

#[tokio::test]
async fn a_dead_queue_costs_the_others_no_time_once_it_is_known_to_be_dead() {
    let (without, with) = (house(WORKS).await, open(DOWN).await);
    assert_eq!(with.cost(3..23).await, without.cost(3..23).await);
    assert_eq!(with.tries(), 0);
    assert_eq!(with.depths().await, [23, 0]);
}

#[tokio::test]
async fn a_queue_that_never_answers_holds_up_few_answers_and_none_for_longer_than_its_sender_waits() {
    let house = house(HANGS).await;
    for number in 0..OPENING {
        assert_eq!(house.cost(number..number + 1).await, (1, Duration::from_secs(5)));
    }
    assert_eq!(house.cost(3..23).await, (0, Duration::ZERO));
    house.wait(5);
    assert_eq!(house.cost(23..24).await, (1, Duration::from_secs(2)), "the probe");
    assert_eq!(house.cost(24..44).await, (0, Duration::ZERO));
    assert_eq!(house.unrouted().await["0"]["slow"], "`slow` gave no answer within 5 s");
}

#[tokio::test]
async fn a_probe_in_vain_is_one_try_without_waits() {
    let house = open(DOWN).await;
    house.wait(5);
    assert_eq!(house.cost(3..23).await, (0, Duration::ZERO));
    assert_eq!(house.tries(), 1);
    house.wait(9);
    house.cost(23..24).await;
    assert_eq!(house.tries(), 0, "it is left alone for longer now");
    house.wait(1);
    house.cost(24..25).await;
    assert_eq!(house.tries(), 1);
}

#[tokio::test]
async fn the_first_probe_finds_a_queue_that_is_back_and_what_it_missed_is_kept_whole() {
    let house = open(DOWN).await;
    house.cost(3..10).await;
    house.set_slow(WORKS);
    assert_eq!(house.commit(10).await, ["fast"], "nobody has looked yet");
    house.wait(5);
    assert_eq!(house.commit(11).await, ["fast", "slow"]);
    assert_eq!(house.circuits(), ["fast closed", "slow closed"]);
    assert_eq!(house.commit(12).await, ["fast", "slow"]);
    let unrouted = house.unrouted().await;
    let mut numbers: Vec<usize> = unrouted.keys().map(|number| number.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..=10).collect::<Vec<_>>());
    assert!(unrouted.values().all(|queues| queues.keys().eq(["slow"])));
    assert_eq!(unrouted["0"]["slow"], "no route to the queue");
    assert_eq!(
        unrouted["3"]["slow"].split(" until ").next(),
        Some("skipped: the circuit of `slow` is open"),
        "{unrouted:?}"
    );
}

#[tokio::test]
async fn who_sends_what_was_kept_does_not_wait_for_an_open_circuit_and_is_its_probe() {
    let house = open(DOWN).await;
    house.cost(3..10).await;
    assert_eq!(house.cost(0..10).await, (0, Duration::ZERO), "all ten again");
    house.set_slow(WORKS);
    house.wait(5);
    for number in 0..10 {
        assert_eq!(house.commit(number).await, ["slow"]);
    }
    assert_eq!(house.depths().await, [10, 10]);
}

#[tokio::test]
async fn metrics_tell_who_is_skipped_and_what_was_kept() {
    let recorder = PrometheusBuilder::new().with_recommended_naming(true).build_recorder();
    let _here = metrics::set_default_local_recorder(&recorder);
    let shown = || {
        let text = recorder.handle().render();
        let mut lines: Vec<_> =
            text.lines().filter(|line| line.contains("queue=")).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let house = open(DOWN).await;
    house.cost(0..5).await;
    assert_eq!(
        shown(),
        [r#"pointsman_circuit_open{queue="slow"} 1"#, r#"pointsman_unrouted_total{queue="slow"} 5"#],
        "what was kept before is counted once"
    );
    house.set_slow(WORKS);
    house.wait(5);
    house.commit(5).await;
    assert_eq!(
        shown(),
        [r#"pointsman_circuit_open{queue="slow"} 0"#, r#"pointsman_unrouted_total{queue="slow"} 5"#]
    );
}
