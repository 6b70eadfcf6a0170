//! Intake over a real store: what is taken, where it goes, what is refused and kept all the same.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use pointsman_conformance::TurnedClock;
use pointsman_core::{
    config,
    event::Envelope,
    outcome::{Outcome, Reason, Rejection},
    pipeline::{Accepted, Request},
    port::{Ask, QueueName, Received},
    rules::Rules,
    sending::Inline,
};
use pointsman_embedded::{Options, Ports as StorePorts, Store};
use pointsman_env::EnvSecrets;
use pointsman_intake::{Intake, Ports, handle};
use pointsman_tests::{delivery_id, sign};

const CONFIG: &str = r#"
sources:
  github: { secrets: ["literal:old", "literal:new"], owns: ["acme/*"], events: ["*", "!status"] }
  gitlab: { verify: { kind: token, header: X-Gitlab-Token, secrets: ["literal:s3cret"] }, event: { header: X-Gitlab-Event },
            delivery: { header: X-Gitlab-Event-UUID }, session: { pointer: /project/path_with_namespace } }
  plain: { verify: { kind: token, header: X-Token, secrets: ["literal:s3cret"] }, event: { pointer: /kind } }
subscriptions:
  - { name: all, events: ["*"] }
  - { name: loud, events: [push], queue: shared, when: 'data.ref == "refs/heads/main"' }
  - { name: louder, events: [push], queue: shared }
  - { name: faulty, events: [push], when: 'data.missing.deeper == 1' }
"#;

struct House {
    intake: Intake,
    ports: StorePorts,
    store: Store,
    clock: Arc<TurnedClock>,
    _folder: tempfile::TempDir,
}

async fn house(inline_limit: Option<usize>) -> House {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(TurnedClock::at("2026-11-21T12:00:00Z".parse().unwrap()));
    let config = config::parse(CONFIG).unwrap().config;
    let options = Options::new(clock.clone(), "a test").with_queues(config.queues());
    let store = Store::open(folder.path(), options).await.unwrap();
    let all = store.ports();
    let rules = Rules::load(&config, &EnvSecrets::new(folder.path())).await.unwrap();
    let ports = Ports {
        ledger: all.ledger.clone(),
        archive: all.archive.clone(),
        clock: clock.clone(),
        inline: Inline { limit: inline_limit, carries: None },
    };
    House { intake: Intake::new(ports, rules), ports: all, store, clock, _folder: folder }
}

fn push(branch: &str) -> Bytes {
    format!(
        r#"{{"ref":"refs/heads/{branch}","repository":{{"full_name":"Acme/Web","url":"https://x/web"}}}}"#
    )
    .into()
}

fn github(event: &str, id: &str, body: impl Into<Bytes>) -> Request {
    let body = body.into();
    let signature = sign("new", &body);
    let headers = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("X-GitHub-Event", event),
        ("X-GitHub-Delivery", id),
        ("X-GitHub-Hook-ID", "42"),
        ("X-Hub-Signature-256", signature.as_str()),
        ("Authorization", "Bearer hunter2"),
    ];
    Request {
        source: "github".into(),
        headers: headers.into_iter().collect(),
        body,
        peer: [192, 0, 2, 1].into(),
    }
}

impl House {
    async fn taken(&self, request: Request) -> Accepted {
        match handle(request, &self.intake).await {
            Outcome::Done(accepted) => accepted,
            other => panic!("not taken: {other:?}"),
        }
    }

    async fn refused(&self, request: Request) -> Rejection {
        match handle(request, &self.intake).await {
            Outcome::Rejected(rejection) => rejection,
            other => panic!("not refused: {other:?}"),
        }
    }

    async fn received(&self, queue: &str) -> Vec<Received> {
        let queue: QueueName = queue.parse().unwrap();
        let ask = Ask { max: 100, wait: Duration::ZERO, visibility: None, session: None, sessions: None };
        self.ports.receiver.receive(&queue, ask).await.unwrap()
    }

    async fn keys(&self, prefix: &str) -> Vec<String> {
        self.ports
            .archive
            .list(prefix, None, 100)
            .await
            .unwrap()
            .into_iter()
            .map(|listed| listed.key)
            .collect()
    }
}

fn id(nth: u32) -> String {
    delivery_id("2026-11-21T12:00:00Z".parse().unwrap(), nth)
}

#[tokio::test]
async fn a_webhook_goes_once_into_each_queue_that_wants_it() {
    let house = house(None).await;
    let accepted = house.taken(github("push", &id(1), push("main"))).await;
    assert_eq!(accepted.session, "acme/web/branch/main");
    assert_eq!(accepted.subscriptions, ["all", "loud", "louder"], "a condition that fails is no match");
    assert!(!accepted.duplicate);
    for (queue, count) in [("all", 1), ("shared", 1), ("faulty", 0)] {
        assert_eq!(house.received(queue).await.len(), count, "{queue}");
    }
    house.store.close().await;
}

#[tokio::test]
async fn the_archive_keeps_the_bytes_and_no_credential() {
    let house = house(None).await;
    house.taken(github("push", &id(1), push("main"))).await;
    let key = format!("deliveries/github/2026/11/21/12/42.{}", id(1));
    let object = house.ports.archive.get(&key).await.unwrap();
    assert_eq!(object.body, push("main"));
    let told = format!("{:?}", object.metadata);
    assert!(!told.contains("hunter2") && !told.contains("sha256="), "{told}");
    assert_eq!(object.metadata["x-github-event"], "push");
}

#[tokio::test]
async fn a_redelivery_is_enqueued_once_however_late_it_comes() {
    let house = house(None).await;
    house.taken(github("push", &id(1), push("main"))).await;
    for hours in [0, 1, 48] {
        house.clock.turn(Duration::from_secs(hours * 3600));
        let again = house.taken(github("push", &id(1), push("main"))).await;
        assert!(again.duplicate, "{hours} hours later");
    }
    assert_eq!(house.received("all").await.len(), 1);
    assert_eq!(house.keys("deliveries/").await.len(), 1);
}

#[tokio::test]
async fn an_id_without_a_time_is_known_again_in_another_hour() {
    let house = house(None).await;
    house.taken(github("push", "no-uuid/../../x", push("main"))).await;
    house.clock.turn(Duration::from_secs(7200));
    assert!(house.taken(github("push", "no-uuid/../../x", push("main"))).await.duplicate);
    assert_eq!(
        house.keys("deliveries/").await,
        ["deliveries/github/2026/11/21/12/42.no-uuid%2F%2E%2E%2F%2E%2E%2Fx"]
    );
}

#[tokio::test]
async fn other_bytes_under_a_known_id_are_a_delivery_of_their_own() {
    let house = house(None).await;
    house.taken(github("push", &id(1), push("main"))).await;
    let other = house.taken(github("push", &id(1), push("next"))).await;
    assert!(!other.duplicate);
    assert!(other.id.starts_with(&format!("{}.", id(1))));
    assert!(house.taken(github("push", &id(1), push("next"))).await.duplicate);
    assert_eq!(house.keys("deliveries/").await.len(), 2);
    assert_eq!(house.received("all").await.len(), 2);
}

#[tokio::test]
async fn one_event_of_two_hooks_is_two_deliveries() {
    let house = house(None).await;
    house.taken(github("push", &id(1), push("main"))).await;
    let mut second = github("push", &id(1), push("main"));
    let headers: BTreeMap<_, _> =
        second.headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let with_hook = |(name, value): (String, String)| {
        if name == "x-github-hook-id" { (name, "43".into()) } else { (name, value) }
    };
    second.headers = headers.into_iter().map(with_hook).collect();
    assert!(!house.taken(second).await.duplicate);
}

#[tokio::test]
async fn what_is_signed_but_unreadable_is_kept_to_be_looked_at() {
    let house = house(None).await;
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    for (body, part) in [
        (Bytes::from_static(b"{\"ref\":"), "not JSON"),
        (Bytes::from_static(b"\xff\xfe"), "not UTF-8"),
        (deep.into(), "nested deeper"),
        (Bytes::new(), "not JSON"),
    ] {
        let refused = house.refused(github("push", &id(1), body.clone())).await;
        assert_eq!(refused.reason, Reason::Malformed);
        assert!(refused.detail.contains(part), "{refused}");
        house.refused(github("push", &id(1), body)).await;
    }
    assert_eq!(house.keys("rejected/github/2026/11/21/12/").await.len(), 4, "each once");
    assert!(house.keys("deliveries/").await.is_empty());
}

#[tokio::test]
async fn what_is_not_the_senders_to_say_is_refused() {
    let house = house(None).await;
    let foreign = Bytes::from_static(br#"{"repository":{"full_name":"evil/web"}}"#);
    assert_eq!(house.refused(github("push", &id(1), foreign)).await.reason, Reason::NotOwned);
    assert!(
        house.taken(github("organization", &id(2), Bytes::from_static(b"{}"))).await.subscriptions == ["all"]
    );
    let mut unknown = github("push", &id(3), push("main"));
    unknown.source = "gitgub".into();
    assert_eq!(house.refused(unknown).await.reason, Reason::UnknownSource);
    let mut unsigned = github("push", &id(4), push("main"));
    unsigned.body = push("other");
    assert_eq!(house.refused(unsigned).await.reason, Reason::Signature);
    let mut xml = github("push", &id(5), push("main"));
    xml.headers =
        xml.headers.iter().map(|(n, v)| (n, if n == "content-type" { "text/xml" } else { v })).collect();
    assert_eq!(house.refused(xml).await.reason, Reason::MediaType);
    for missing in ["x-github-event", "x-github-delivery"] {
        let mut request = github("push", &id(6), push("main"));
        request.headers = request.headers.iter().filter(|(name, _)| *name != missing).collect();
        assert_eq!(house.refused(request).await.reason, Reason::Malformed, "{missing}");
    }
}

#[tokio::test]
async fn events_that_the_source_does_not_route_are_archived_only() {
    let house = house(None).await;
    let accepted = house.taken(github("status", &id(1), Bytes::from_static(b"{}"))).await;
    assert!(accepted.subscriptions.is_empty());
    assert_eq!(house.keys("deliveries/").await.len(), 1);
}

#[tokio::test]
async fn a_right_signature_is_never_refused_for_the_wrong_ones_before_it() {
    let house = house(None).await;
    for nth in 0..25 {
        let mut wrong = github("push", &id(nth), push("main"));
        wrong.body = push("forged");
        let expected = if nth < 20 { Reason::Signature } else { Reason::TooManyFailures { after: 60 } };
        assert_eq!(house.refused(wrong).await.reason, expected, "{nth}");
    }
    house.taken(github("push", &id(99), push("main"))).await;
}

#[tokio::test]
async fn a_large_event_goes_by_reference_where_the_queue_has_a_limit() {
    let house = house(Some(2_000)).await;
    house.taken(github("push", &id(1), push("main"))).await;
    let large = format!(r#"{{"ref":"refs/heads/main","noise":"{}"}}"#, "x".repeat(3_000));
    house.taken(github("push", &id(2), large.clone())).await;
    for message in house.received("all").await {
        let envelope = Envelope::read(&message.body).unwrap();
        if message.correlation.as_deref() == Some(id(1).as_str()) {
            assert!(envelope.data().is_some());
        } else {
            assert_eq!(envelope.data(), None);
            let object = house.ports.archive.get(&envelope.attribute("dataref").unwrap()).await.unwrap();
            assert_eq!(object.body, large.as_bytes());
        }
    }
}

#[tokio::test]
async fn other_senders_are_taken_by_their_own_headers() {
    let house = house(None).await;
    let request = |source: &str, headers: &[(&str, &str)], body: &'static str| Request {
        source: source.into(),
        headers: headers.iter().copied().chain([("content-type", "application/json")]).collect(),
        body: body.into(),
        peer: [192, 0, 2, 1].into(),
    };
    let gitlab =
        [("X-Gitlab-Token", "s3cret"), ("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Event-UUID", "u-1")];
    let accepted =
        house.taken(request("gitlab", &gitlab, r#"{"project":{"path_with_namespace":"group/app"}}"#)).await;
    assert_eq!((accepted.id.as_str(), accepted.session.as_str()), ("u-1", "group/app"));
    let body = r#"{"kind":"build.done"}"#;
    let accepted = house.taken(request("plain", &[("X-Token", "s3cret")], body)).await;
    assert_eq!(accepted.session, "plain/-/-/-");
    assert!(
        house.taken(request("plain", &[("X-Token", "s3cret")], body)).await.duplicate,
        "its id is its hash"
    );
    assert_eq!(
        house.refused(request("plain", &[("X-Token", "wrong")], body)).await.reason,
        Reason::Signature
    );
    let types: Vec<_> = house
        .received("all")
        .await
        .iter()
        .map(|message| Envelope::read(&message.body).unwrap().attribute("type").unwrap())
        .collect();
    assert_eq!(types, ["pointsman.gitlab.Push Hook", "pointsman.plain.build.done"]);
}

#[tokio::test]
async fn new_rules_count_from_the_next_request_on() {
    let house = house(None).await;
    let text = CONFIG.replace("name: all", "name: shared");
    let rules = Rules::load(&config::parse(&text).unwrap().config, &EnvSecrets::new(".")).await.unwrap();
    house.taken(github("push", &id(1), push("x"))).await;
    house.intake.replace_rules(rules);
    assert_eq!(
        house.taken(github("issues", &id(2), Bytes::from_static(b"{}"))).await.subscriptions,
        ["shared"]
    );
}

#[tokio::test]
async fn a_captured_delivery_under_a_new_id_or_name_is_kept_and_speaks_of_its_own_repository_alone() {
    let house = house(None).await;
    house.taken(github("push", &id(1), push("main"))).await;
    for (nth, event) in [(2, "push"), (3, "release"), (4, "issue_comment")] {
        let again = house.taken(github(event, &id(nth), push("main"))).await;
        assert!(again.session.starts_with("acme/web/"), "{again:?}");
    }
    assert_eq!(house.keys("deliveries/").await.len(), 4, "each leaves its trace");
    let mut elsewhere = github("push", &id(5), push("main"));
    elsewhere.source = "gitlab".into();
    assert_eq!(house.refused(elsewhere).await.reason, Reason::Signature);
}

#[tokio::test]
async fn a_request_of_a_source_without_ids_or_times_counts_once_however_late_it_comes_again() {
    let house = house(None).await;
    let request = || Request {
        source: "plain".into(),
        headers: [("content-type", "application/json"), ("x-token", "s3cret")].into_iter().collect(),
        body: Bytes::from_static(br#"{"kind":"paid","n":1}"#),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    assert!(!house.taken(request()).await.duplicate);
    for hours in [1, 24, 24 * 20] {
        house.clock.turn(Duration::from_secs(3600 * hours));
        assert!(house.taken(request()).await.duplicate, "{hours} hours later");
    }
    assert_eq!(house.received("all").await.len(), 1);
}
