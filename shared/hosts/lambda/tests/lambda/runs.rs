//! Schedules and invocations by name.

use std::sync::atomic::{AtomicU32, Ordering};

use pointsman_core::{
    outcome::{Handled, Outcome},
    port::PortError,
};
use pointsman_host_lambda::{Lazy, direct, timer};
use serde_json::{Value, json};

use crate::support::recorded;

#[tokio::test]
async fn a_schedule_runs_the_stage_at_its_time() {
    let run = async |time: jiff::Timestamp| Ok(Outcome::Done(time.to_string()));
    let told = timer::handle(&recorded("schedule.json"), "recover", run).await;
    assert_eq!(told, Ok(json!({ "done": "2026-11-21T20:00:00Z" })));
}

#[tokio::test]
async fn an_order_is_what_no_other_trigger_is() {
    let run = async |order: Value| Ok(Outcome::Done(order["replay"].clone()));
    let told = direct::handle(&recorded("direct.json"), "replay", run).await;
    assert_eq!(told, Ok(json!({ "done": "r-20261121-1" })));
}

#[tokio::test]
async fn what_is_no_schedule_runs_nothing() {
    for name in ["event-bridge-other.json", "direct.json", "sqs-fifo.json"] {
        let run = async |_| -> Handled<u32> { panic!("it ran for {name}") };
        let fault = timer::handle(&recorded(name), "recover", run).await.unwrap_err();
        assert_eq!(fault.kind, "Malformed", "{name}");
    }
}

#[tokio::test]
async fn what_could_not_be_made_is_made_by_the_next_event_and_then_once() {
    static TRIES: AtomicU32 = AtomicU32::new(0);
    let lazy = Lazy::new(|| async {
        match TRIES.fetch_add(1, Ordering::Relaxed) {
            0 => Err(PortError::unavailable("the secret `pointsman/hook` cannot be read")),
            n => Ok(n),
        }
    });
    assert!(lazy.get().await.is_err());
    assert_eq!((*lazy.get().await.unwrap(), *lazy.get().await.unwrap()), (1, 1));
}
