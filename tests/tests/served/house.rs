//! A GitHub on loopback whose every exchange is judged, and a server that is its App.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use pointsman_env::SystemClock;
use pointsman_fake_github::{FakeGithub, NewApp, PRIVATE_KEY, serve};
use pointsman_tests::{
    founded::{REPO, founded},
    http, openapi,
    server::{Server, binary},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A whole story takes some 10 s: GitHub asks for a second between two writes.
const DEADLINE: Duration = Duration::from_secs(60);
const BETWEEN: Duration = Duration::from_millis(10);

/// Dropped, all of it is stopped.
pub struct House {
    pub github: Arc<FakeGithub>,
    /// What every webhook's `traceparent` says.
    pub trace: Option<&'static str>,
    app: NewApp,
    server: Option<Server>,
    folder: TempDir,
    _door: pointsman_fake_github::Server,
    _runtime: Runtime,
}

impl House {
    /// With a first release behind it, and nobody at the App's end yet.
    pub fn new() -> Self {
        Self::with("")
    }

    /// The same with more in its configuration.
    pub fn with(more: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let github = FakeGithub::new(Arc::new(SystemClock), 1);
        openapi::watch(&github);
        let door = runtime.block_on(serve(github.clone())).unwrap();
        let app = founded(&github);
        let folder = tempfile::tempdir().unwrap();
        let house = Self { github, trace: None, app, server: None, folder, _door: door, _runtime: runtime };
        house.configure(more);
        house
    }

    fn configure(&self, more: &str) {
        let at = |name: &str| self.folder.path().join(name);
        fs::write(at("app.pem"), PRIVATE_KEY.as_bytes()).unwrap();
        let (secret, id, url) = (&self.app.secret, self.app.id, self.github.base_url());
        let config = format!(
            "sources:\n  github:\n    secrets: ['literal:{secret}']\n    \
             app: {{ id: {id}, private_key: 'file:app.pem', base_url: '{url}' }}\n\
             release: {{ enabled: true }}\n{more}"
        );
        fs::write(at("pointsman.yaml"), config).unwrap();
    }

    /// Where the server listens.
    pub fn url(&self) -> &str {
        &self.server.as_ref().unwrap().url
    }

    /// Hands a webhook over that GitHub's App signs.
    pub fn post(&self, event: &str, payload: &Value) {
        let (body, id) = (payload.to_string(), uuid::Uuid::new_v4().to_string());
        let signature = pointsman_tests::sign(&self.app.secret, body.as_bytes());
        let headers = [
            ("content-type", "application/json"),
            ("x-github-event", event),
            ("x-github-delivery", &id),
            ("x-github-hook-installation-target-type", "integration"),
            ("x-github-hook-installation-target-id", &self.app.id.to_string()),
            ("x-hub-signature-256", &signature),
        ];
        let url = format!("{}/webhooks/github", self.url());
        let answer = http::post(&url, &headers, body.as_bytes()).unwrap();
        assert_eq!(answer.status, 202, "{}", answer.text());
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the program on the same data folder as ever; GitHub is told where it listens now.
    pub fn start(&mut self) {
        let config = self.folder.path().join("pointsman.yaml");
        let server = Server::start_in(&self.data(), &["--config", config.to_str().unwrap()]);
        self.github.set_hook_url(self.app.id, &format!("{}/webhooks/github", server.url));
        self.server = Some(server);
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.server.take().unwrap().kill();
    }

    /// SIGTERM: it ends well, and nothing that passed was against GitHub's rules.
    pub fn stop(mut self) {
        let ended = self.server.take().unwrap().stop();
        assert!(ended.success(), "{ended}");
        assert_eq!(self.github.violations(), Vec::<String>::new());
    }

    /// Opens pull requests, and merges them all before any webhook is on its way.
    pub fn merge(&self, titles: &[&str]) {
        let alice = self.github.person("alice");
        let open = |title: &&str| {
            let branch = title.replace([':', ' ', '!'], "-");
            alice.commit(REPO, &branch, title, &[(&format!("src/{branch}"), Some("x\n"))]);
            alice.open(REPO, &branch, "main", title, "")
        };
        let numbers: Vec<u64> = titles.iter().map(open).collect();
        for number in numbers {
            alice.merge(REPO, number, "squash");
        }
    }

    /// Hands over what waits; a webhook that nobody takes is lost, as GitHub's are.
    pub fn deliver(&self) -> usize {
        let waiting = self.github.take_deliveries();
        for delivery in &waiting {
            let mut headers: Vec<_> =
                delivery.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            headers.extend(self.trace.map(|trace| ("traceparent", trace)));
            if let Ok(answer) = http::post(&delivery.url, &headers, &delivery.body) {
                assert_eq!(answer.status, 202, "{} {}", delivery.event, answer.text());
            }
        }
        waiting.len()
    }

    /// What waits is never handed over.
    pub fn lose_webhooks(&self) {
        self.github.take_deliveries();
    }

    /// Hands webhooks over until this is so.
    pub fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) {
        let until = Instant::now() + DEADLINE;
        loop {
            self.deliver();
            let now = self.github.snapshot(REPO);
            if is_so(&now) {
                return;
            }
            self.in_time(until, what);
        }
    }

    /// Hands webhooks over until no more come, and the stages have nothing to do.
    pub fn until_still(&self) {
        let until = Instant::now() + DEADLINE;
        let mut still = 0;
        // Two looks: between one look's parts something may have come.
        while still < 2 {
            let carried = self.deliver();
            still = if carried == 0 && self.waiting() == 0 { still + 1 } else { 0 };
            self.in_time(until, "nothing to do");
        }
    }

    /// Messages in the queues; none may have died.
    fn waiting(&self) -> u64 {
        let mut command = Command::new(binary());
        let output = command.args(["queues", "--json", "--data"]).arg(self.data()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        assert!(rows.iter().all(|row| row["dead"] == 0), "{rows:#?}\n{}", self.log());
        let count = |row: &Value| ["depth", "in_flight", "delayed"].map(|name| row[name].as_u64().unwrap());
        rows.iter().flat_map(count).sum()
    }

    pub fn in_time(&self, until: Instant, what: &str) {
        if Instant::now() > until {
            panic!("not in time: {what}\n{}\n{:#}", self.log(), brief(&self.github.snapshot(REPO)));
        }
        std::thread::sleep(BETWEEN);
    }

    fn log(&self) -> String {
        self.server.as_ref().map(Server::log).unwrap_or_default()
    }
}

/// What is there, as people would tell it.
pub fn brief(snapshot: &Value) -> Value {
    let list = |name: &str| snapshot[name].as_array().unwrap().iter();
    let pull =
        |pull: &Value| json!([pull["number"], pull["state"], pull["title"], pull["labels"][0]["name"]]);
    let release = |it: &Value| json!([it["tag_name"], it["name"], it["draft"]]);
    // Neither those of the pull requests themselves nor their authors' branches.
    let told = |name: &&String| !name.starts_with("refs/pull/") && !name.contains("greet");
    let refs = snapshot["refs"].as_object().unwrap().keys().filter(told);
    json!({
        "refs": refs.collect::<Vec<_>>(),
        "pulls": list("pulls").map(pull).collect::<Vec<_>>(),
        "releases": list("releases").map(release).collect::<Vec<_>>(),
        "comments": list("comments").map(|comment| &comment["body"]).collect::<Vec<_>>(),
    })
}
