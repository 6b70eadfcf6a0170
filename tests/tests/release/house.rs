//! Both stages over a store, an App on the fake GitHub, and webhooks carried from one to the other by hand.

use std::{sync::Arc, time::Duration};

use pointsman_conformance::TurnedClock;
use pointsman_core::{
    outcome::{Outcome, settle},
    port::{
        Abandon, Ask, Clock as _, Message, PortError, QueueName, QueueSettings, Received, SecretRef, Secrets,
    },
    release::errand::{Errand, Place},
    session::Session,
};
use pointsman_embedded::{Options, Ports as StorePorts, Store};
use pointsman_env::EnvSecrets;
use pointsman_fake_github::{Delivery, FakeGithub, NewApp, PRIVATE_KEY};
use pointsman_github::{Above, App, Github, Pace, Ports as GithubPorts};
use pointsman_release_automator::{self as automator, Automator};
use pointsman_release_orchestrator::{self as orchestrator, Ended, Move, Orchestrator};
use serde_json::{Value, json};
use tokio::sync::Notify;

pub const REPO: &str = "acme/web";

const PERMISSIONS: &[(&str, &str)] =
    &[("contents", "write"), ("pull_requests", "write"), ("issues", "write"), ("metadata", "read")];

const EVENTS: &[&str] = &["push", "pull_request", "issue_comment"];

/// A repository whose releases are ours to make.
pub struct House {
    pub github: Arc<FakeGithub>,
    pub clock: Arc<TurnedClock>,
    pub store: StorePorts,
    pub orchestrator: Orchestrator,
    pub automator: Automator,
    pub installation: u64,
    /// What the stages came to, in order.
    pub told: Vec<Told>,
    /// Told, it kills the stage that runs.
    pub killed: Arc<Notify>,
    _open: Store,
    _folder: tempfile::TempDir,
}

/// What one batch came to.
#[derive(Debug)]
pub enum Told {
    Orchestrator(Outcome<orchestrator::Report>),
    Automator(Outcome<automator::Report>),
}

impl House {
    /// With one commit on `main` that releases nothing.
    pub async fn new() -> Self {
        Self::seeded(1).await
    }

    /// The same; the seed decides what goes wrong, as far as odds are set.
    pub async fn seeded(seed: u64) -> Self {
        let house = Self::unwatched(seed).await;
        pointsman_tests::openapi::watch(&house.github);
        house
    }

    /// The same, whose requests nobody compares with GitHub's own description: for many houses of one kind.
    pub async fn unwatched(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(TurnedClock::at("2026-11-21T12:00:00Z".parse().unwrap()));
        let github = FakeGithub::new(clock.clone(), seed);
        let app = github.create_app("pointsman", "acme", PERMISSIONS, EVENTS);
        github.create_repository(REPO);
        let installation = github.install(app.id, "acme", None);
        github.grant(REPO, "alice", "admin");
        let queues = [orchestrator_queue(), automator_queue()].map(|name| (name, QueueSettings::default()));
        let options = Options::new(clock.clone(), "a test").with_queues(queues);
        let open = Store::open(folder.path(), options).await.unwrap();
        let store = open.ports();
        let (orchestrator, automator) = stages(&github, &clock, &store, &app, folder.path());
        let told = Vec::new();
        let house = Self {
            github,
            clock,
            store,
            orchestrator,
            automator,
            installation,
            told,
            killed: Arc::default(),
            _open: open,
            _folder: folder,
        };
        house.push("chore: begin", &[("README.md", Some("# Web\n"))]);
        house
    }

    /// A commit on `main`.
    pub fn push(&self, message: &str, files: &[(&str, Option<&str>)]) {
        self.clock.turn(Duration::from_secs(1));
        self.github.person("alice").commit(REPO, "main", message, files);
    }

    /// A squashed merge of a pull request into `main`.
    pub fn feature(&self, number: u32, title: &str) -> u64 {
        let (alice, branch) = (self.github.person("alice"), format!("topic-{number}"));
        alice.commit(REPO, &branch, title, &[(&format!("src/{number}.rs"), Some("fn main() {}\n"))]);
        let pull = alice.open(REPO, &branch, "main", title, "");
        self.clock.turn(Duration::from_secs(1));
        alice.merge(REPO, pull, "squash");
        pull
    }

    /// Carries webhooks to the queues.
    pub async fn carry(&self) {
        for delivery in self.github.take_deliveries() {
            self.enqueue(&delivery).await;
        }
    }

    /// Puts one webhook into the queues that want it.
    pub async fn enqueue(&self, delivery: &Delivery) {
        let data: Value = serde_json::from_slice(&delivery.body).unwrap();
        let action = delivery.action.as_deref().map(|action| format!(".{action}")).unwrap_or_default();
        let kind = format!("com.github.{}{action}", delivery.event);
        let body = json!({ "specversion": "1.0", "id": delivery.guid, "type": kind, "data": data });
        let body = serde_json::to_vec(&body).unwrap();
        let message = |queue: &str| Message {
            body: body.clone().into(),
            session: Some(Session::from(REPO)),
            dedup_id: format!("{}/{queue}", delivery.id),
            ..Message::default()
        };
        let merged = kind == "com.github.pull_request.closed" && data["pull_request"]["merged"] == true;
        self.send(&orchestrator_queue(), message("orchestrator")).await;
        if merged {
            self.send(&automator_queue(), message("automator")).await;
        }
    }

    async fn send(&self, queue: &QueueName, message: Message) {
        for sent in self.store.queue.send(queue, vec![message]).await {
            sent.unwrap();
        }
    }

    /// Carries and handles until nothing waits.
    pub async fn settle(&mut self) {
        for _ in 0..100 {
            self.carry().await;
            let one = self.orchestrate().await;
            let other = self.automate().await;
            if !one && !other {
                return;
            }
        }
        panic!("it does not come to rest: {:?}", self.told);
    }

    /// The same, once every token has expired.
    pub async fn settle_after_an_hour(&mut self) {
        self.clock.turn(Duration::from_secs(3600));
        self.settle().await;
    }

    /// One batch of the orchestrator's; whether there was any.
    pub async fn orchestrate(&mut self) -> bool {
        let batch = self.batch(&orchestrator_queue()).await;
        if batch.is_empty() {
            return false;
        }
        let handled = tokio::select! {
            handled = orchestrator::handle(&batch, &self.orchestrator) => handled,
            () = self.killed.notified() => Err(PortError::unavailable("killed")),
        };
        let outcome = settle(handled, batch[0].attempt, 5);
        self.finish(&orchestrator_queue(), &batch, &outcome).await;
        self.told.push(Told::Orchestrator(outcome));
        true
    }

    /// One batch of the automator's; whether there was any.
    pub async fn automate(&mut self) -> bool {
        let batch = self.batch(&automator_queue()).await;
        if batch.is_empty() {
            return false;
        }
        let handled = tokio::select! {
            handled = automator::handle(&batch, &self.automator) => handled,
            () = self.killed.notified() => Err(PortError::unavailable("killed")),
        };
        let outcome = settle(handled, batch[0].attempt, 5);
        self.finish(&automator_queue(), &batch, &outcome).await;
        self.told.push(Told::Automator(outcome));
        true
    }

    /// All that waits in a queue; time goes on until what was given back is there again.
    pub async fn batch(&self, queue: &QueueName) -> Vec<Received> {
        let ask = Ask { max: 100, wait: Duration::ZERO, visibility: None, session: None, sessions: None };
        let batch = self.store.receiver.receive(queue, ask.clone()).await.unwrap();
        if !batch.is_empty() || self.store.admin.stats(queue).await.unwrap().delayed == 0 {
            return batch;
        }
        self.clock.turn(Duration::from_secs(600));
        self.store.receiver.receive(queue, ask).await.unwrap()
    }

    async fn finish<T>(&self, queue: &QueueName, batch: &[Received], outcome: &Outcome<T>) {
        let receipts: Vec<_> = batch.iter().map(|message| message.receipt.clone()).collect();
        match outcome {
            Outcome::Done(_) | Outcome::Skipped(_) => {
                for completed in self.store.receiver.complete(queue, &receipts).await {
                    completed.unwrap();
                }
            }
            Outcome::Retry { after, .. } => {
                for receipt in receipts.iter().rev() {
                    let how = Abandon { after: *after, failed: None };
                    self.store.receiver.abandon(queue, receipt, how).await.unwrap();
                }
            }
            Outcome::Rejected(rejection) => {
                for receipt in &receipts {
                    let dead = self.store.receiver.dead_letter(queue, receipt, "failed", &rejection.detail);
                    dead.await.unwrap();
                }
            }
        }
    }

    /// As the schedule does: looks at all targets again.
    pub async fn look_again(&mut self, because: &str) {
        let errand = Errand::Reconcile { targets: Default::default(), because: because.into() };
        let place = Place { name: REPO.into(), node: None, installation: self.installation };
        self.send(&orchestrator_queue(), errand.message(&place, self.clock.now(), None)).await;
        self.settle().await;
    }

    /// What the last look at `main` came to.
    pub fn last(&self) -> Ended {
        let line = |told: &Told| match told {
            Told::Orchestrator(Outcome::Done(report)) => report.lines.last().map(|line| line.ended),
            _ => None,
        };
        self.told.iter().rev().find_map(line).expect("a pass was made")
    }

    /// How many requests were made since the count was last taken.
    pub fn requests(&self) -> u64 {
        let count = self.github.requests().values().sum();
        self.github.reset_requests();
        count
    }

    pub fn snapshot(&self) -> Value {
        self.github.snapshot(REPO)
    }

    /// Open release pull requests.
    pub fn open(&self) -> Vec<Value> {
        let pulls = self.snapshot()["pulls"].as_array().unwrap().clone();
        let ours = |pull: &Value| pull["head"]["ref"].as_str().unwrap().starts_with("pointsman--release--");
        pulls.into_iter().filter(|pull| pull["state"] == "open" && ours(pull)).collect()
    }

    /// The only open release pull request.
    pub fn release_pull(&self) -> Value {
        let [pull] = self.open().try_into().unwrap();
        pull
    }

    /// Merges the only open release pull request.
    pub fn merge_release(&self) -> u64 {
        let number = self.release_pull()["number"].as_u64().unwrap();
        self.clock.turn(Duration::from_secs(1));
        self.github.person("alice").merge(REPO, number, "merge");
        number
    }

    /// Tags, as `name`.
    pub fn tags(&self) -> Vec<String> {
        let refs = self.snapshot()["refs"].as_object().unwrap().clone();
        refs.keys().filter_map(|name| name.strip_prefix("refs/tags/").map(str::to_owned)).collect()
    }

    /// Releases, as `tag name`, drafts marked.
    pub fn releases(&self) -> Vec<String> {
        let releases = self.snapshot()["releases"].as_array().unwrap().clone();
        let shown = |it: &Value| {
            let draft = if it["draft"] == true { " (draft)" } else { "" };
            format!("{}{draft}", it["tag_name"].as_str().unwrap())
        };
        releases.iter().map(shown).collect()
    }

    /// A file at a branch.
    pub fn file(&self, branch: &str, path: &str) -> Option<String> {
        let folder = self.github.git_folder(REPO);
        let sha = self.github.reference(REPO, &format!("refs/heads/{branch}"))?;
        let shown = std::process::Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(["show", &format!("{sha}:{path}")])
            .output()
            .unwrap();
        shown.status.success().then(|| String::from_utf8(shown.stdout).unwrap())
    }

    /// Comments on an issue or pull request, in order.
    pub fn comments(&self, number: u64) -> Vec<String> {
        let comments = self.snapshot()["comments"].as_array().unwrap().clone();
        let on = |comment: &&Value| comment["issue_url"].as_str().unwrap().ends_with(&format!("/{number}"));
        comments.iter().filter(on).map(|it| it["body"].as_str().unwrap().to_owned()).collect()
    }
}

pub fn orchestrator_queue() -> QueueName {
    "release-orchestrator".parse().unwrap()
}

pub fn automator_queue() -> QueueName {
    "release-automator".parse().unwrap()
}

fn stages(
    github: &Arc<FakeGithub>,
    clock: &Arc<TurnedClock>,
    store: &StorePorts,
    app: &NewApp,
    folder: &std::path::Path,
) -> (Orchestrator, Automator) {
    std::fs::write(folder.join("app.pem"), PRIVATE_KEY.as_bytes()).unwrap();
    let private_key: SecretRef = "file:app.pem".parse().unwrap();
    let secrets: Arc<dyn Secrets> = Arc::new(EnvSecrets::new(folder));
    let identity = App { id: app.id.to_string(), private_key, base_url: github.base_url().parse().unwrap() };
    let ports = GithubPorts {
        http: github.clone(),
        records: Some(store.records.clone()),
        clock: clock.clone(),
        secrets,
    };
    let client = Github::at_pace(identity, ports, Pace::UNHURRIED);
    let orchestrator = Orchestrator {
        ports: orchestrator::Ports {
            github: client.clone(),
            queue: store.queue.clone(),
            records: store.records.clone(),
            clock: clock.clone(),
        },
        app: app.id,
        automator: automator_queue(),
        above: Above::default(),
    };
    let automator = Automator {
        ports: automator::Ports {
            github: client,
            queue: store.queue.clone(),
            records: store.records.clone(),
            clock: clock.clone(),
        },
        app: app.id,
        orchestrator: orchestrator_queue(),
        above: Above::default(),
    };
    (orchestrator, automator)
}

/// How the last look ended, when it was a move.
pub fn moved(to: Move) -> Ended {
    Ended::Moved(to)
}
