//! Schedules and invocations by name: the input as it was given, and the end told to who asked.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use pointsman_core::{
    outcome::{Handled, Outcome, Reason, Rejection},
    port::PortError,
};
use serde_json::{Value, json};

use super::{
    Ended, Run,
    stand::{SECOND, Stand},
};

/// A stage that notes what it is run with.
fn noting<I: Send + 'static>(end: End) -> (Run<I>, Arc<Mutex<Vec<I>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = seen.clone();
    let run = move |input: I| {
        notes.lock().expect("nobody panics with it").push(input);
        Box::pin(async move { end() }) as _
    };
    (Arc::new(run), seen)
}

fn worked() -> Handled<String> {
    Ok(Outcome::Done("7 deliveries".to_owned()))
}

pub(super) async fn a_schedule_runs_the_stage_at_its_time(stand: Stand) {
    let at: Timestamp = "2026-11-21T20:00:00Z".parse().expect("a time");
    let (run, seen) = noting(worked);
    let ended = stand.ports.host.schedule(at, run).await;
    assert_eq!(ended, Ended::Done(json!("7 deliveries")));
    assert_eq!(*seen.lock().expect("nobody panics with it"), [at]);
}

pub(super) async fn an_order_reaches_the_stage_as_it_was_given(stand: Stand) {
    let orders = [
        json!({ "replay": "r-20261121-1", "sources": ["github"], "deep": { "a": [null, 1.5, "Żółw 🚂"] } }),
        json!({ "text": "{\"not\": \"an object\"}", "base64": "cGF5bG9hZA==" }),
        json!({}),
    ];
    for order in orders {
        let (run, seen) = noting::<Value>(worked);
        let ended = stand.ports.host.invoke(order.clone(), run).await;
        assert_eq!(ended, Ended::Done(json!("7 deliveries")));
        assert_eq!(*seen.lock().expect("nobody panics with it"), [order]);
    }
}

type End = fn() -> Handled<String>;

/// How a stage ends, and what the trigger is told of it.
const ENDS: [(End, &str); 5] = [
    (|| Ok(Outcome::Skipped("it is over".into())), "skipped"),
    (
        || Ok(Outcome::Retry { after: SECOND, cause: PortError::unavailable("the records are away") }),
        "the records are away",
    ),
    (|| Ok(Outcome::Rejected(Rejection::new(Reason::Failed, "no such replay"))), "no such replay"),
    (|| Err(PortError::internal("odd")), "odd"),
    (|| panic!("a bug"), "a bug"),
];

pub(super) async fn what_became_of_a_run_is_told(stand: Stand) {
    let at: Timestamp = "2026-11-21T20:00:00Z".parse().expect("a time");
    for (end, says) in ENDS {
        let by_name = stand.ports.host.invoke(json!({}), noting(end).0).await;
        let by_schedule = stand.ports.host.schedule(at, noting(end).0).await;
        for ended in [by_name, by_schedule] {
            match ended {
                Ended::Skipped(why) => assert_eq!((says, &*why), ("skipped", "it is over")),
                Ended::Failed(why) => assert!(why.contains(says), "`{why}` tells of `{says}`"),
                Ended::Done(value) => panic!("`{says}` was told as done: {value}"),
            }
        }
    }
}
