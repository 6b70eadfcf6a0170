//! Routing one event against ten subscriptions and against a thousand.

use std::{hint::black_box, net::Ipv4Addr, time::Instant};

use bytes::Bytes;
use jiff::Timestamp;
use pointsman_core::{
    condition::Subject,
    config::Subscription,
    delivery::{Delivery, DeliveryId, Headers, SourceName},
    event::Event,
    facts::Facts,
    payload::Lens,
    route::Router,
};
use pointsman_tests::fixtures;

const ROUNDS: u32 = 20_000;

/// As teams have them: each with its own events and repositories, a few of them open to all, a few with a condition.
fn subscriptions(count: usize) -> Vec<Subscription> {
    let events = ["push", "issues.*", "pull_request.opened", "check_run.completed", "release", "!status"];
    (0..count)
        .map(|n| Subscription {
            name: format!("s{n}"),
            events: vec![events[n % events.len()].into(), format!("deployment.made-{n}")],
            repositories: vec![format!("team-{}/*", n % 97), format!("!team-{}/attic-*", n % 97)],
            when: n.is_multiple_of(50).then(|| "data.action == 'opened'".into()),
            ..Subscription::default()
        })
        .collect()
}

fn nanoseconds(count: usize) -> f64 {
    let router = Router::new(&subscriptions(count)).expect("valid subscriptions");
    let payload = Bytes::from(
        fixtures::github().find(|payload| payload.event == "pull_request").expect("a fixture").bytes,
    );
    let delivery = Delivery {
        source: SourceName("github".into()),
        id: DeliveryId(Ipv4Addr::LOCALHOST.to_string()),
        hook: None,
        event: "pull_request".into(),
        received: Timestamp::UNIX_EPOCH,
        headers: Headers::default(),
        body: payload.clone(),
        payload,
        variant: false,
        fetched: false,
    };
    let lens = Lens::new(["/action", "/repository/full_name", "/number", "/pull_request/number"]);
    let glance = lens.read(&delivery.payload).expect("fixtures are JSON");
    let facts = Facts::new(&delivery, &glance);
    let event = Event::github(&facts);
    let subject = Subject::new(&event, &delivery.payload);
    let route = || black_box(router.route(black_box(&facts), &subject));
    (0..ROUNDS / 10).for_each(|_| drop(route()));
    let started = Instant::now();
    (0..ROUNDS).for_each(|_| drop(route()));
    started.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
}

fn main() {
    let (ten, thousand) = (nanoseconds(10), nanoseconds(1_000));
    println!("routing one event against    10 subscriptions  {ten:>7.0} ns");
    println!("routing one event against 1,000 subscriptions  {thousand:>7.0} ns");
    println!("ratio {:.2} (bar 3)", thousand / ten);
}
