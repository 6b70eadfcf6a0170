//! Bad input: clocks, limits, what GitHub has no more, and two runs at once. Each a clear line, and the rest goes on.

use std::time::Duration;

use pointsman_core::port::Clock as _;
use pointsman_fake_github::{Fault, When};
use pointsman_github::HookPlace;
use pointsman_recover::{Action, Ask, Hook, Ran};
use serde_json::json;

use crate::house::{Door, HOUR, House, MINUTE};

const ALL: &str = "  - { name: all, events: ['*'] }\n";

impl House {
    /// Issues that GitHub could not hand over.
    async fn missed(&self, numbers: std::ops::Range<u64>) {
        self.door(Door::Shut);
        for number in numbers {
            self.issue("acme/web", number);
            self.clock.turn(Duration::from_secs(1));
        }
        self.carry().await;
        self.door(Door::Open);
    }
}

#[tokio::test]
async fn a_cursor_from_the_future_is_told_and_not_believed() {
    let house = House::new(ALL).await;
    house.missed(1..2).await;
    house.put("recover/github/github/app", json!({ "upto": "2026-11-23T00:00:00Z" })).await;
    let report = house.run().await;
    assert_eq!(report.github.redelivered, 1);
    let note = "the record `recover/github/github/app` is from the future (2026-11-23T00:00:00Z), it is \
                2026-11-21T12:00:01Z now: the clock was set back; everything is looked at anew";
    assert_eq!(report.notes, [note]);
    assert_eq!(house.records("recover/github").await[0].1["upto"], "2026-11-21T12:00:00Z");
}

#[tokio::test]
async fn a_lease_of_before_the_clock_was_set_back_is_taken_over() {
    let house = House::new(ALL).await;
    let holder = json!({ "name": "pointsman serve (process 7)", "since": "2026-11-22T00:00:00Z", "until": "2026-11-22T00:03:00Z" });
    house.put("lease/recover", holder).await;
    house.missed(1..2).await;
    assert_eq!(house.run().await.github.redelivered, 1);
    assert_eq!(house.records("lease/").await, []);
}

#[tokio::test]
async fn two_runs_at_once_are_one() {
    let house = House::new(ALL).await;
    house.missed(1..2).await;
    let holder = json!({ "name": "pointsman serve (process 7)", "since": house.clock.now(), "until": "2026-11-21T12:03:00Z" });
    house.put("lease/recover", holder).await;
    let ran = house.recover().run(&house.rules, Ask { since: None, apply: true }).await.unwrap();
    let Ran::Held(holder) = ran else { panic!("{ran:?}") };
    assert_eq!(holder.name, "pointsman serve (process 7)");
    assert_eq!(house.ask(Ask::default()).await.github.redelivered, 1, "to look is allowed");
}

#[tokio::test]
async fn a_delivery_that_github_has_no_more_is_lost_and_the_rest_goes_on() {
    let house = House::new(ALL).await;
    house.missed(1..4).await;
    let seen = std::sync::atomic::AtomicU64::new(0);
    house.github.on_request(move |moment| {
        let attempt = moment.when == When::Before && moment.operation.ends_with("/attempts");
        let second = attempt && seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 1;
        second.then_some(Fault::Refused(404, "Not Found"))
    });
    let report = house.run().await;
    assert_eq!((report.github.redelivered, report.github.lost), (2, 1));
    let lost = report.items.iter().find(|it| it.action == Action::Lost).unwrap();
    assert_eq!(lost.why.as_deref(), Some("GitHub has it no more"));
    house.carry().await;
    let again = house.run().await;
    assert_eq!((again.github.lost, again.github.skipped), (0, 1), "it is told once");
    assert_eq!(again.cursors.last().unwrap().upto, house.clock.now(), "nothing waits for it");
}

#[tokio::test]
async fn a_body_that_github_has_no_more_is_lost_and_the_rest_goes_on() {
    let house = House::new(ALL).await;
    house.door(Door::Says(413));
    house.issue("acme/web", 1);
    house.carry().await;
    house.github.forget_payloads();
    house.issue("acme/web", 2);
    house.carry().await;
    let report = house.run().await;
    assert_eq!((report.github.fetched, report.github.lost), (1, 1));
    let lost = report.items.iter().find(|it| it.action == Action::Lost).unwrap();
    assert_eq!(lost.why.as_deref(), Some("GitHub has its body no more"));
    assert_eq!(house.told("all").await, ["2: recovered"]);
    assert_eq!(house.run().await.github.lost, 0, "it is told once");
}

#[tokio::test]
async fn a_limit_in_mid_sweep_leaves_the_rest_to_the_next_run() {
    let house = House::new(ALL).await;
    house.missed(1..6).await;
    let seen = std::sync::atomic::AtomicU64::new(0);
    house.github.on_request(move |moment| {
        let attempt = moment.when == When::Before && moment.operation.ends_with("/attempts");
        let limited = attempt && seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 2;
        limited.then_some(Fault::SecondaryLimit(Duration::from_secs(60)))
    });
    let report = house.run().await;
    assert_eq!(report.github.redelivered, 2);
    let fault = "github: GitHub's limit on fast or many requests is reached at POST /app/hook/deliveries/";
    assert!(report.faults.len() == 1 && report.faults[0].starts_with(fault), "{:?}", report.faults);
    assert_eq!(
        house.records("recover/github").await[0].1["upto"],
        "2026-11-21T12:00:00Z",
        "the oldest waits"
    );
    house.clock.turn(MINUTE);
    house.carry().await;
    let report = house.run().await;
    assert_eq!((report.github.redelivered, report.faults.len()), (3, 0));
    house.carry().await;
    house.clock.turn(MINUTE);
    assert_eq!(house.run().await.github, Default::default());
    assert_eq!(house.events("all").await.len(), 5, "each once");
}

#[tokio::test]
async fn a_github_that_does_not_answer_keeps_nobody_from_what_lies_here() {
    let house = House::stepwise(ALL).await;
    house.queues.down.lock().unwrap().insert("all".into());
    house.issue("acme/web", 1);
    house.carry().await;
    house.queues.down.lock().unwrap().clear();
    house.github.on_request(|_| Some(Fault::Unavailable));
    let report = house.run().await;
    assert_eq!((report.unrouted.rerouted, report.faults.len()), (1, 1));
    assert_eq!(report.faults[0], "github: GitHub did not answer: the connection was lost");
    assert_eq!(house.records("recover/github").await, [], "no cursor where nothing was read");
}

#[tokio::test]
async fn after_a_week_away_it_says_what_github_has_forgotten() {
    let house = House::new(ALL).await;
    house.run().await;
    house.missed(1..2).await;
    house.clock.turn(7 * 24 * HOUR);
    house.missed(2..3).await;
    let report = house.run().await;
    assert_eq!(report.github.redelivered, 1, "the older one is gone");
    let note = "deliveries of `github` (app) are settled up to 2026-11-21T12:00:00Z, and GitHub keeps them for about 3 \
                days: what it failed to hand over between then and 2026-11-25T12:00:02Z is gone";
    assert_eq!(report.notes, [note]);
}

#[tokio::test]
async fn what_our_own_rules_refuse_is_told_once() {
    let mut house = House::new(ALL).await;
    let hook = house.github.create_hook("acme", "root", "http://pointsman.test/webhooks/hooks", &["issues"]);
    let place = HookPlace::Organisation { login: "acme".into(), hook: hook.id };
    house.hooks = vec![Hook { source: "hooks".into(), github: house.as_somebody("root"), place }];
    house.door(Door::Says(413));
    house.issue("acme/attic", 1);
    house.carry().await;
    let report = house.run().await;
    assert_eq!((report.github.skipped, report.github.lost), (1, 0), "its name is known: nobody asks for it");
    house.github.create_repository("acme/new");
    house.issue("acme/new", 2);
    house.carry().await;
    let report = house.run().await;
    let why = "it is refused: acme/new is not among the repositories that this source owns";
    assert_eq!((report.github.lost, report.items[0].why.as_deref()), (1, Some(why)));
    assert_eq!(house.run().await.github.lost, 0);
}
