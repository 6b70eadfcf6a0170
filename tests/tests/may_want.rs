//! What can be told of an event without its payload: never "nobody wants it" where routing says that somebody does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use jiff::Timestamp;
use pointsman_core::{
    condition::Subject,
    config,
    delivery::{Delivery, DeliveryId, SourceName},
    event::Event,
    facts::Facts,
    port::QueueName,
    route::Whose,
    rules::Rules,
};
use pointsman_env::EnvSecrets;
use pointsman_tests::{
    delivery_id,
    fixtures::{self, Payload},
};

/// One subscription each, so that none hides behind another; `%` stands for the fixture's own event.
const SUBSCRIPTIONS: &[&str] = &[
    "events: ['*']",
    "events: ['%']",
    "events: ['%.*']",
    "events: ['!%']",
    "events: ['*', '!%.created', '!%.opened']",
    "events: [push, 'issues.opened', 'pull_request*']",
    "events: ['*'], repositories: ['codertocat/*']",
    "events: ['*'], repositories: ['!Codertocat/*']",
    "events: ['*'], repositories: ['*/Hello-World', 'octo-org/*', '!octo-org/octo-repo']",
    "events: ['*'], source: github",
    "events: ['*'], source: other",
    "events: ['*'], session: repository, queue: shared",
    "events: ['*'], session: none",
    "events: ['*'], session: 'x/{owner}/{/action}', when: 'data.action == \"opened\"'",
];

async fn rules(subscription: &str) -> Rules {
    let text = format!(
        "sources: {{github: {{secrets: ['literal:a']}}, other: {{secrets: ['literal:b']}}}}\n\
         subscriptions: [{{name: it, {subscription}}}]\n"
    );
    let checked =
        config::parse(&text).unwrap_or_else(|faults| panic!("{text}\n{}", faults.in_file("a test")));
    Rules::load(&checked.config, &EnvSecrets::new(std::path::Path::new("."))).await.unwrap()
}

fn delivery(payload: Payload) -> Delivery {
    let received = Timestamp::from_second(1_767_225_600).unwrap();
    Delivery {
        source: SourceName("github".into()),
        id: DeliveryId(delivery_id(received, 0)),
        hook: None,
        event: payload.event,
        received,
        headers: Default::default(),
        body: payload.bytes.clone().into(),
        payload: payload.bytes.into(),
        variant: false,
        fetched: false,
    }
}

/// Whether it is routed, and whether it may be wanted as far as its payload's repository is known, and is not.
fn compared(rules: &Rules, delivery: &Delivery) -> (bool, bool, bool) {
    let glance = rules.lens.read(&delivery.payload).unwrap();
    let facts = Facts::new(delivery, &glance);
    let event = Event::github(&facts);
    let routes = rules.router.route(&facts, &Subject::new(&event, &delivery.payload));
    for (queue, session) in &routes.queues {
        assert_eq!(rules.router.session_in(queue, &facts), *session, "{queue}");
    }
    let name = facts.repository.as_ref().map(|repository| repository.full_name());
    let whose = name.as_deref().map_or(Whose::Nobodys, Whose::Repository);
    let may = |whose| rules.router.may_want("github", &facts.event_names(), whose);
    (!routes.queues.is_empty(), may(whose), may(Whose::Unknown))
}

#[tokio::test]
async fn what_is_routed_is_never_told_to_be_wanted_by_nobody() {
    let all: Vec<Payload> = fixtures::github().chain(fixtures::derived()).collect();
    let (mut yes, mut no, mut events) = (0, 0, String::new());
    let mut compiled = Vec::new();
    for payload in all {
        if payload.event != events {
            events.clone_from(&payload.event);
            compiled.clear();
            for text in SUBSCRIPTIONS {
                compiled.push((*text, rules(&text.replace('%', &events)).await));
            }
        }
        let name = format!("{}/{}", payload.event, payload.name);
        let delivery = delivery(payload);
        for (text, rules) in &compiled {
            let (routed, known, unknown) = compared(rules, &delivery);
            assert!(!routed || known, "{name} is routed to {text}");
            assert!(!known || unknown, "{name} and {text}: less is known, and less is wanted");
            assert!(
                routed == known || text.contains("when"),
                "{name} and {text}: without `when` it is exact"
            );
            *(if known { &mut yes } else { &mut no }) += 1;
        }
    }
    assert!(yes > 2_000 && no > 1_000, "{yes} and {no}: both happen");
}

#[tokio::test]
async fn an_event_of_no_repository_is_not_one_of_an_unknown_repository() {
    let rules = rules("events: ['*'], repositories: ['acme/*']").await;
    let may = |whose| rules.router.may_want("github", &["push"], whose);
    assert_eq!(
        [Whose::Repository("acme/web"), Whose::Repository("evil/web"), Whose::Nobodys, Whose::Unknown]
            .map(may),
        [true, false, false, true]
    );
}

#[tokio::test]
async fn a_queue_that_nobody_names_has_the_usual_session() {
    let rules = rules("events: [push], session: repository, queue: shared").await;
    let push = delivery(fixtures::named("push/05"));
    let glance = rules.lens.read(&push.payload).unwrap();
    let facts = Facts::new(&push, &glance);
    let home = facts.home();
    let session = |queue: &str| {
        let queue: QueueName = queue.parse().unwrap();
        rules.router.session_in(&queue, &facts).unwrap().to_string()
    };
    assert_eq!(session("shared"), home);
    assert!(session("gone").starts_with(&format!("{home}/")), "{}", session("gone"));
}
