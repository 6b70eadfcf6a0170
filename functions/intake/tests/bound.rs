//! A source that is bound to an App: only the App's own hook may speak, and it alone feeds the release stages.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use pointsman_conformance::TurnedClock;
use pointsman_core::{
    config,
    outcome::{Outcome, Reason},
    pipeline::{Accepted, Request},
    rules::Rules,
};
use pointsman_embedded::{Options, Store};
use pointsman_env::EnvSecrets;
use pointsman_intake::{Intake, Ports, handle};
use pointsman_tests::{delivery_id, sign};

const CONFIG: &str = r#"
sources:
  hooks: { secrets: ["literal:hooks"] }
  github: { secrets: ["literal:github"], app: { id: 7, private_key: "literal:none" } }
subscriptions:
  - { name: everything, events: ["*"] }
  - { name: hooks-only, events: ["*"], source: hooks }
release: { enabled: true, repositories: ["acme/*"] }
"#;

const PUSH: &str = r#"{"ref":"refs/heads/main","repository":{"full_name":"acme/web"}}"#;

async fn intake(folder: &std::path::Path) -> Intake {
    let clock = Arc::new(TurnedClock::default());
    let config = config::parse(CONFIG).unwrap().config;
    let options = Options::new(clock.clone(), "a test").with_queues(config.queues());
    let store = Store::open(folder, options).await.unwrap().ports();
    let rules = Rules::load(&config, &EnvSecrets::new(folder)).await.unwrap();
    let ports = Ports { ledger: store.ledger, archive: store.archive, clock, inline: Default::default() };
    Intake::new(ports, rules)
}

fn request(nth: u32, source: &str, event: &str, body: &str, hook: &[(&str, &str)]) -> Request {
    let (id, signature) =
        (delivery_id("2026-01-01T00:00:00Z".parse().unwrap(), nth), sign(source, body.as_bytes()));
    let headers = [
        ("content-type", "application/json"),
        ("x-github-event", event),
        ("x-github-delivery", id.as_str()),
        ("x-hub-signature-256", signature.as_str()),
    ];
    let target = |(name, value): &(&str, &str)| {
        (format!("x-github-hook-installation-target-{name}"), (*value).to_owned())
    };
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Request {
        source: source.into(),
        headers: headers.chain(hook.iter().map(target)).collect(),
        body: body.to_owned().into(),
        peer: [192, 0, 2, 1].into(),
    }
}

async fn taken(intake: &Intake, request: Request) -> Accepted {
    match handle(request, intake).await {
        Outcome::Done(accepted) => accepted,
        other => panic!("not taken: {other:?}"),
    }
}

const APP: &[(&str, &str)] = &[("type", "integration"), ("id", "7")];

#[tokio::test]
async fn another_hook_with_the_right_secret_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let intake = intake(folder.path()).await;
    let whose: [(&[(&str, &str)], &str); 4] = [
        (&[("type", "repository"), ("id", "7")], "comes from the hook of repository 7"),
        (&[("type", "integration"), ("id", "8")], "comes from the hook of integration 8"),
        (&[("id", "seven")], "comes from the hook of integration seven"),
        (&[], "names no App in X-GitHub-Hook-Installation-Target-ID"),
    ];
    for (nth, (hook, from)) in (0..).zip(whose) {
        let Outcome::Rejected(refused) = handle(request(nth, "github", "push", PUSH, hook), &intake).await
        else {
            panic!("{from}");
        };
        assert_eq!(refused.reason, Reason::OtherApp);
        let advice = "send it from the App's own webhook, or to another source with a secret of its own";
        assert_eq!(
            refused.detail,
            format!("this source is bound to App 7, and the delivery {from}: {advice}")
        );
    }
    taken(&intake, request(9, "github", "push", PUSH, APP)).await;
    taken(&intake, request(9, "hooks", "push", PUSH, &[])).await;
}

#[tokio::test]
async fn only_the_apps_events_of_released_repositories_reach_the_stages() {
    let folder = tempfile::tempdir().unwrap();
    let intake = intake(folder.path()).await;
    let merged = PUSH.replace("\"ref\"", "\"action\":\"closed\",\"pull_request\":{\"merged\":true},\"ref\"");
    let closed = merged.replace("true", "false");
    let foreign = PUSH.replace("acme", "other");
    let cases: [(&str, &str, &str, &[&str]); 6] = [
        ("github", "push", PUSH, &["everything", "release-orchestrator"]),
        ("github", "push", &foreign, &["everything"]),
        ("github", "pull_request", &merged, &["everything", "release-orchestrator", "release-automator"]),
        ("github", "pull_request", &closed, &["everything", "release-orchestrator"]),
        ("github", "star", PUSH, &["everything"]),
        ("hooks", "push", PUSH, &["everything", "hooks-only"]),
    ];
    for (nth, (source, event, body, subscriptions)) in (0..).zip(cases) {
        let hook = if source == "github" { APP } else { &[] };
        let accepted = taken(&intake, request(nth, source, event, body, hook)).await;
        assert_eq!(accepted.subscriptions, subscriptions, "{source} {event} {body}");
    }
}
