//! Something to show: a server under GitHub-like load with consumers that mostly do well, a GitHub whose App releases, and an
//! operator who pauses, replays and erases.

use std::{
    fs,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use pointsman_env::SystemClock;
use pointsman_fake_github::{FakeGithub, Fault, NewApp, PRIVATE_KEY, When, serve};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::consumers;
use crate::{
    founded::{REPO, founded},
    http,
    load::{
        facts::Facts,
        figures::Figures,
        hostile::BROKEN,
        sender::Sender,
        traffic::{Bodies, Traffic},
    },
    server::{Server, binary},
    sign,
};

const SECRET: &str = "a secret of the scene";
/// One request in so many is not answered by GitHub.
const UNANSWERED: u64 = 20;
const BETWEEN: Duration = Duration::from_millis(50);

/// What somebody does.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// Merges a pull request with this title.
    Merge(&'static str),
    /// `pointsman` with these words.
    Run(&'static [&'static str]),
    /// Asks the server to send again what `triage` has got.
    Replay,
    /// Sends to a source that there is none of.
    Stray,
    /// An account removes the App: everything of it is to be erased. The first names no account, and dies.
    Uninstall,
}

/// Dropped, all of it is stopped.
pub struct Scene {
    /// Who is scraped.
    pub server: Server,
    github: Arc<FakeGithub>,
    app: NewApp,
    sender: Arc<Sender>,
    folder: TempDir,
    _door: pointsman_fake_github::Server,
    runtime: Runtime,
}

impl Scene {
    /// All of it at its place; nothing moves but the consumers, who wait.
    pub fn start(seed: u64) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let github = FakeGithub::new(Arc::new(SystemClock), seed);
        let door = runtime.block_on(serve(github.clone())).expect("a free port");
        let app = founded(&github);
        trouble(&github);
        let folder = tempfile::tempdir().expect("a temporary folder");
        configure(&folder, &github, &app);
        let config = folder.path().join("pointsman.yaml");
        let server = Server::start_in(&folder.path().join("data"), &["--config", &config.to_string_lossy()]);
        github.set_hook_url(app.id, &format!("{}/webhooks/releases", server.url));
        consumers::start(&runtime, &server.data);
        let facts = Arc::new(Facts::new(Bodies::new(SECRET, seed)));
        let address = server.url.trim_start_matches("http://");
        let sender = Arc::new(Sender::new(address, facts, sign(SECRET, BROKEN)));
        Self { server, github, app, sender, folder, _door: door, runtime }
    }

    /// From now on so many webhooks a second, by the time since now.
    pub fn send(&self, seed: u64, rate: impl Fn(Duration) -> Option<f64> + Send + Sync + 'static) {
        let sender = self.sender.clone();
        self.runtime.spawn(async move {
            sender.run(&mut Traffic::new(seed), &Arc::<Figures>::default(), rate).await;
        });
    }

    /// Each act at its second; webhooks of the App are carried, and its releases merged, all the while.
    pub fn play(&self, acts: &[(u64, Act)], time: Duration) {
        let (began, mut acts) = (Instant::now(), acts.iter());
        let mut next = acts.next();
        while began.elapsed() < time {
            while let Some((_, act)) = next.filter(|(at, _)| began.elapsed() >= Duration::from_secs(*at)) {
                self.act(*act);
                next = acts.next();
            }
            self.carry();
            thread::sleep(BETWEEN);
        }
    }

    fn act(&self, act: Act) {
        match act {
            Act::Merge(title) => self.merge(title),
            Act::Run(words) => self.run(words),
            Act::Replay => {
                let order = json!({ "since": "2020-01-01T00:00:00Z", "events": ["issues"], "to": ["triage"], "apply": true });
                let token = [("authorization", "Bearer an-operator")];
                let url = format!("{}/admin/replays", self.server.url);
                let answer = http::post(&url, &token, order.to_string().as_bytes()).expect("an answer");
                assert_eq!(answer.status, 202, "{}", answer.text());
            }
            Act::Stray => {
                http::post(&format!("{}/webhooks/nobody", self.server.url), &[], b"{}").expect("an answer");
            }
            Act::Uninstall => {
                let account = json!({ "login": "gone", "id": 5, "type": "Organization" });
                self.post(&json!({ "action": "deleted", "installation": { "id": 4711 } }));
                self.post(
                    &json!({ "action": "deleted", "installation": { "id": 4711, "account": account } }),
                );
            }
        }
    }

    /// A webhook of the App's.
    fn post(&self, payload: &Value) {
        let (body, id) = (payload.to_string(), uuid::Uuid::new_v4().to_string());
        let signature = sign(&self.app.secret, body.as_bytes());
        let headers = [
            ("content-type", "application/json"),
            ("x-github-event", "installation"),
            ("x-github-delivery", &id),
            ("x-github-hook-installation-target-type", "integration"),
            ("x-github-hook-installation-target-id", &self.app.id.to_string()),
            ("x-hub-signature-256", &signature),
        ];
        let url = format!("{}/webhooks/releases", self.server.url);
        http::post(&url, &headers, body.as_bytes()).expect("an answer");
    }

    fn merge(&self, title: &str) {
        let alice = self.github.person("alice");
        let branch = title.replace([':', ' ', '!'], "-");
        alice.commit(REPO, &branch, title, &[(&format!("src/{branch}"), Some("x\n"))]);
        let number = alice.open(REPO, &branch, "main", title, "");
        alice.merge(REPO, number, "squash");
    }

    fn run(&self, words: &[&str]) {
        let mut command = Command::new(binary());
        command.args(words).arg("--config").arg(self.folder.path().join("pointsman.yaml"));
        command.arg("--data").arg(&self.server.data).stdin(Stdio::null());
        let output = command.output().expect("the program runs");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Hands the App's webhooks over, and merges what it has finished proposing.
    fn carry(&self) {
        for delivery in self.github.take_deliveries() {
            let headers: Vec<_> =
                delivery.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            // One that is not taken is lost, as GitHub's are.
            let _ = http::post(&delivery.url, &headers, &delivery.body);
        }
        let snapshot = self.github.snapshot(REPO);
        let is_proposed = |pull: &&Value| {
            let head = pull["head"]["ref"].as_str().unwrap_or_default();
            pull["state"] == "open"
                && head.starts_with("pointsman--release--")
                && pull["labels"][0]["name"] == "release: pending"
        };
        if let Some(pull) = snapshot["pulls"].as_array().into_iter().flatten().find(is_proposed) {
            self.github.person("alice").merge(REPO, pull["number"].as_u64().unwrap_or_default(), "merge");
        }
    }
}

/// Now and then GitHub does not answer.
fn trouble(github: &FakeGithub) {
    github.on_request(|moment| {
        let is_lost = moment.when == When::Before && moment.nth % UNANSWERED == UNANSWERED - 1;
        is_lost.then_some(Fault::Unavailable)
    });
}

fn configure(folder: &TempDir, github: &FakeGithub, app: &NewApp) {
    let at = |name: &str| folder.path().join(name);
    fs::write(at("app.pem"), PRIVATE_KEY.as_bytes()).expect("the folder can be written");
    let (secret, id, url) = (&app.secret, app.id, github.base_url());
    let config = format!(
        "sources:
  github: {{ secrets: ['literal:{SECRET}'] }}
  releases:
    secrets: ['literal:{secret}']
    app: {{ id: {id}, private_key: 'file:app.pem', base_url: '{url}' }}
subscriptions:
  - {{ name: audit, events: ['*'], source: github, session: none }}
  - {{ name: triage, events: [issues, issue_comment, pull_request], source: github }}
  - {{ name: deploys, events: [push, deployment], source: github }}
  - {{ name: billing, events: [marketplace_purchase, sponsorship], source: github, on_poison: hold }}
  - {{ name: odd, events: [issues], when: 'data.nothing.there == 1' }}
release: {{ enabled: true, source: releases }}
admin: {{ token: 'literal:an-operator' }}
retention: {{ erase_on_uninstall: true }}
"
    );
    fs::write(at("pointsman.yaml"), config).expect("the folder can be written");
}
