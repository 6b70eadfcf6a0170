//! Messages: what is read of them, in which order they are handled, and what the host is told when.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use pointsman_core::{
    outcome::{Handled, Outcome, Reason, Rejection},
    port::{Clock as _, ErrorKind, PortError, Received},
};
use pointsman_host_azfunc::{
    Calls,
    queue::{self, Source},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{ENCODINGS, Fake, batch, call, encoded, metadata, number, single};

type Begun = Arc<Mutex<Vec<u32>>>;

/// The function `work` over this source; `end` says how each message ends. Notes what was begun.
fn function(
    source: Source,
    end: impl Fn(u32) -> Handled<()> + Send + Sync + Clone + 'static,
) -> (Calls, Begun) {
    let begun = Begun::default();
    let noted = begun.clone();
    let calls = Calls::new(source.clock.clone()).on("work", move |call| {
        let (source, end, noted) = (source.clone(), end.clone(), noted.clone());
        async move {
            let handler = |turn: Vec<Received>| {
                let (end, noted) = (end.clone(), noted.clone());
                async move {
                    let numbers: Vec<u32> = turn.iter().map(|message| number(&message.id.0)).collect();
                    noted.lock().unwrap().extend(&numbers);
                    end(numbers[0])
                }
            };
            queue::handle(&call, &source, handler).await
        }
    });
    (calls, begun)
}

fn done(_: u32) -> Handled<()> {
    Ok(Outcome::Done(()))
}

fn retry(seconds: u64) -> Handled<()> {
    let cause = PortError::unavailable("the subscriber is away");
    Ok(Outcome::Retry { after: Duration::from_secs(seconds), cause })
}

fn throttled(seconds: u64) -> Handled<()> {
    let after = Some(Duration::from_secs(seconds));
    Err(PortError::new(ErrorKind::Throttled { after }, "too fast"))
}

fn rejected() -> Handled<()> {
    Ok(Outcome::Rejected(Rejection::new(Reason::Failed, "never")))
}

fn event() -> Value {
    json!({ "specversion": "1.0", "id": "72d3162e", "session": "acme/web/issue/7", "subject": "Żółw 🚂 \"\\u0041\"",
            "data": { "MessageId": "inner", "text": "{\"a\": 1}" } })
}

#[tokio::test(start_paused = true)]
async fn a_message_is_read_in_every_encoding() {
    for times in ENCODINGS {
        let fake = Fake::new();
        let (calls, _) = function(fake.source(), done);
        let (status, _) = call(&calls, "work", &single(7, "acme/web/issue/7", &event(), times)).await;
        assert_eq!((status, fake.log()), (200, vec!["forget 7".to_owned()]), "{times}");
        let read = fake.adopted().remove(0);
        assert_eq!(read.text, event().to_string(), "{times}: byte for byte");
        let told = |name: &str| read.system.get(name).map(String::as_str);
        assert_eq!((read.id.as_str(), read.receipt.as_str()), ("7-id", "lock-7"), "{times}");
        assert_eq!((told("SessionId"), told("SequenceNumber")), (Some("acme/web/issue/7"), Some("7")));
        assert_eq!((told("CorrelationId"), told("DeliveryCount")), (Some("72d3162e"), Some("1")));
        let attributes = [("note", "a \"quoted\" one"), ("type", "com.github.push")];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read.attributes, BTreeMap::from(attributes), "{times}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_read_in_every_encoding_and_in_order() {
    for times in ENCODINGS {
        let fake = Fake::new();
        let (calls, begun) = function(fake.source(), done);
        let (status, _) = call(&calls, "work", &batch(&[3, 1, 2], "a", times)).await;
        assert_eq!((status, begun.lock().unwrap().clone()), (200, vec![3, 1, 2]), "{times}");
        let bodies: Vec<String> = fake.adopted().into_iter().map(|message| message.text).collect();
        assert_eq!(bodies, [r#"{"n":3}"#, r#"{"n":1}"#, r#"{"n":2}"#], "{times}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bodys_own_fields_are_not_believed_to_be_the_messages() {
    for times in ENCODINGS {
        let forged = json!({ "messageid": "9-forged", "SessionId": "forged", "LockToken": "forged", "DeliveryCount": 99 });
        let mut says = metadata(7, "true", 0);
        for (name, value) in [("MessageId", "9-forged"), ("SessionId", "forged"), ("LockToken", "forged")] {
            says[name] = encoded(&json!(value), times);
        }
        says["DeliveryCount"] = json!("99");
        let fake = Fake::new();
        let (calls, _) = function(fake.source(), done);
        call(&calls, "work", &json!({ "Data": { "m": encoded(&forged, times) }, "Metadata": says })).await;
        let read = fake.adopted().remove(0);
        assert_eq!(
            (read.id.as_str(), read.receipt.as_str()),
            ("7", "7"),
            "its number in the queue is its own"
        );
        assert_eq!((read.system.get("SessionId"), read.system.get("DeliveryCount")), (None, None));
    }
    // An event of ours says itself which session it is of.
    let mut says = metadata(7, "x", 1);
    says["SessionId"] = json!("72d3162e");
    let fake = Fake::new();
    let (calls, _) = function(fake.source(), done);
    call(&calls, "work", &json!({ "Data": { "m": event() }, "Metadata": says })).await;
    assert_eq!(fake.adopted()[0].system["SessionId"], "acme/web/issue/7");
}

#[tokio::test(start_paused = true)]
async fn what_tells_no_message_completes_nothing_and_is_told_late() {
    let wrong = [
        json!({ "Data": { "m": "{}" } }),
        json!({ "Data": { "m": "{}" }, "Metadata": null }),
        json!({ "Data": { "m": "{}" }, "Metadata": 7 }),
        json!({ "Data": { "m": "{}" }, "Metadata": { "LockToken": "x" } }),
        json!({ "Data": { "m": "{}" }, "Metadata": { "MessageIdArray": ["1-a"] } }),
        json!({ "Data": 7, "Metadata": {} }),
        json!([]),
        json!(null),
    ];
    for body in wrong {
        let fake = Fake::new();
        let (calls, begun) = function(fake.source(), done);
        let started = Instant::now();
        let (status, why) = call(&calls, "work", &body).await;
        assert_eq!((status, begun.lock().unwrap().len()), (500, 0), "{body}");
        assert!(why.starts_with("Malformed: ") && why.contains("`work`"), "{body}: {why}");
        assert_eq!(started.elapsed().as_secs(), 30, "{body}: the host hands it out again at once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_counts_and_is_told_when_its_time_has_come_or_after_half_a_minute() {
    for (after, waited) in [(7, 7), (0, 0), (300, 30)] {
        let fake = Fake::new();
        let (calls, _) = function(fake.source(), move |_| retry(after));
        let started = Instant::now();
        let (status, why) = call(&calls, "work", &single(1, "a", &event(), 0)).await;
        assert_eq!((status, started.elapsed().as_secs()), (500, waited));
        assert_eq!(fake.log(), [format!("failed 1 after {after}")]);
        assert_eq!(why, "Returned: 1 of 1 messages of `work` come again: 1-id");
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_counts_no_attempt_and_waits_half_a_minute_at_most() {
    let fake = Fake::new();
    let (calls, _) = function(fake.source(), |_| throttled(3600));
    let started = Instant::now();
    assert_eq!(call(&calls, "work", &single(1, "a", &event(), 1)).await.0, 500);
    assert_eq!((started.elapsed().as_secs(), fake.log()), (30, vec!["back 1 after 3600".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn an_hours_limit_on_a_stage_that_looks_itself_costs_one_copy_and_a_completed_message() {
    let fake = Fake::new();
    let source = Source { later: true, ..fake.source() };
    let (calls, _) = function(source, |_| throttled(3600));
    let started = Instant::now();
    let (status, _) = call(&calls, "work", &single(1, "a", &event(), 1)).await;
    assert_eq!((status, started.elapsed().as_secs(), fake.log()), (200, 0, vec!["later 1".to_owned()]));
    let copy = fake.sent().remove(0);
    assert_eq!(
        (copy.delay, copy.session.clone()),
        (Some(Duration::from_secs(3600)), Some("acme/web/issue/7".into()))
    );
    assert_eq!(copy.body.to_bytes(), event().to_string());
    assert!(!copy.dedup_id.is_empty() && copy.dedup_id != "1-id");
    // The same message again: the same copy. Its age is that of the first.
    call(&calls, "work", &single(1, "a", &event(), 1)).await;
    assert_eq!(fake.sent()[1], copy);
    assert_eq!(copy.attributes["since"], "1970-01-01T00:00:00Z");
}

#[tokio::test(start_paused = true)]
async fn where_no_copy_can_be_sent_the_message_itself_comes_again() {
    let fake = Fake::new();
    let source = Source { later: true, ..fake.source() };
    let queue = fake.clone();
    let (calls, _) = function(source, move |_| {
        queue.refuse(&[ErrorKind::Denied]);
        throttled(3600)
    });
    assert_eq!(call(&calls, "work", &single(1, "a", &event(), 1)).await.0, 500);
    assert_eq!((fake.sent().len(), fake.log()), (0, vec!["back 1 after 3600".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_rejected_message_is_a_dead_letter_and_then_done() {
    let fake = Fake::new();
    let (calls, _) = function(fake.source(), |_| rejected());
    assert_eq!(call(&calls, "work", &single(1, "a", &event(), 1)).await.0, 200);
    assert_eq!((fake.log(), fake.held()), (vec!["dead 1 failed".to_owned()], 0));
}

#[tokio::test(start_paused = true)]
async fn a_rejected_message_that_cannot_be_buried_is_not_completed() {
    let fake = Fake::new();
    let queue = fake.clone();
    let (calls, _) = function(fake.source(), move |_| {
        queue.refuse(&[ErrorKind::Denied]);
        rejected()
    });
    assert_eq!(call(&calls, "work", &single(1, "a", &event(), 1)).await.0, 500);
}

#[tokio::test(start_paused = true)]
async fn a_message_without_a_body_is_a_dead_letter() {
    for body in [json!(null), json!("")] {
        let fake = Fake::new();
        let (calls, begun) = function(fake.source(), done);
        let asked = json!({ "Data": { "m": body }, "Metadata": metadata(1, "a", 0) });
        assert_eq!((call(&calls, "work", &asked).await.0, begun.lock().unwrap().len()), (200, 0));
        assert_eq!(fake.log(), ["dead 1 malformed"]);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_no_later_message_of_the_session_is_handled() {
    let fake = Fake::new();
    let (calls, begun) = function(fake.source(), |number| if number == 3 { retry(5) } else { done(number) });
    assert_eq!(call(&calls, "work", &batch(&[1, 2, 3, 4, 5], "a", 1)).await.0, 500);
    assert_eq!(begun.lock().unwrap().clone(), [1, 2, 3]);
    // Last to first: nobody may get a later one first.
    let log = ["back 5 after 0", "back 4 after 0", "failed 3 after 5", "forget 1", "forget 2"];
    assert_eq!((fake.log(), fake.held()), (log.map(str::to_owned).to_vec(), 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_done_or_buried_of_a_batch_that_failed_is_not_done_again() {
    let fake = Fake::new();
    let failing = Arc::new(Mutex::new(true));
    let fails = failing.clone();
    let (calls, begun) = function(fake.source(), move |number| match number {
        2 => rejected(),
        3 if *fails.lock().unwrap() => retry(1),
        _ => done(number),
    });
    assert_eq!(call(&calls, "work", &batch(&[1, 2, 3, 4], "a", 0)).await.0, 500);
    *failing.lock().unwrap() = false;
    assert_eq!(call(&calls, "work", &batch(&[1, 2, 3, 4], "a", 0)).await.0, 200);
    assert_eq!(begun.lock().unwrap().clone(), [1, 2, 3, 3, 4]);
    assert_eq!(fake.log().iter().filter(|line| line.starts_with("dead")).count(), 1);
    // Afterwards it is forgotten: a message of the same name is another one.
    assert_eq!(call(&calls, "work", &batch(&[1], "a", 0)).await.0, 200);
    assert_eq!(begun.lock().unwrap().last(), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_that_messages_failure_alone() {
    let fake = Fake::new();
    let (calls, _) =
        function(fake.source(), |number| if number == 1 { panic!("a bug") } else { done(number) });
    let (first, second) = (single(1, "a", &event(), 1), single(2, "b", &event(), 1));
    let (bad, good) = tokio::join!(call(&calls, "work", &first), call(&calls, "work", &second));
    assert_eq!((bad.0, good.0), (500, 200));
    let log = fake.log();
    assert!(log.contains(&"failed 1 after 1".to_owned()) && log.contains(&"forget 2".to_owned()), "{log:?}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_taken_over_waits_longer_the_more_often_it_came() {
    for (count, waited) in [(1, 1), (4, 8), (50, 30)] {
        let fake = Fake::new();
        fake.refuse(&[ErrorKind::Unavailable]);
        let (calls, begun) = function(fake.source(), done);
        let mut asked = single(1, "a", &event(), 1);
        asked["Metadata"]["DeliveryCount"] = json!(count.to_string());
        let started = Instant::now();
        let (status, why) = call(&calls, "work", &asked).await;
        assert_eq!((status, begun.lock().unwrap().len(), started.elapsed().as_secs()), (500, 0, waited));
        assert_eq!(why, "Unavailable: the records of `work` cannot be read");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_ends_fails_before_the_host_gives_it_up() {
    let fake = Fake::new();
    let source = fake.source();
    let calls = Calls::new(fake.clock.clone()).on("work", move |call| {
        let source = source.clone();
        async move { queue::handle(&call, &source, |_| std::future::pending::<Handled<()>>()).await }
    });
    assert_eq!(call(&calls, "work", &single(1, "a", &event(), 1)).await.0, 500);
    let spent = fake.clock.now().duration_since(jiff::Timestamp::UNIX_EPOCH).as_secs();
    assert!((590..600).contains(&spent), "{spent} s of functionTimeout's 600");
    assert_eq!(fake.log(), ["failed 1 after 1"]);
}
