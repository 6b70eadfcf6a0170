//! `pointsman recover` beside a server and without one, and the server's own schedule, at a fake GitHub on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use pointsman_conformance::TurnedClock;
use pointsman_core::port::{Http, PortError};
use pointsman_fake_github::{FakeGithub, NewApp, PRIVATE_KEY, Server, serve};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::house::{House, plain};

const MINUTE: Duration = Duration::from_secs(60);
const AGO: Duration = Duration::from_secs(5 * 60);
const ATTEMPTS: &str = "POST /app/hook/deliveries/{delivery_id}/attempts";

/// Nobody is there.
struct Nobody;

#[async_trait]
impl Http for Nobody {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        Err(PortError::unavailable("nobody is there"))
    }
}

/// A GitHub whose App's webhooks nobody took, and a house with that App.
struct Stage {
    github: Arc<FakeGithub>,
    /// GitHub's.
    clock: Arc<TurnedClock>,
    app: NewApp,
    url: String,
    house: House,
    runtime: Runtime,
    _server: Server,
}

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let clock = Arc::new(TurnedClock::at(Timestamp::now() - AGO));
        let github = FakeGithub::new(clock.clone(), 1);
        let server = runtime.block_on(serve(github.clone())).unwrap();
        let app = github.create_app("p", "acme", &[("metadata", "read")], &["issues"]);
        github.create_repository("acme/web");
        github.install(app.id, "acme", None);
        let (house, url) = (House::new(""), format!("http://{}", server.address));
        house.file("app.pem", &PRIVATE_KEY);
        house.file("secret", &app.secret);
        let stage = Self { github, clock, app, url, house, runtime, _server: server };
        stage.configure(false);
        stage
    }

    fn configure(&self, enabled: bool) {
        let (id, url) = (self.app.id, &self.url);
        self.house.configure(&format!(
            "sources: {{ github: {{ secrets: ['file:secret'], app: {{ id: {id}, private_key: 'file:app.pem', base_url: '{url}' }} }} }}
subscriptions: [{{ name: bot, events: [issues.opened] }}]
recover: {{ enabled: {enabled} }}
"
        ));
    }

    /// Nobody took it, longer ago than such a delivery is left alone; it is now.
    fn missed(&self, number: u64) {
        let issue = json!({ "issue": { "number": number, "url": "https://api.github.com/x", "title": "t" } });
        self.github.emit("acme/web", "issues", Some("opened"), issue);
        self.runtime.block_on(self.github.deliver(&Nobody));
        self.clock.turn(AGO);
    }

    fn attempts(&self) -> u64 {
        self.github.requests().get(ATTEMPTS).copied().unwrap_or(0)
    }
}

#[test]
fn what_github_could_not_hand_over_is_shown_and_with_apply_asked_for() {
    let mut stage = Stage::new();
    stage.missed(7);
    let text = plain(&stage.house.ok(&["recover"]));
    assert!(text.starts_with("sweep   what       source  delivery"), "{text}");
    assert!(
        text.contains("\ngithub  redeliver  github  ") && text.contains("  issues.opened  -\n"),
        "{text}"
    );
    let end = "
unrouted  nothing to do
stored    nothing to do
github    1 redeliver

Nothing was done. `pointsman recover --apply` does it.
";
    assert!(text.ends_with(end), "{text}");
    assert_eq!(stage.attempts(), 0);
    stage.house.serve();
    let report = stage.house.json(&["recover", "--since", "1h", "--apply"]);
    assert_eq!((&report["applied"], &report["github"]["redelivered"]), (&true.into(), &1.into()));
    assert_eq!(stage.attempts(), 1);
    let report = stage.house.json(&["recover", "--apply"]);
    assert_eq!((&report["github"]["waiting"], stage.attempts()), (&1.into(), 1), "it is on its way");
    let ready = pointsman_tests::http::get(&stage.house.url().replace("/webhooks/github", "/ready")).unwrap();
    assert!(!ready.text().contains("recover"), "the server's own is off: {}", ready.text());
}

#[test]
fn the_server_runs_it_as_soon_as_the_configuration_says_so() {
    let mut stage = Stage::new();
    stage.missed(7);
    stage.house.serve();
    stage.configure(true);
    let deadline = Instant::now() + MINUTE;
    let ready = stage.house.url().replace("/webhooks/github", "/ready");
    loop {
        let told = pointsman_tests::http::get(&ready).unwrap().text();
        if told.contains(r#""name":"recover","ready":true,"state":"ok""#) {
            break;
        }
        assert!(Instant::now() < deadline, "{told}");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(stage.attempts(), 1);
    let metrics = stage.house.url().replace("/webhooks/github", "/metrics");
    let told = pointsman_tests::http::get(&metrics).unwrap().text();
    for line in [
        "pointsman_recovered_total{sweep=\"github\",result=\"redelivered\"} 1\n",
        "pointsman_recover_cursor_age_seconds{source=\"github\"} ",
        "pointsman_unrouted_left 0\n",
    ] {
        assert!(told.contains(line), "{line} is missing in\n{told}");
    }
}
