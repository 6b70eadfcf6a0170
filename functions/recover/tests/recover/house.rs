//! A GitHub that keeps what it could not hand over, our door that may be shut, and a real store behind it.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use pointsman_conformance::TurnedClock;
use pointsman_core::{
    breaker::Breakers,
    config,
    delivery::Headers,
    event::LATE,
    ledger::Ledger,
    outcome::Outcome,
    pipeline::{self, Request as Webhook},
    port::{Archive, Expect, Http, Message, PortError, Queue, QueueAdmin as _, QueueName, Records, Sent},
    rules::Rules,
    stepwise::Stepwise,
};
use pointsman_embedded::{Options, Store};
use pointsman_env::EnvSecrets;
use pointsman_fake_github::{FakeGithub, NewApp, PRIVATE_KEY};
use pointsman_github::{App, Github, HookPlace, Identity, Pace, Ports as GithubPorts};
use pointsman_recover::{Ask, Hook, Pipeline, Ports, Ran, Recover, Report};
use serde_json::{Value, json};

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3600);

/// `bot` wants opened issues of `acme/web`, `all` everything; an App and a webhook each have a source.
const CONFIG: &str = r#"
sources:
  github: { secrets: ["literal:SECRET"], app: { id: APP, private_key: "file:app.pem" } }
  hooks: { secrets: ["literal:HOOKSECRET"], owns: ["acme/web"] }
subscriptions:
"#;

/// How the door answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// As it should.
    Open,
    /// Not at all.
    Shut,
    /// It takes everything, and the answer is lost.
    Mute,
    /// With this status, whatever comes.
    Says(u16),
}

/// Queues that may be down.
pub struct Queues {
    store: Store,
    pub down: Mutex<BTreeSet<String>>,
}

#[async_trait]
impl Queue for Queues {
    async fn send(&self, queue: &QueueName, messages: Vec<Message>) -> Vec<Result<Sent, PortError>> {
        if self.down.lock().unwrap().contains(queue.as_str()) {
            return messages.iter().map(|_| Err(PortError::internal("it is on fire"))).collect();
        }
        self.store.ports().queue.send(queue, messages).await
    }
}

pub struct House {
    pub github: Arc<FakeGithub>,
    pub clock: Arc<TurnedClock>,
    pub app: NewApp,
    pub store: Store,
    pub queues: Arc<Queues>,
    pub rules: Rules,
    pub pipeline: Pipeline,
    pub hooks: Vec<Hook>,
    secrets: Arc<EnvSecrets>,
    door: Mutex<Door>,
    /// How many webhooks came to the door.
    pub knocks: AtomicU16,
    _folder: tempfile::TempDir,
}

impl House {
    /// With these subscriptions, over the embedded store's own ledger.
    pub async fn new(subscriptions: &str) -> Self {
        Self::build(subscriptions, false).await
    }

    /// The same over three separate ports, as in a cloud.
    pub async fn stepwise(subscriptions: &str) -> Self {
        Self::build(subscriptions, true).await
    }

    async fn build(subscriptions: &str, stepwise: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("app.pem"), PRIVATE_KEY.as_bytes()).unwrap();
        let secrets = Arc::new(EnvSecrets::new(folder.path()));
        let clock = Arc::new(TurnedClock::at("2026-11-21T12:00:00Z".parse().unwrap()));
        let github = FakeGithub::new(clock.clone(), 1);
        pointsman_tests::openapi::watch(&github);
        github.create_organization("acme");
        for repository in ["acme/web", "acme/attic"] {
            github.create_repository(repository);
        }
        let app = github.create_app("p", "acme", &[("metadata", "read")], &["issues", "push"]);
        github.set_hook_url(app.id, "http://pointsman.test/webhooks/github");
        github.install(app.id, "acme", None);
        let text = written(&app, subscriptions);
        let config =
            config::parse(&text).unwrap_or_else(|faults| panic!("{}", faults.in_file("a test"))).config;
        let rules = Rules::load(&config, &*secrets).await.unwrap();
        let options = Options::new(clock.clone(), "a test").with_queues(config.queues());
        let store = Store::open(folder.path(), options).await.unwrap();
        let all = store.ports();
        let queues = Arc::new(Queues { store: store.clone(), down: Mutex::default() });
        let ledger: Arc<dyn Ledger> = match stepwise {
            false => all.ledger,
            true => Arc::new(Stepwise {
                archive: all.archive.clone(),
                queue: queues.clone(),
                records: all.records,
                clock: clock.clone(),
                breakers: Breakers::default(),
            }),
        };
        let pipeline =
            Pipeline { ledger, archive: all.archive, clock: clock.clone(), inline: Default::default() };
        let mut house = Self {
            github,
            clock,
            app,
            store,
            queues,
            rules,
            pipeline,
            hooks: Vec::new(),
            secrets,
            door: Mutex::new(Door::Open),
            knocks: AtomicU16::new(0),
            _folder: folder,
        };
        let place = HookPlace::App;
        house.hooks = vec![Hook { source: "github".into(), github: house.as_the_app(), place }];
        house
    }

    /// These subscriptions from now on, and no new queues.
    pub async fn subscribe(&mut self, subscriptions: &str) {
        let config = config::parse(&written(&self.app, subscriptions)).unwrap().config;
        self.rules = Rules::load(&config, &*self.secrets).await.unwrap();
    }

    pub fn as_the_app(&self) -> Github {
        let private_key = "file:app.pem".parse().unwrap();
        let base_url = self.github.base_url().parse().unwrap();
        self.client(App { id: self.app.id.to_string(), private_key, base_url })
    }

    pub fn as_somebody(&self, login: &str) -> Github {
        let token = format!("literal:{}", self.github.personal_token(login)).parse().unwrap();
        self.client(Identity::Token { token, base_url: self.github.base_url().parse().unwrap() })
    }

    fn client(&self, identity: impl Into<Identity>) -> Github {
        let (http, clock, secrets) = (self.github.clone(), self.clock.clone(), self.secrets.clone());
        Github::at_pace(identity, GithubPorts { http, records: None, clock, secrets }, Pace::UNHURRIED)
    }

    /// How the door answers from now on.
    pub fn door(&self, door: Door) {
        *self.door.lock().unwrap() = door;
    }

    /// An issue is opened, of this number.
    pub fn issue(&self, repository: &str, number: u64) {
        let issue = json!({ "issue": { "number": number, "url": "https://api.github.com/x", "title": "t" } });
        self.github.emit(repository, "issues", Some("opened"), issue);
    }

    /// GitHub sends what waits; then it is long enough ago to be asked for again.
    pub async fn carry(&self) -> usize {
        let taken = self.github.deliver(self).await;
        self.clock.turn(LATE.unsigned_abs() + Duration::from_secs(1));
        taken
    }

    pub fn recover(&self) -> Recover {
        let all = self.store.ports();
        let ports = Ports { archive: all.archive, records: all.records, pipeline: self.pipeline.clone() };
        Recover { ports, hooks: self.hooks.clone(), name: "a test".into(), watch: None }
    }

    /// One run that does it.
    pub async fn run(&self) -> Report {
        self.ask(Ask { apply: true, ..Ask::default() }).await
    }

    pub async fn ask(&self, ask: Ask) -> Report {
        match self.recover().run(&self.rules, ask).await.unwrap() {
            Ran::Done(report) => *report,
            Ran::Held(holder) => panic!("{holder:?} has the lease"),
        }
    }

    /// Runs, with what GitHub sends thereupon and the five minutes until the next one, `times`.
    pub async fn runs(&self, times: usize) -> Report {
        let mut last = None;
        for _ in 0..times {
            last = Some(self.run().await);
            self.carry().await;
            self.clock.turn(5 * MINUTE);
        }
        last.unwrap()
    }

    /// The events that wait in a queue, in order.
    pub async fn events(&self, queue: &str) -> Vec<Value> {
        let peeked = self.store.peek(&queue.parse().unwrap(), None, 10_000).await.unwrap();
        peeked.iter().map(|it| serde_json::from_slice(&it.body).unwrap()).collect()
    }

    /// `issue number: cause`, of those that wait in a queue, in order.
    pub async fn told(&self, queue: &str) -> Vec<String> {
        let tell = |event: &Value| {
            format!("{}: {}", event["data"]["issue"]["number"], event["cause"].as_str().unwrap_or("first"))
        };
        self.events(queue).await.iter().map(tell).collect()
    }

    pub async fn archived(&self) -> Vec<String> {
        let rows = Archive::list(&self.store, "deliveries/", None, 10_000).await.unwrap();
        rows.into_iter().map(|row| row.key).collect()
    }

    /// The values of records below a prefix, by key.
    pub async fn records(&self, prefix: &str) -> Vec<(String, Value)> {
        let records = Records::list(&self.store, prefix, None, 10_000).await.unwrap();
        records
            .into_iter()
            .map(|it| (it.key, serde_json::from_slice(&it.value).unwrap_or_default()))
            .collect()
    }

    pub async fn put(&self, key: &str, value: Value) {
        let bytes = Bytes::from(value.to_string());
        self.store.put_if(key, bytes, Expect::Anything, None).await.unwrap();
    }

    /// A crash between sending and marking: the marks are not there.
    pub async fn unmark(&self) {
        for (key, _) in self.records("routed/").await {
            let any = Expect::Anything;
            Records::delete(&self.store, &key, any).await.unwrap();
        }
    }
}

fn written(app: &NewApp, subscriptions: &str) -> String {
    let text = CONFIG.replace("HOOKSECRET", "whsec-hooks").replace("SECRET", &app.secret);
    text.replace("APP", &app.id.to_string()) + subscriptions
}

#[async_trait]
impl Http for House {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        self.knocks.fetch_add(1, Ordering::SeqCst);
        let door = *self.door.lock().unwrap();
        let answer = |status: u16| Ok(Response::builder().status(status).body(Bytes::new()).unwrap());
        match door {
            Door::Shut => return Err(PortError::unavailable("nobody is there")),
            Door::Says(status) => return answer(status),
            Door::Open | Door::Mute => {}
        }
        let headers: Headers =
            request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        let source = request.uri().path().rsplit('/').next().unwrap().to_owned();
        let webhook = Webhook { source, headers, body: request.into_body(), peer: [127, 0, 0, 1].into() };
        let status = match pipeline::ingest(webhook, &self.rules, &self.pipeline).await {
            Ok(Outcome::Done(_) | Outcome::Skipped(_)) => 202,
            Ok(Outcome::Rejected(_)) => 403,
            Ok(Outcome::Retry { .. }) | Err(_) => 503,
        };
        if door == Door::Mute { Err(PortError::unavailable("the line is dead")) } else { answer(status) }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.github.violations(), [] as [String; 0]);
        }
    }
}
