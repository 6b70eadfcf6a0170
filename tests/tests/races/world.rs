//! The world of one schedule: a GitHub, a store with both queues, people. Processes come and go.

use std::{collections::BTreeMap, path::Path, process::Command, sync::Arc, time::Duration};

use pointsman_conformance::TurnedClock;
use pointsman_core::{
    port::{Ask, Clock as _, Message, QueueName, QueueSettings, Records, SecretRef, Secrets},
    release::{
        Sha,
        errand::{Errand, Place},
    },
    session::Session,
};
use pointsman_embedded::{Options, Ports as StorePorts, Store};
use pointsman_env::EnvSecrets;
use pointsman_fake_github::{Delivery, FakeGithub, NewApp, PRIVATE_KEY};
use pointsman_github::{Above, App, Github, Pace, Ports as GithubPorts};
use pointsman_release_automator::{self as automator, Automator};
use pointsman_release_orchestrator::{self as orchestrator, Orchestrator};
use serde_json::{Value, json};

use crate::{
    at_once::AtOnce,
    gate::{Gate, Stopped},
    rules::Rules,
    schedule::Schedule,
};

pub const REPO: &str = "acme/shop";

const PERMISSIONS: &[(&str, &str)] =
    &[("contents", "write"), ("pull_requests", "write"), ("issues", "write"), ("metadata", "read")];

const EVENTS: &[&str] = &["push", "pull_request", "issue_comment"];

/// Everything that outlives a process.
pub struct World {
    pub github: Arc<FakeGithub>,
    pub clock: Arc<TurnedClock>,
    pub store: StorePorts,
    pub rules: Arc<Rules>,
    pub stopped: Arc<Stopped>,
    /// The pull request of each feature, and what it was merged as.
    pub pulls: Vec<u64>,
    pub merges: BTreeMap<usize, Sha>,
    /// Positions at which a release pull request was merged.
    pub released: Vec<usize>,
    /// What people wrote into notes: the pull request, the line.
    pub notes: Vec<(u64, String)>,
    /// What the target branch was at, in order.
    pub mains: Vec<Sha>,
    app: NewApp,
    installation: u64,
    folder: tempfile::TempDir,
    _open: Store,
}

impl World {
    /// With every feature's pull request open, and nothing told to anybody yet.
    pub async fn new(schedule: &Schedule) -> Self {
        let room = Path::new("/dev/shm");
        let folder = if room.is_dir() { tempfile::tempdir_in(room) } else { tempfile::tempdir() }.unwrap();
        std::fs::write(folder.path().join("app.pem"), PRIVATE_KEY.as_bytes()).unwrap();
        let clock = Arc::new(TurnedClock::at("2026-11-21T08:00:00Z".parse().unwrap()));
        let github = FakeGithub::new(clock.clone(), schedule.seed);
        let app = github.create_app("pointsman", "acme", PERMISSIONS, EVENTS);
        github.create_repository(REPO);
        let installation = github.install(app.id, "acme", None);
        github.grant(REPO, "alice", "admin");
        let queues = [Stage::Orchestrator, Stage::Automator].map(|it| (it.queue(), QueueSettings::default()));
        let options = Options::new(clock.clone(), "a race").with_queues(queues);
        let open = Store::open(folder.path(), options).await.unwrap();
        let store = open.ports();
        let mut world = Self {
            github,
            clock,
            store,
            rules: Arc::default(),
            stopped: Arc::default(),
            pulls: Vec::new(),
            merges: BTreeMap::new(),
            released: Vec::new(),
            notes: Vec::new(),
            mains: Vec::new(),
            app,
            installation,
            folder,
            _open: open,
        };
        world.begin(schedule);
        world
    }

    fn begin(&mut self, schedule: &Schedule) {
        let alice = self.github.person("alice");
        let cargo = "[package]\nname = \"shop\"\nversion = \"0.0.0\"\n";
        let package = "{\n  \"name\": \"shop\",\n  \"version\": \"0.0.0\"\n}\n";
        let mut files = vec![("README.md", Some("# Shop\n"))];
        for (path, content) in
            [("Cargo.toml", cargo), ("web/package.json", package), ("api/version.txt", "0.0.0\n")]
        {
            files.push((path, Some(content)));
        }
        files.extend(schedule.settings.map(|settings| (".github/pointsman.yaml", Some(settings))));
        let head = alice.commit(REPO, "main", "chore: begin", &files);
        self.rules.moved(head.as_str());
        self.mains.push(head);
        for (number, feature) in schedule.features.iter().enumerate() {
            let branch = format!("topic-{number}");
            for (part, message) in feature.commits.iter().enumerate() {
                let path = format!("{}/{number}-{part}.txt", feature.folder);
                self.turn(1);
                alice.commit(REPO, &branch, message, &[(&path, Some(message))]);
            }
            let title = feature.commits[0].lines().next().unwrap();
            self.pulls.push(alice.open(REPO, &branch, "main", title, ""));
        }
        drop(self.github.take_deliveries());
    }

    /// A process as it starts: it knows nothing.
    pub fn process(&self) -> (Orchestrator, Automator) {
        let private_key: SecretRef = "file:app.pem".parse().unwrap();
        let secrets: Arc<dyn Secrets> = Arc::new(EnvSecrets::new(self.folder.path()));
        let base_url = self.github.base_url().parse().unwrap();
        let identity = App { id: self.app.id.to_string(), private_key, base_url };
        let gate =
            Gate { github: self.github.clone(), rules: self.rules.clone(), stopped: self.stopped.clone() };
        let records: Arc<dyn Records> = Arc::new(AtOnce(self.store.records.clone()));
        let (clock, queue) = (self.clock.clone(), self.store.queue.clone());
        let ports = GithubPorts {
            http: Arc::new(gate),
            records: Some(records.clone()),
            clock: clock.clone(),
            secrets,
        };
        let github = Github::at_pace(identity, ports, Pace::UNHURRIED);
        let orchestrator = Orchestrator {
            ports: orchestrator::Ports {
                github: github.clone(),
                queue: queue.clone(),
                records: records.clone(),
                clock: clock.clone(),
            },
            app: self.app.id,
            automator: Stage::Automator.queue(),
            above: Above::default(),
        };
        let automator = Automator {
            ports: automator::Ports { github, queue, records, clock },
            app: self.app.id,
            orchestrator: Stage::Orchestrator.queue(),
            above: Above::default(),
        };
        (orchestrator, automator)
    }

    /// A webhook comes to the queues that want it.
    pub async fn deliver(&self, delivery: &Delivery) {
        let data: Value = serde_json::from_slice(&delivery.body).unwrap();
        let action = delivery.action.as_deref().map(|action| format!(".{action}")).unwrap_or_default();
        let kind = format!("com.github.{}{action}", delivery.event);
        let merged = kind == "com.github.pull_request.closed" && data["pull_request"]["merged"] == true;
        let body = json!({ "specversion": "1.0", "id": delivery.guid, "type": kind, "data": data });
        let body = serde_json::to_vec(&body).unwrap();
        for stage in [Stage::Orchestrator, Stage::Automator] {
            if stage == Stage::Automator && !merged {
                continue;
            }
            let message = Message {
                body: body.clone().into(),
                session: Some(Session::from(REPO)),
                dedup_id: format!("{}/{}", delivery.guid, stage.queue()),
                ..Message::default()
            };
            self.send(stage, message).await;
        }
    }

    /// What the schedule does every hour.
    pub async fn look_again(&self) {
        let because = format!("it is {}", self.clock.now());
        let errand = Errand::Reconcile { targets: ["main".to_owned()].into(), because };
        let place = Place { name: REPO.into(), node: None, installation: self.installation };
        self.send(Stage::Orchestrator, errand.message(&place, self.clock.now(), None)).await;
    }

    /// What an operator does with dead letters once the trouble is over: sends them again.
    pub async fn retry_the_dead(&self) {
        let ask = Ask { max: 1000, wait: Duration::ZERO, visibility: None, session: None, sessions: None };
        for stage in [Stage::Orchestrator, Stage::Automator] {
            let dead = stage.queue().dead_letters();
            for message in self.store.receiver.receive(&dead, ask.clone()).await.unwrap() {
                self.rules.note(format!("{stage:?}: retried from the dead"));
                let again = Message {
                    body: message.body.into(),
                    session: message.session,
                    dedup_id: format!("retry:{}", message.id.0),
                    ..Message::default()
                };
                self.send(stage, again).await;
                for done in self.store.receiver.complete(&dead, &[message.receipt]).await {
                    done.unwrap();
                }
            }
        }
    }

    async fn send(&self, stage: Stage, message: Message) {
        for sent in self.store.queue.send(&stage.queue(), vec![message]).await {
            sent.unwrap();
        }
    }

    /// Whether something waits for its time, or for the end of a dead process's hold.
    pub async fn waits(&self) -> bool {
        let mut waits = false;
        for stage in [Stage::Orchestrator, Stage::Automator] {
            let stats = self.store.admin.stats(&stage.queue()).await.unwrap();
            waits |= stats.delayed + stats.in_flight + stats.depth > 0;
        }
        waits
    }

    pub fn snapshot(&self) -> Value {
        self.github.snapshot(REPO)
    }

    /// Open release pull requests, by branch.
    pub fn open(&self) -> Vec<Value> {
        let ours = |pull: &Value| {
            pull["state"] == "open"
                && pull["head"]["ref"].as_str().unwrap().starts_with("pointsman--release--")
        };
        let mut open: Vec<Value> =
            self.snapshot()["pulls"].as_array().unwrap().iter().filter(|it| ours(it)).cloned().collect();
        open.sort_by_key(|pull| pull["head"]["ref"].to_string());
        open
    }

    /// How many commits of people's making the target had when it was at this one.
    pub fn position(&self, sha: &str) -> Option<usize> {
        self.mains.iter().position(|main| main.as_str() == sha)
    }

    pub fn turn(&self, seconds: u64) {
        self.clock.turn(Duration::from_secs(seconds));
    }

    /// What git prints, if it knows.
    pub fn git(&self, args: &[&str]) -> Option<String> {
        let folder = self.github.git_folder(REPO);
        let output = Command::new("git").arg("-C").arg(folder).args(args).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }
}

/// Which stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Orchestrator,
    Automator,
}

impl Stage {
    pub fn queue(self) -> QueueName {
        match self {
            Self::Orchestrator => "release-orchestrator".parse().unwrap(),
            Self::Automator => "release-automator".parse().unwrap(),
        }
    }
}
