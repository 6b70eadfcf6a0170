//! The app on Azure: its programs killed, its queues refusing, its archive slow.

use std::time::Duration;

use pointsman_tests::load::{figures::Ended, traffic::Traffic};

use crate::app::App;

const SEED: u64 = 20_261_122;
/// What the emulators take on a busy machine.
const RATE: f64 = 8.0;
const TIME: Duration = Duration::from_secs(18);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_comes_in_order_and_once_whatever_goes_wrong() {
    let app = App::start(SEED).await;
    let (figures, verdict) = app.soak(&mut Traffic::new(SEED), TIME, RATE).await;
    println!("{}\n{verdict:?}", figures.line());
    assert!(verdict.is_clean(), "{verdict:?}");
    assert!(figures.ended(Ended::Accepted) > 50, "hardly anything was taken: {}", figures.line());
    assert!(verdict.with_cause > 0, "the queue never refused: {}", figures.line());
}
