//! What was fetched from GitHub's list, over a real store: one event of two renderings, whichever came first.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use pointsman_conformance::TurnedClock;
use pointsman_core::{
    again::{To, Why, again},
    config,
    event::Envelope,
    outcome::{Outcome, Reason},
    pipeline::{Accepted, Ports, Request, ingest, ingest_fetched},
    port::{Ask, QueueName},
    rules::Rules,
    stored::Stored,
};
use pointsman_embedded::{Options, Ports as StorePorts, Store};
use pointsman_env::EnvSecrets;
use pointsman_tests::{delivery_id, sign};

const SOURCES: &str = "sources: {github: {secrets: ['literal:sesame'], owns: ['acme/*']}}\nsubscriptions:\n";
const ONE: &str = "  - {name: one, events: ['*']}\n";
const TWO: &str = "  - {name: two, events: ['*']}\n";

/// As it was signed, and as GitHub tells of it later.
const RAW: &str = r#"{"zen":"ä", "repository":{"full_name":"acme/web"},"n":1.50}"#;
const RENDERED: &str = r#"{"n":1.5,"repository":{"full_name":"acme/web"},"zen":"\u00e4"}"#;
const OTHERWISE: &str = r#"{"repository":{"full_name":"acme/web"},"zen":"\u00e4","n":1.5,"new":null}"#;

struct House {
    ports: Ports,
    store: StorePorts,
    folder: tempfile::TempDir,
}

async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(TurnedClock::at("2026-11-21T12:00:00Z".parse().unwrap()));
    let queues = config::parse(&format!("{SOURCES}{ONE}{TWO}")).unwrap().config.queues();
    let options = Options::new(clock.clone(), "a test").with_queues(queues);
    let store = Store::open(folder.path(), options).await.unwrap().ports();
    let ports = Ports {
        ledger: store.ledger.clone(),
        archive: store.archive.clone(),
        clock,
        inline: Default::default(),
    };
    House { ports, store, folder }
}

fn id() -> String {
    delivery_id("2026-11-21T12:00:00Z".parse().unwrap(), 7)
}

fn request(body: &'static str) -> Request {
    let (id, signature) = (id(), sign("sesame", body.as_bytes()));
    let headers = [
        ("content-type", "application/json"),
        ("x-github-event", "issues"),
        ("x-github-delivery", &id),
        ("x-github-hook-id", "42"),
        ("x-hub-signature-256", &signature),
    ];
    let headers = headers.into_iter().collect();
    Request { source: "github".into(), headers, body: body.into(), peer: [127, 0, 0, 1].into() }
}

impl House {
    async fn rules(&self, subscriptions: &str) -> Rules {
        let config = config::parse(&format!("{SOURCES}{subscriptions}")).unwrap().config;
        Rules::load(&config, &EnvSecrets::new(self.folder.path())).await.unwrap()
    }

    /// Through the front door, by these rules.
    async fn sent(&self, body: &'static str, subscriptions: &str) -> Accepted {
        accepted(ingest(request(body), &self.rules(subscriptions).await, &self.ports).await.unwrap())
    }

    /// As GitHub told of it, by these rules.
    async fn fetched(&self, body: &'static str, subscriptions: &str) -> Accepted {
        accepted(ingest_fetched(request(body), &self.rules(subscriptions).await, &self.ports).await.unwrap())
    }

    /// What a queue got since the last look: its data, cause and origin.
    async fn got(&self, queue: &str) -> Vec<(String, Option<String>, Option<String>)> {
        let queue: QueueName = queue.parse().unwrap();
        let ask = Ask { max: 100, wait: Duration::ZERO, visibility: None, session: None, sessions: None };
        let received = self.store.receiver.receive(&queue, ask).await.unwrap();
        let receipts: Vec<_> = received.iter().map(|message| message.receipt.clone()).collect();
        self.store.receiver.complete(&queue, &receipts).await;
        let read = |body: &[u8]| {
            let event = Envelope::read(body).unwrap();
            assert_eq!(event.attribute("id"), Some(id()));
            let data = event.data().unwrap().to_owned();
            (data, event.attribute("cause"), event.attribute("origin"))
        };
        received.iter().map(|message| read(&message.body)).collect()
    }

    /// To how many queues a replay would send what is archived under this name.
    async fn again(&self, name: &str) -> usize {
        let rules = self.rules(ONE).await;
        let key = format!("deliveries/github/2026/11/21/12/{name}");
        let stored = Stored::new(&key, self.store.archive.get(&key).await.unwrap()).unwrap();
        let terms = (Why::Replayed("r1"), To::Matching);
        let made =
            stored.with_facts(&rules, |facts, event| again(facts, event, &rules, terms, Default::default()));
        made.unwrap().messages.len()
    }

    /// What the archive has: names, each with body and origin.
    async fn archive(&self) -> BTreeMap<String, (String, Option<String>)> {
        let mut all = BTreeMap::new();
        for listed in self.store.archive.list("", None, 100).await.unwrap() {
            let object = self.store.archive.get(&listed.key).await.unwrap();
            let body = String::from_utf8(object.body.to_vec()).unwrap();
            let name = listed.key.trim_start_matches("deliveries/github/2026/11/21/12/").to_owned();
            all.insert(name, (body, object.metadata.get("pointsman-origin").cloned()));
        }
        all
    }
}

fn accepted(outcome: Outcome<Accepted>) -> Accepted {
    match outcome {
        Outcome::Done(accepted) => accepted,
        other => panic!("not taken: {other:?}"),
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn key() -> String {
    format!("42.{}", id())
}

#[tokio::test]
async fn what_was_fetched_is_an_event_that_says_so_and_so_does_its_archived_copy() {
    let house = house().await;
    let accepted = house.fetched(RENDERED, ONE).await;
    let expected = Accepted {
        id: id(),
        session: "acme/web/repository/issues".into(),
        subscriptions: vec!["one".into()],
        duplicate: false,
        traceparent: accepted.traceparent.clone(),
    };
    assert_eq!(accepted, expected);
    assert_eq!(house.got("one").await, [(RENDERED.to_owned(), text("recovered"), text("fetched"))]);
    assert_eq!(house.archive().await, [(key(), (RENDERED.to_owned(), text("fetched")))].into());
}

#[tokio::test]
async fn raw_bytes_that_come_after_it_are_kept_beside_it_and_are_no_second_event() {
    let house = house().await;
    house.fetched(RENDERED, ONE).await;
    house.got("one").await;
    for _ in 0..2 {
        let accepted = house.sent(RAW, ONE).await;
        assert_eq!((accepted.id, accepted.duplicate), (id(), true));
        assert_eq!(accepted.subscriptions, ["one"]);
    }
    assert_eq!(house.got("one").await, []);
    let archive = house.archive().await;
    let beside = archive.keys().last().unwrap();
    assert_eq!(archive.len(), 2);
    assert!(beside.starts_with(&format!("{}.", key())), "{beside}");
    assert_eq!(archive[beside], (RAW.to_owned(), None));
    let mark = house.store.records.get(&format!("routed/github/{beside}")).await.unwrap();
    assert!(mark.is_some(), "nobody takes it for what was stored and not sent");
    assert_eq!(house.again(beside).await, 0, "nor does a replay send it as another event");
    assert_eq!(house.again(&key()).await, 1);
}

#[tokio::test]
async fn raw_bytes_that_come_after_it_reach_whom_it_did_not_as_what_came_first() {
    let house = house().await;
    house.fetched(RENDERED, ONE).await;
    house.got("one").await;
    let accepted = house.sent(RAW, &format!("{ONE}{TWO}")).await;
    assert_eq!(accepted.subscriptions, ["one", "two"]);
    assert_eq!(house.got("one").await, []);
    assert_eq!(house.got("two").await, [(RENDERED.to_owned(), text("redelivered"), text("fetched"))]);
}

#[tokio::test]
async fn of_what_was_sent_before_it_only_those_get_it_who_lack_it_and_they_get_the_raw_bytes() {
    let house = house().await;
    house.sent(RAW, ONE).await;
    assert_eq!(house.got("one").await, [(RAW.to_owned(), None, None)]);
    let accepted = house.fetched(RENDERED, ONE).await;
    assert!(accepted.duplicate);
    assert_eq!(house.got("one").await, []);
    house.fetched(RENDERED, &format!("{ONE}{TWO}")).await;
    assert_eq!(house.got("one").await, []);
    assert_eq!(house.got("two").await, [(RAW.to_owned(), text("recovered"), None)]);
    assert_eq!(house.archive().await, [(key(), (RAW.to_owned(), None))].into(), "no rendering beside it");
}

#[tokio::test]
async fn fetched_twice_it_is_one_event_however_it_is_rendered() {
    let house = house().await;
    for (nth, body) in [RENDERED, RENDERED, OTHERWISE].into_iter().enumerate() {
        assert_eq!(house.fetched(body, ONE).await.duplicate, nth > 0);
    }
    assert_eq!(house.got("one").await.len(), 1);
    assert_eq!(house.archive().await, [(key(), (RENDERED.to_owned(), text("fetched")))].into());
}

#[tokio::test]
async fn two_raw_deliveries_of_one_id_are_still_two_events() {
    let house = house().await;
    house.sent(RAW, ONE).await;
    let other = house.sent(OTHERWISE, ONE).await;
    assert!(!other.duplicate && other.id.starts_with(&format!("{}.", id())), "{other:?}");
}

#[tokio::test]
async fn it_needs_no_signature_keeps_none_and_is_refused_like_any_other() {
    let house = house().await;
    let rules = house.rules(ONE).await;
    let mut unsigned = request(RENDERED);
    unsigned.headers = unsigned.headers.without(&["x-hub-signature-256"]);
    accepted(ingest_fetched(unsigned, &rules, &house.ports).await.unwrap());
    accepted(ingest_fetched(request(RENDERED), &rules, &house.ports).await.unwrap());
    let kept = house.store.archive.list("deliveries/", None, 2).await.unwrap();
    let kept = house.store.archive.get(&kept[0].key).await.unwrap();
    assert!(!kept.metadata.contains_key("x-hub-signature-256"));

    let refused = async |request| match ingest_fetched(request, &rules, &house.ports).await.unwrap() {
        Outcome::Rejected(rejection) => rejection.reason,
        other => panic!("not refused: {other:?}"),
    };
    assert_eq!(refused(Request { source: "gone".into(), ..request(RENDERED) }).await, Reason::UnknownSource);
    assert_eq!(refused(request(r#"{"repository":{"full_name":"evil/web"}}"#)).await, Reason::NotOwned);
    assert_eq!(refused(request("{")).await, Reason::Malformed);
    assert_eq!(house.store.archive.list("rejected/", None, 9).await.unwrap().len(), 2);
}
