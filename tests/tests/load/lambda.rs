//! Intake on Lambda: killed at work, its queue refusing, its archive slow.

use std::time::Duration;

use pointsman_tests::load::{figures::Ended, lambda::Lambda, traffic::Traffic};

const SEED: u64 = 20_261_122;
/// What the emulators take on a busy machine.
const RATE: f64 = 4.0;
const TIME: Duration = Duration::from_secs(18);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_comes_in_order_and_once_whatever_goes_wrong() {
    let stack = Lambda::start(SEED).await;
    let (figures, verdict) = stack.soak(&mut Traffic::new(SEED), TIME, RATE).await;
    println!("{}\n{verdict:?}", figures.line());
    assert!(verdict.is_clean(), "{verdict:?}\n{}", stack.log());
    assert!(figures.ended(Ended::Accepted) > 30, "hardly anything was taken: {}", figures.line());
    assert!(verdict.with_cause > 0, "the queue never refused: {}", figures.line());
}
