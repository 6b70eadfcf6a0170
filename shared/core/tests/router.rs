//! The router against the plainest reading of its patterns: one after another, a letter at a time.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use bytes::Bytes;
use pointsman_core::{
    condition::Subject,
    config::Subscription,
    delivery::{Delivery, DeliveryId, Headers, SourceName},
    event::Event,
    facts::Facts,
    payload::Lens,
    route::{Router, Whose},
};
use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::Config};

const EVENTS: &[&str] = &["push", "issues", "issue_comment", "pull_request", "x"];
const ACTIONS: &[&str] = &["opened", "closed", "created", "x"];
const REPOSITORIES: &[&str] = &["acme/web", "Acme/Attic-1", "other/web", "a/b", "acme/attic"];
const EVENT_PATTERNS: &[&str] = &[
    "*",
    "push",
    "issues",
    "issues.*",
    "issues.opened",
    "iss*",
    "*.opened",
    "pull_request*",
    "*e*o*",
    "x.x",
];
const REPOSITORY_PATTERNS: &[&str] =
    &["*", "acme/*", "*/web", "acme/attic-*", "ACME/Web", "a/b", "*/*", "acme/*t*c*", "other/web"];
const CONDITIONS: &[&str] = &["data.action == 'opened'", "event.type.startsWith('com.github.issue')", "true"];

/// Patterns of these, some of them excluding.
fn patterns(of: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    let one = (select(of), any::<bool>());
    vec(one.prop_map(|(name, not)| if not { format!("!{name}") } else { name.to_owned() }), 0..4)
}

fn subscriptions() -> impl Strategy<Value = Vec<Subscription>> {
    let one = (
        patterns(EVENT_PATTERNS),
        patterns(REPOSITORY_PATTERNS),
        option::of(select(&["github", "other"][..])),
        option::of(select(CONDITIONS)),
        option::of(select(&["one", "two"][..])),
    );
    vec(one, 0..8).prop_map(|all| {
        let made = all.into_iter().enumerate().map(|(nth, (events, repositories, source, when, queue))| {
            Subscription {
                name: format!("s{nth}"),
                events,
                repositories,
                source: source.map(str::to_owned),
                when: when.map(str::to_owned),
                queue: queue.map(str::to_owned),
                ..Subscription::default()
            }
        });
        made.collect()
    })
}

/// `*` stands for any text, and nothing else stands for anything.
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|skipped| is_like(rest, &text[skipped..])),
        Some((letter, rest)) => text.first() == Some(letter) && is_like(rest, &text[1..]),
    }
}

fn admits(patterns: &[String], texts: &[String]) -> bool {
    let (not, wanted): (Vec<&String>, Vec<&String>) = patterns.iter().partition(|it| it.starts_with('!'));
    let any = |all: &[&String]| {
        let bare = |it: &str| it.trim_start_matches('!').to_owned();
        all.iter().any(|it| texts.iter().any(|text| is_like(bare(it).as_bytes(), text.as_bytes())))
    };
    !any(&not) && (wanted.is_empty() || any(&wanted))
}

fn wants(it: &Subscription, event: &str, action: Option<&str>, repository: Option<&str>) -> bool {
    let names: Vec<String> =
        [event.to_owned()].into_iter().chain(action.map(|action| format!("{event}.{action}"))).collect();
    let repositories: Vec<String> = repository.map(str::to_lowercase).into_iter().collect();
    let lower: Vec<String> = it.repositories.iter().map(|pattern| pattern.to_lowercase()).collect();
    let when = match it.when.as_deref() {
        None | Some("true") => true,
        Some("data.action == 'opened'") => action == Some("opened"),
        Some(_) => event.starts_with("issue"),
    };
    it.source.as_deref().is_none_or(|source| source == "github")
        && admits(&it.events, &names)
        && admits(&lower, &repositories)
        && when
}

fn delivery(event: &str, action: Option<&str>, repository: Option<&str>) -> Delivery {
    let mut payload = serde_json::json!({ "n": 1 });
    action.inspect(|action| payload["action"] = (*action).into());
    repository.inspect(|name| payload["repository"] = serde_json::json!({ "full_name": name }));
    let body = Bytes::from(payload.to_string());
    Delivery {
        source: SourceName("github".into()),
        id: DeliveryId("13cfa000-e5a3-11f1-8080-0123456789ab".into()),
        hook: None,
        event: event.into(),
        received: "2026-11-21T12:00:01Z".parse().unwrap(),
        headers: Headers::default(),
        payload: body.clone(),
        body,
        variant: false,
        fetched: false,
    }
}

proptest! {
    #![proptest_config(Config { cases: 600, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_router_wants_what_the_plainest_reading_wants(
        subscriptions in subscriptions(),
        event in select(EVENTS),
        action in option::of(select(ACTIONS)),
        repository in option::of(select(REPOSITORIES)),
    ) {
        let router = Router::new(&subscriptions).unwrap();
        let delivery = delivery(event, action, repository);
        let lens = Lens::new(["/action", "/repository/full_name"]);
        let glance = lens.read(&delivery.payload).unwrap();
        let facts = Facts::new(&delivery, &glance);
        let mapped = Event::github(&facts);
        let subject = Subject::new(&mapped, &delivery.payload);

        let routes = router.route(&facts, &subject);
        let plain: Vec<String> = subscriptions
            .iter()
            .filter(|it| wants(it, event, action, repository))
            .map(|it| it.name.clone())
            .collect();
        prop_assert_eq!(&routes.subscriptions, &plain);

        let queues: Vec<&str> = routes.queues.iter().map(|(queue, _)| queue.as_str()).collect();
        let once: BTreeSet<&str> = queues.iter().copied().collect();
        prop_assert_eq!(once.len(), queues.len(), "an event goes into a queue once: {:?}", queues);

        let told = router.explain(&facts, &subject);
        let wanted: Vec<String> =
            told.into_iter().filter(|it| it.matches).map(|it| it.subscription).collect();
        prop_assert_eq!(&wanted, &plain, "what is explained is what is done");

        let name = repository.map(str::to_lowercase);
        let whose = name.as_deref().map_or(Whose::Nobodys, Whose::Repository);
        for whose in [whose, Whose::Unknown] {
            let may = router.may_want("github", &facts.event_names(), whose);
            prop_assert!(may || plain.is_empty(), "{plain:?} wanted what nobody may want");
        }
    }
}
