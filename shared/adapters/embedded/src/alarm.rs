//! The alarm: wakes the engine when time alone makes something ready that a receiver waits for.

use std::sync::Arc;

use pointsman_core::port::Clock;
use tokio::sync::watch;

use crate::{
    engine::{Engine, Op},
    times::time,
};

/// Runs until the engine ends.
pub(crate) async fn run(engine: Engine, mut due: watch::Receiver<Option<i64>>, clock: Arc<dyn Clock>) {
    loop {
        let next = *due.borrow_and_update();
        let left = next.map(|at| time(at).duration_since(clock.now()));
        let changed = match left.map(|left| left.try_into()) {
            None => due.changed().await,
            Some(Ok(left)) => {
                tokio::select! {
                    changed = due.changed() => changed,
                    () = clock.sleep(left) => continue,
                }
            }
            // It is past: the engine looks, and says what is next.
            Some(Err(_)) => {
                if engine.send(Op::Tick).await.is_err() {
                    return;
                }
                due.changed().await
            }
        };
        if changed.is_err() {
            return;
        }
    }
}
