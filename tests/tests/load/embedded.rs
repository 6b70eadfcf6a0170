//! The embedded host: the real program, killed, stopped, without disk, in another time.

use std::time::Duration;

use pointsman_tests::load::{
    embedded::Embedded, figures::Ended, runs::Soak, traffic::Traffic, trouble::schedule,
};

const SEED: u64 = 20_261_122;
/// Slow enough for a debug build beside other tests.
const RATE: f64 = 50.0;
const TIME: Duration = Duration::from_secs(30);
/// How long the longest trouble lasts.
const LONGEST: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_comes_in_order_and_once_whatever_goes_wrong() {
    let house = Embedded::start(SEED).await;
    let mut traffic = Traffic::new(SEED);
    let soak = house.soak(&mut traffic, (TIME, RATE), true, schedule(TIME, LONGEST)).await;
    let Soak { figures, verdict, drained, .. } = &soak;
    println!("{}\n{:?}\n{verdict:?}, consumed {drained:?} later", figures.line(), figures.hostile_ends());
    assert!(verdict.is_clean(), "{verdict:?}\n{}", house.log());
    assert!(verdict.answered > verdict.sent / 2, "hardly anything was taken: {}", figures.line());

    // What trouble looks like to a sender, and nothing else does.
    assert!(figures.ended(Ended::Later) > 0, "the disk was never full: {}", figures.line());
    let strange: Vec<_> =
        figures.ends().into_keys().filter(|ended| matches!(ended, Ended::Other(_))).collect();
    assert!(strange.is_empty(), "{strange:?}");
    for (end, count) in figures.hostile_ends() {
        let refused = ["400", "401", "404", "408", "413", "429", "503", "none"];
        assert!(refused.iter().any(|status| end.ends_with(status)), "{count} times {end}");
    }
}
