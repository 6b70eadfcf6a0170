//! Behind a front only what it let through is taken: a signature alone is not enough.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use pointsman_conformance::TurnedClock;
use pointsman_core::{
    config::{self, Config},
    outcome::{Outcome, Reason},
    pipeline::{Accepted, Request},
    port::{PortError, Secret, SecretRef, Secrets},
    rules::Rules,
};
use pointsman_embedded::{Options, Ports as StorePorts, Store};
use pointsman_intake::{Fresh, Intake, Ports, handle};
use pointsman_tests::{delivery_id, sign};

const CONFIG: &str = r#"
sources: { github: { secrets: ["env:HOOK"] } }
front: { secret: "env:FRONT" }
subscriptions: [{ name: all, events: ["*"] }]
"#;

/// The front's secret now, and the one before.
struct Known(Mutex<Vec<&'static str>>);

#[async_trait]
impl Secrets for Known {
    async fn get(&self, reference: &SecretRef) -> Result<Vec<Secret>, PortError> {
        if *reference == SecretRef::Env("HOOK".into()) {
            return Ok(vec![Secret::new("hook")]);
        }
        Ok(self.0.lock().unwrap().iter().map(|text| Secret::new(*text)).collect())
    }
}

struct House {
    ports: StorePorts,
    config: Config,
    secrets: Arc<Known>,
    clock: Arc<TurnedClock>,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(TurnedClock::at("2026-11-21T12:00:00Z".parse().unwrap()));
        let config = config::parse(CONFIG).unwrap().config;
        let options = Options::new(clock.clone(), "a test").with_queues(config.queues());
        let ports = Store::open(folder.path(), options).await.unwrap().ports();
        let secrets = Arc::new(Known(Mutex::new(vec!["current", "previous"])));
        Self { ports, config, secrets, clock, _folder: folder }
    }

    async fn intake(&self) -> Intake {
        let rules = Rules::load(&self.config, &*self.secrets).await.unwrap();
        let (ledger, archive) = (self.ports.ledger.clone(), self.ports.archive.clone());
        let clock = self.clock.clone();
        Intake::new(Ports { ledger, archive, clock, inline: Default::default() }, rules)
    }

    async fn archived(&self) -> usize {
        self.ports.archive.list("", None, 100).await.unwrap().len()
    }
}

/// A push that is rightly signed, with this as what the front adds.
fn request(nth: u32, source: &str, front: Option<(&str, &str)>) -> Request {
    let body = r#"{"ref":"refs/heads/main","repository":{"full_name":"acme/web"}}"#;
    let (id, signature) =
        (delivery_id("2026-11-21T12:00:00Z".parse().unwrap(), nth), sign("hook", body.as_bytes()));
    let headers = [
        ("Content-Type", "application/json"),
        ("X-GitHub-Event", "push"),
        ("X-GitHub-Delivery", &id),
        ("X-Hub-Signature-256", &signature),
    ];
    Request {
        source: source.into(),
        headers: headers.into_iter().chain(front).collect(),
        body: body.into(),
        peer: [192, 0, 2, 1].into(),
    }
}

fn reason(outcome: &Outcome<Accepted>) -> Option<Reason> {
    match outcome {
        Outcome::Rejected(refused) => Some(refused.reason),
        _ => None,
    }
}

#[tokio::test]
async fn what_comes_around_the_front_is_refused_however_it_is_signed() {
    let house = House::new().await;
    let intake = house.intake().await;
    let wrong = [
        None,
        Some(("x-pointsman-front", "")),
        Some(("x-pointsman-front", "curren")),
        Some(("x-pointsman-front", "currentcurrent")),
        Some(("x-other", "current")),
    ];
    for (nth, front) in wrong.into_iter().enumerate() {
        for source in ["github", "unknown"] {
            let outcome = handle(request(nth as u32, source, front), &intake).await;
            assert_eq!(reason(&outcome), Some(Reason::NotByFront), "{front:?}");
            let Outcome::Rejected(refused) = outcome else { continue };
            assert!(!refused.detail.contains("github"), "who comes around it learns nothing: {refused}");
        }
    }
    assert_eq!(house.archived().await, 0);
}

#[tokio::test]
async fn the_fronts_secret_and_the_one_before_it_both_count_and_neither_is_kept() {
    let house = House::new().await;
    let intake = house.intake().await;
    for (nth, secret) in [(1, "current"), (2, "previous")] {
        let taken = handle(request(nth, "github", Some(("X-Pointsman-Front", secret))), &intake).await;
        assert!(matches!(taken, Outcome::Done(_)), "{taken:?}");
    }
    for listed in house.ports.archive.list("deliveries/", None, 100).await.unwrap() {
        let kept = house.ports.archive.get(&listed.key).await.unwrap().metadata;
        assert!(kept.contains_key("x-github-event"));
        assert!(!format!("{kept:?}").contains("front"), "{kept:?}");
    }
    let shown = format!("{:?}", intake.rules());
    assert!(!shown.contains("current") && !shown.contains("previous"), "{shown}");
}

#[tokio::test]
async fn a_front_whose_secret_was_changed_is_believed_at_once() {
    let house = House::new().await;
    let fresh = Fresh::new(house.intake().await, house.config.clone(), house.secrets.clone());
    *house.secrets.0.lock().unwrap() = vec!["next", "current"];
    let by = |nth| request(nth, "github", Some(("x-pointsman-front", "next")));
    let outcome = fresh.handle(by(1), async || false).await;
    assert_eq!(reason(&outcome), Some(Reason::NotByFront), "its secrets were read a moment ago");
    assert!(matches!(fresh.handle(by(2), async || true).await, Outcome::Done(_)));
    assert!(matches!(fresh.handle(by(3), async || false).await, Outcome::Done(_)));
}
