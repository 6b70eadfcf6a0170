//! Schedules, calls by name, and what is none of them.

use std::sync::{Arc, Mutex};

use http::StatusCode;
use jiff::Timestamp;
use pointsman_core::{
    outcome::{Handled, Outcome, Reason, Rejection},
    port::{Clock as _, PortError},
};
use pointsman_host_azfunc::{Calls, Trigger, direct, timer};
use serde_json::{Value, json};

use crate::support::{ENCODINGS, TokioClock, batch, call, encoded, single};

type End = fn() -> Handled<String>;

/// Shapes in which hosts were seen to tell of a schedule.
fn schedules() -> Vec<Value> {
    let status = json!({ "Last": "2026-11-21T19:55:00+00:00", "Next": "2026-11-21T20:00:00+00:00", "LastUpdated": null });
    let timer = json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": status, "IsPastDue": false });
    let sys = json!({ "MethodName": "recover", "UtcNow": "2026-11-21T20:00:00Z", "RandGuid": "x" });
    let mut shapes: Vec<Value> = ENCODINGS
        .iter()
        .map(|times| {
            json!({ "Data": { "timer": encoded(&timer, *times) }, "Metadata": { "sys": encoded(&sys, *times) } })
        })
        .collect();
    shapes.push(json!({ "Data": { "timer": { "isPastDue": true, "scheduleStatus": null } }, "Metadata": {
        "sys": { "methodName": "recover", "utcNow": "2026-11-21T20:00:00" } } }));
    shapes
}

fn timed(
    name: &'static str,
    end: impl Fn(Timestamp) -> Handled<String> + Send + Sync + Clone + 'static,
) -> Calls {
    Calls::new(TokioClock::new()).on(name, move |call| {
        let end = end.clone();
        async move { timer::handle(&call, "recover", async |time| end(time)).await }
    })
}

#[tokio::test(start_paused = true)]
async fn a_schedule_runs_the_stage_at_its_time_in_every_shape() {
    for shape in schedules() {
        let calls = timed("recover", |time| Ok(Outcome::Done(time.to_string())));
        let (status, log) = call(&calls, "recover", &shape).await;
        assert_eq!((status, &*log), (200, r#"{"done":"2026-11-21T20:00:00Z"}"#), "{shape}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_says_nothing_runs_the_stage_now() {
    for shape in [json!({ "Data": { "timer": {} } }), json!({ "Data": {}, "Metadata": {} }), json!({})] {
        let calls = timed("recover", |time| Ok(Outcome::Done(time.to_string())));
        let (status, log) = call(&calls, "recover", &shape).await;
        assert_eq!((status, &*log), (200, r#"{"done":"1970-01-01T00:00:00Z"}"#), "{shape}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_runs_no_schedule() {
    let calls = timed("recover", |_| panic!("it ran"));
    let (status, why) = call(&calls, "recover", &single(1, "a", &json!({}), 1)).await;
    assert!(status == 500 && why.contains("give recover a schedule only"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn an_order_reaches_the_stage_in_every_encoding() {
    for times in ENCODINGS {
        let calls = Calls::new(TokioClock::new()).on("replay-order", |call| async move {
            direct::handle(&call, "replay", async |order: Value| Ok(Outcome::Done(order["replay"].clone())))
                .await
        });
        let asked =
            json!({ "Data": { "order": encoded(&json!({ "replay": "r-1" }), times) }, "Metadata": {} });
        assert_eq!(call(&calls, "replay-order", &asked).await, (200, r#"{"done":"r-1"}"#.to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_done_is_told_at_once() {
    let rejected = || Ok(Outcome::Rejected(Rejection::new(Reason::Failed, "no such replay")));
    let ends: [(End, &str); 3] = [
        (rejected, "Rejected: no such replay"),
        (|| Err(PortError::unavailable("the records are away")), "Unavailable: the records are away"),
        (|| panic!("a bug"), "Unavailable: the handler panicked: a bug"),
    ];
    for (end, says) in ends {
        let clock = TokioClock::new();
        let calls = Calls::new(clock.clone()).on("replay-order", move |call| async move {
            direct::handle(&call, "replay", async |_: Value| end()).await
        });
        let told = call(&calls, "replay-order", &json!({ "Data": { "order": {} }, "Metadata": {} })).await;
        assert_eq!((told, clock.now()), ((500, says.to_owned()), Timestamp::UNIX_EPOCH));
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_not_there_is_told_and_messages_for_it_wait() {
    let message = single(1, "a", &json!({}), 1);
    for (asked, waited) in [(json!({}), 0), (message, 30)] {
        let clock = TokioClock::new();
        let calls = Calls::new(clock.clone()).on("recover", |_| async { panic!("it ran") });
        let answer = calls.answer("erase".into(), asked.to_string().into()).await;
        assert_eq!((answer.status(), answer.body()[0]), (StatusCode::NOT_FOUND, b'{'));
        assert_eq!(clock.now().as_second(), waited);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_the_stage_is_that_calls_failure() {
    let calls = Calls::new(TokioClock::new())
        .on("bad", |_| async { panic!("a bug") })
        .on("good", |_| async { Ok(json!({})) });
    let (status, why) = call(&calls, "bad", &json!({})).await;
    assert!(status == 500 && why.contains("a bug"), "{why}");
    assert_eq!(call(&calls, "good", &json!({})).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn triggers_are_told_apart_by_what_only_they_have() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let calls = Calls::new(TokioClock::new()).on("any", move |call| {
        noted.lock().unwrap().push(call.trigger());
        async { Ok(json!({})) }
    });
    let order = json!({ "Data": { "order": { "replay": "r" } }, "Metadata": { "sys": {} } });
    let mut shapes = vec![single(1, "a", &json!({ "Schedule": 1 }), 2), batch(&[1, 2], "a", 2), order];
    shapes.extend(schedules());
    for shape in shapes {
        call(&calls, "any", &shape).await;
    }
    let (queue, timer) = (Trigger::Queue, Trigger::Timer);
    assert_eq!(*seen.lock().unwrap(), [queue, queue, Trigger::Direct, timer, timer, timer, timer]);
}
