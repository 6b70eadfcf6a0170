//! Sweep `github`: what GitHub could not hand over, of an App and of webhooks.

use std::sync::atomic::Ordering;

use pointsman_github::HookPlace;
use pointsman_recover::{Action, Ask, Hook};

use crate::house::{Door, HOUR, House, MINUTE};

const ALL: &str = "  - { name: all, events: ['*'] }\n";
const BOT: &str = "  - { name: bot, events: [issues.opened], repositories: [acme/web] }\n";

const ATTEMPTS: &str = "POST /app/hook/deliveries/{delivery_id}/attempts";
const ONE: &str = "GET /app/hook/deliveries/{delivery_id}";

impl House {
    fn asked(&self, operation: &str) -> u64 {
        self.github.requests().get(operation).copied().unwrap_or(0)
    }
}

#[tokio::test]
async fn what_came_while_nobody_was_there_is_sent_again_through_the_front_door() {
    let house = House::new(ALL).await;
    house.issue("acme/web", 1);
    house.carry().await;
    house.door(Door::Shut);
    house.issue("acme/web", 2);
    house.issue("acme/web", 3);
    house.carry().await;
    house.clock.turn(HOUR);
    house.door(Door::Open);
    let report = house.run().await;
    assert_eq!((report.github.redelivered, report.faults.len()), (2, 0), "{report:?}");
    assert_eq!(house.carry().await, 2);
    assert_eq!(house.told("all").await, ["1: first", "2: redelivered", "3: redelivered"]);
    house.clock.turn(5 * MINUTE);
    house.github.reset_requests();
    let again = house.run().await;
    assert_eq!(again.github, Default::default(), "a second run finds nothing to do");
    assert_eq!((house.asked(ATTEMPTS), house.asked(ONE)), (0, 0));
    assert_eq!(house.records("recover/github").await[0].1["upto"], "2026-11-21T13:05:00Z");
}

#[tokio::test]
async fn without_apply_nothing_is_asked_for_or_written() {
    let house = House::new(ALL).await;
    house.door(Door::Shut);
    house.issue("acme/web", 1);
    house.carry().await;
    let report = house.ask(Ask::default()).await;
    assert!(!report.applied && report.github.redelivered == 1);
    let item = &report.items[0];
    assert_eq!(
        (item.action, item.source.as_str(), item.event.as_str()),
        (Action::Redelivered, "github", "issues.opened")
    );
    assert_eq!((house.asked(ATTEMPTS), house.carry().await), (0, 0));
    assert_eq!(house.records("").await, []);
}

#[tokio::test]
async fn of_seven_thousand_failures_the_270_that_are_wanted_are_asked_for() {
    let house = House::new(BOT).await;
    house.door(Door::Shut);
    for number in 0..7_000_u64 {
        match number % 26 {
            0 if number < 270 * 26 => house.issue("acme/web", number),
            1..13 => house.issue("acme/attic", number),
            _ => house.github.emit("acme/web", "push", None, serde_json::json!({ "ref": "refs/heads/main" })),
        }
    }
    house.carry().await;
    house.door(Door::Open);
    house.clock.turn(MINUTE);
    let report = house.run().await;
    assert_eq!((report.github.redelivered, report.github.skipped), (270, 6_730));
    let requests = house.github.requests();
    assert_eq!(house.asked(ATTEMPTS) + house.asked(ONE), 270, "{requests:?}");
    let others: u64 = requests.values().sum::<u64>() - 270;
    assert!(others <= 70 + 2, "70 pages, a token, the repositories' names: {requests:?}");
    assert_eq!(house.carry().await, 270);
    assert_eq!(house.events("bot").await.len(), 270);
    house.clock.turn(5 * MINUTE);
    assert_eq!(house.run().await.github.redelivered, 0);
}

#[tokio::test]
async fn names_are_asked_for_once_a_day_and_only_if_a_rule_has_one() {
    let house = House::new(ALL).await;
    let repositories = "GET /installation/repositories";
    house.door(Door::Shut);
    house.issue("acme/web", 1);
    house.carry().await;
    house.run().await;
    assert_eq!(house.asked(repositories), 0);
    let house = House::new(BOT).await;
    house.door(Door::Shut);
    for number in 1..4 {
        house.issue(if number == 2 { "acme/web" } else { "acme/attic" }, number);
        house.carry().await;
        house.clock.turn(6 * MINUTE);
        house.run().await;
    }
    assert_eq!(house.asked(repositories), 1);
    // Not in the list that is kept: taken.
    house.github.create_repository("acme/new");
    house.issue("acme/new", 9);
    house.carry().await;
    assert_eq!(house.ask(Ask::default()).await.items.last().unwrap().event, "issues.opened");
    assert_eq!(house.asked(repositories), 1);
    house.clock.turn(24 * HOUR);
    house.issue("acme/attic", 10);
    house.carry().await;
    house.run().await;
    assert_eq!(house.asked(repositories), 2);
}

#[tokio::test]
async fn what_is_here_all_the_same_is_not_asked_for() {
    let house = House::new(ALL).await;
    house.door(Door::Mute);
    house.issue("acme/web", 1);
    assert_eq!(house.carry().await, 0, "GitHub heard no answer");
    let report = house.run().await;
    assert_eq!((report.github.skipped, report.github.redelivered), (1, 0));
    // Only the mark is left of it.
    for key in house.archived().await {
        house.store.ports().archive.delete(&key).await.unwrap();
    }
    let report = house.run().await;
    assert_eq!((report.github.skipped, report.github.redelivered), (1, 0));
    assert_eq!(house.told("all").await, ["1: first"]);
}

#[tokio::test]
async fn what_was_asked_for_a_moment_ago_is_waited_for() {
    let house = House::new(ALL).await;
    house.door(Door::Shut);
    house.issue("acme/web", 1);
    house.carry().await;
    assert_eq!(house.run().await.github.redelivered, 1);
    house.clock.turn(MINUTE);
    let report = house.run().await;
    assert_eq!((report.github.waiting, report.github.redelivered), (1, 0), "it is on its way");
    house.clock.turn(5 * MINUTE);
    assert_eq!(house.run().await.github.redelivered, 1, "it never came");
}

#[tokio::test]
async fn a_door_that_stays_shut_is_gone_around() {
    let house = House::new(ALL).await;
    house.door(Door::Shut);
    house.issue("acme/web", 1);
    house.carry().await;
    house.clock.turn(MINUTE);
    house.runs(2).await;
    assert_eq!((house.asked(ATTEMPTS), house.knocks.load(Ordering::SeqCst)), (2, 3));
    let report = house.run().await;
    assert_eq!((report.github.fetched, report.github.redelivered), (1, 0), "{report:?}");
    let events = house.events("all").await;
    assert_eq!((&events[0]["cause"], &events[0]["origin"]), (&"recovered".into(), &"fetched".into()));
    assert_eq!(house.told("all").await, ["1: recovered"]);
    house.door(Door::Open);
    house.clock.turn(5 * MINUTE);
    let again = house.run().await;
    assert_eq!((again.github.skipped, again.github.fetched, house.asked(ONE)), (1, 0, 1), "it is here");
}

#[tokio::test]
async fn what_is_too_large_for_the_door_is_fetched_at_once() {
    let house = House::new(ALL).await;
    house.door(Door::Says(413));
    house.issue("acme/web", 1);
    house.carry().await;
    let report = house.run().await;
    assert_eq!((report.github.fetched, house.asked(ATTEMPTS), house.asked(ONE)), (1, 0, 1));
    assert_eq!(house.told("all").await, ["1: recovered"]);
}

#[tokio::test]
async fn webhooks_of_repositories_and_organisations_are_asked_as_their_administrator() {
    let mut house = House::new("  - { name: web, events: [push], repositories: [acme/web] }\n").await;
    let url = "http://pointsman.test/webhooks/hooks";
    house.door(Door::Shut);
    let repository = house.github.create_hook("acme/web", "root", url, &["push"]);
    let organisation = house.github.create_hook("acme", "root", url, &["push"]);
    let github = house.as_somebody("root");
    let slug = "acme/web".parse().unwrap();
    let hook = |place| Hook { source: "hooks".into(), github: github.clone(), place };
    house.hooks = vec![
        hook(HookPlace::Repository { slug, hook: repository.id }),
        hook(HookPlace::Organisation { login: "acme".into(), hook: organisation.id }),
    ];
    for name in ["acme/web", "acme/attic"] {
        house.github.emit(name, "push", None, serde_json::json!({ "ref": "refs/heads/main" }));
    }
    house.carry().await;
    house.clock.turn(MINUTE);
    house.runs(2).await;
    let report = house.run().await;
    let counts = (report.github.fetched, report.github.skipped, report.github.failing);
    assert_eq!(counts, (2, 1, 0), "each of the two webhooks told of acme/web: {report:?}");
    assert_eq!(house.events("web").await.len(), 2);
    let all: Vec<_> = report.cursors.iter().map(|it| it.of.as_str()).collect();
    assert!(
        all.contains(&"acme/web/".to_owned().as_str()) || all.iter().any(|of| of.starts_with("acme/web/")),
        "{all:?}"
    );
}

#[tokio::test]
async fn since_looks_back_further_and_leaves_the_cursor_where_it_is() {
    let house = House::new(ALL).await;
    house.run().await;
    house.clock.turn(HOUR);
    house.door(Door::Shut);
    house.issue("acme/web", 1);
    house.carry().await;
    house.clock.turn(3 * HOUR);
    let now = pointsman_core::port::Clock::now(&*house.clock);
    let hours = |count| Some(now - jiff::SignedDuration::from_hours(count));
    assert_eq!(house.ask(Ask { since: hours(2), apply: true }).await.github, Default::default());
    let cursor = house.records("recover/github").await;
    assert_eq!(cursor[0].1["upto"], "2026-11-21T12:00:00Z", "what lies between is not settled");
    assert_eq!(house.ask(Ask { since: hours(5), apply: true }).await.github.redelivered, 1);
    assert_eq!(
        house.records("recover/github").await[0].1["upto"],
        "2026-11-21T13:00:00Z",
        "it waits for its answer"
    );
}
