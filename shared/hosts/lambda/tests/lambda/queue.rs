//! Batches: what is returned, when no more is begun, and what cannot be taken over or settled. What becomes of an outcome:
//! `parity`.
//!
//! In `sqs-fifo.json` the groups are 1, 3, 5, 8, 10; then 2, 6, 9; then 4, 7.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use pointsman_core::{
    outcome::{Handled, Outcome, Reason, Rejection},
    port::{Clock as _, ErrorKind, PortError, Received},
};
use pointsman_host_lambda::queue::{self, Source};
use tokio::time::sleep;

use crate::support::{Fake, event, number, recorded, returned};

const GROUPS: [&[u32]; 3] = [&[1, 3, 5, 8, 10], &[2, 6, 9], &[4, 7]];

type Begun = Arc<Mutex<Vec<u32>>>;

/// Hands the batch over; `end` says how each message ends. Says what was returned and what was begun, in order.
async fn run(name: &str, source: &Source, end: impl AsyncFn(u32) -> Handled<()>) -> (Vec<u32>, Vec<u32>) {
    let begun = Begun::default();
    let end = &end;
    let handler = |turn: Vec<Received>| {
        let begun = begun.clone();
        async move {
            begun.lock().unwrap().extend(turn.iter().map(|message| number(&message.id.0)));
            end(number(&turn[0].id.0)).await
        }
    };
    let told = queue::handle(&recorded(name), source, handler).await;
    let begun = begun.lock().unwrap().clone();
    (returned(told), begun)
}

fn retry(seconds: u64) -> Handled<()> {
    let cause = PortError::unavailable("the subscriber is away");
    Ok(Outcome::Retry { after: Duration::from_secs(seconds), cause })
}

fn rejected() -> Handled<()> {
    Ok(Outcome::Rejected(Rejection::new(Reason::Failed, "never")))
}

fn of_group(numbers: &[u32], group: &[u32]) -> Vec<u32> {
    numbers.iter().copied().filter(|number| group.contains(number)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_groups_records_are_handled_one_after_another_and_groups_side_by_side() {
    let fake = Fake::new();
    let running: Mutex<HashSet<usize>> = Mutex::default();
    let most = Mutex::new(0);
    let (returned, begun) = run("sqs-fifo.json", &fake.source(), async |number| {
        let group = GROUPS.iter().position(|group| group.contains(&number)).unwrap();
        {
            let mut running = running.lock().unwrap();
            assert!(running.insert(group), "two of one group at once");
            let mut most = most.lock().unwrap();
            *most = running.len().max(*most);
        }
        sleep(Duration::from_secs(u64::from(number % 3))).await;
        running.lock().unwrap().remove(&group);
        Ok(Outcome::Done(()))
    })
    .await;
    assert_eq!(returned, [] as [u32; 0]);
    for group in GROUPS {
        assert_eq!(of_group(&begun, group), group);
    }
    assert_eq!((*most.lock().unwrap(), fake.held()), (3, 0));
    assert_eq!(fake.told("forget").len(), 10);
}

#[tokio::test(start_paused = true)]
async fn no_more_groups_run_at_once_than_are_allowed() {
    let fake = Fake::new();
    let (now, most) = (Mutex::new(0), Mutex::new(0));
    let source = Source { concurrency: 2, ..fake.source() };
    run("sqs-standard.json", &source, async |_| {
        *now.lock().unwrap() += 1;
        let running = *now.lock().unwrap();
        let before = *most.lock().unwrap();
        *most.lock().unwrap() = running.max(before);
        sleep(Duration::from_secs(1)).await;
        *now.lock().unwrap() -= 1;
        Ok(Outcome::Skipped("no".into()))
    })
    .await;
    assert_eq!(*most.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_every_later_record_of_that_group_is_returned_untouched() {
    let fake = Fake::new();
    let end = async |number| if number == 5 { retry(7) } else { Ok(Outcome::Done(())) };
    let (returned, begun) = run("sqs-fifo.json", &fake.source(), end).await;
    assert_eq!(returned, [5, 8, 10]);
    assert_eq!(of_group(&begun, GROUPS[0]), [1, 3, 5]);
    let of_it = fake.log().into_iter().filter(|line| {
        let number = line.split(' ').nth(1).unwrap().parse().unwrap();
        GROUPS[0].contains(&number)
    });
    // Last to first: nobody may get a later one first.
    let expected = ["back 10 after 0", "back 8 after 0", "failed 5 after 7", "forget 1", "forget 3"];
    assert_eq!(of_it.collect::<Vec<_>>(), expected);
    assert_eq!(fake.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_record_that_cannot_be_buried_is_not_acknowledged() {
    let fake = Fake::new();
    let queue = fake.clone();
    let end = async |number| {
        if number != 3 {
            return Ok(Outcome::Done(()));
        }
        queue.refuse(&[ErrorKind::Denied]);
        rejected()
    };
    let (returned, _) = run("sqs-fifo.json", &Source { concurrency: 1, ..fake.source() }, end).await;
    assert_eq!(returned, [3, 5, 8, 10]);
    assert_eq!(fake.told("dead"), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_begun_in_the_last_five_seconds() {
    let fake = Fake::new();
    // 30 s in all: the first ends 4 s before they are over.
    let end = async |number| {
        sleep(Duration::from_secs(if number == 1 { 26 } else { 1 })).await;
        Ok(Outcome::Done(()))
    };
    let (returned, begun) = run("sqs-fifo.json", &fake.source(), end).await;
    assert_eq!(returned, [3, 5, 8, 10]);
    assert_eq!(of_group(&begun, GROUPS[0]), [1]);
    assert_eq!(fake.told("back").len(), 4);
    assert_eq!(fake.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_ends_does_not_take_the_others_with_it() {
    let fake = Fake::new();
    let end = async |number| {
        if number == 4 {
            std::future::pending::<()>().await;
        }
        Ok(Outcome::Done(()))
    };
    let (returned, _) = run("sqs-fifo.json", &fake.source(), end).await;
    assert_eq!(returned, [4, 7]);
    assert_eq!(fake.told("failed"), ["failed 4 after 1"]);
    assert!(fake.clock.now() < jiff::Timestamp::UNIX_EPOCH + crate::support::TIME);
}

#[tokio::test(start_paused = true)]
async fn a_record_without_a_body_is_a_dead_letter() {
    let fake = Fake::new();
    let (returned, begun) = run("sqs-no-body.json", &fake.source(), async |_| Ok(Outcome::Done(()))).await;
    assert_eq!((returned, begun), (vec![], vec![1, 3]));
    assert_eq!(fake.told("dead"), ["dead 2 malformed"]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_settled_is_returned_with_those_behind_it() {
    let fake = Fake::new();
    let (returned, begun) = run("sqs-no-receipt.json", &fake.source(), async |_| Ok(Outcome::Done(()))).await;
    assert_eq!((returned, begun), (vec![2, 3], vec![1, 4]));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_batch_of_this_queue_is_a_fault_and_nothing_is_handled() {
    let source = Fake::new().source();
    for (name, says) in [
        ("sqs-no-id.json", "no messageId"),
        ("sqs-other-queue.json", "pointsman-other.fifo"),
        ("function-url.json", "no batch of SQS records"),
    ] {
        let handler = |_| async { panic!("it was handled") };
        let fault = queue::handle(&recorded(name), &source, handler).await.unwrap_err();
        assert!(fault.kind == "Malformed" && fault.message.contains(says), "{name}: {fault}");
    }
    let none = queue::handle(&event(r#"{"Records":[]}"#), &source, |_| async { retry(1) }).await;
    assert_eq!(returned(none), [] as [u32; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_cannot_be_taken_over_comes_again_as_a_whole() {
    let fake = Fake::new();
    fake.refuse(&[ErrorKind::Denied]);
    let handler = |_| async { panic!("it was handled") };
    let fault = queue::handle(&recorded("sqs-fifo.json"), &fake.source(), handler).await.unwrap_err();
    assert!(fault.message.contains("sqs:GetQueueUrl"), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_is_over_is_returned_and_never_acknowledged() {
    let fake = Fake::new();
    let queue = fake.clone();
    let end = async |number| {
        if number == 2 {
            queue.refuse(&[ErrorKind::Conflict]);
            return retry(1);
        }
        Ok(Outcome::Done(()))
    };
    let (returned, _) = run("sqs-standard.json", &Source { concurrency: 1, ..fake.source() }, end).await;
    assert_eq!(returned, [2]);
}
