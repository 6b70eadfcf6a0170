//! Both stages before `emulate`, through the real HTTP client, and the one person who merges.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use pointsman_conformance::WallClock;
use pointsman_core::{
    outcome::Outcome,
    port::{Http as _, MessageId, Named, QueueName, QueueSettings, Receipt, Received, SecretRef},
    session::Session,
};
use pointsman_embedded::{Options, Store};
use pointsman_env::EnvSecrets;
use pointsman_fake_github::PRIVATE_KEY;
use pointsman_github::{Above, App, Github, Pace, Ports};
use pointsman_release_automator::{self as automator, Automator};
use pointsman_release_orchestrator::{self as orchestrator, Orchestrator};
use serde_json::{Value, json};

use crate::{judged::Judged, server::Server};

const APP: u64 = 12345;
const INSTALLATION: u64 = 100;
const TOKEN: &str = "octo's own";

/// `octo/demo`, whose releases are ours to make.
pub struct House {
    pub http: Arc<Judged>,
    orchestrator: Orchestrator,
    automator: Automator,
    server: Server,
    _store: Store,
    _folder: tempfile::TempDir,
}

impl House {
    pub async fn start() -> Self {
        let server = Server::start(&seed());
        let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(WallClock));
        let [mine, other] = ["release-orchestrator", "release-automator"].map(|name| name.parse().unwrap());
        let queues = [&mine, &other].map(|name: &QueueName| (name.clone(), QueueSettings::default()));
        let options = Options::new(clock.clone(), "a test").with_queues(queues);
        let store = Store::open(folder.path(), options).await.unwrap();
        let http = Arc::new(Judged::default());
        std::fs::write(folder.path().join("app.pem"), PRIVATE_KEY.as_bytes()).unwrap();
        let private_key: SecretRef = "file:app.pem".parse().unwrap();
        let app = App { id: APP.to_string(), private_key, base_url: server.url.parse().unwrap() };
        let records = store.ports().records.clone();
        let secrets = Arc::new(EnvSecrets::new(folder.path()));
        let ports =
            Ports { http: http.clone(), records: Some(records.clone()), clock: clock.clone(), secrets };
        let github = Github::at_pace(app, ports, Pace::UNHURRIED);
        let queue = store.ports().queue.clone();
        let (above, ports) =
            (Above::default(), automator::Ports { github: github.clone(), queue, records, clock });
        let automator = Automator { ports, app: APP, orchestrator: mine, above: above.clone() };
        let automator::Ports { queue, records, clock, .. } = automator.ports.clone();
        let ports = orchestrator::Ports { github, queue, records, clock };
        let orchestrator = Orchestrator { ports, app: APP, automator: other, above };
        Self { http, orchestrator, automator, server, _store: store, _folder: folder }
    }

    /// What emulate answers octo, below `/repos/octo/demo`, and its status.
    pub async fn octo(&self, method: &str, below: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/repos/octo/demo{below}", self.server.url);
        let request = Request::builder()
            .method(method)
            .uri(url)
            .extension(Named)
            .header("authorization", format!("Bearer {TOKEN}"));
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let request = request.header("content-type", "application/json").body(body).unwrap();
        let response = self.http.send(request).await.unwrap();
        self.http.writes();
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
    }

    /// What is there.
    pub async fn get(&self, below: &str) -> Value {
        let (status, answer) = self.octo("GET", below, Value::Null).await;
        assert_eq!(status, 200, "{below}: {answer}");
        answer
    }

    /// Octo writes a file to `main`.
    pub async fn commit(&self, message: &str, path: &str, content: &str) {
        use base64::{Engine as _, prelude::BASE64_STANDARD};
        let body = json!({ "message": message, "content": BASE64_STANDARD.encode(content) });
        let (status, answer) = self.octo("PUT", &format!("/contents/{path}"), body).await;
        assert_eq!(status, 201, "{answer}");
    }

    /// A file's text.
    pub async fn file(&self, path: &str, at: &str) -> String {
        use base64::{Engine as _, prelude::BASE64_STANDARD};
        let file = self.get(&format!("/contents/{path}?ref={at}")).await;
        let text = file["content"].as_str().unwrap().replace('\n', "");
        String::from_utf8(BASE64_STANDARD.decode(text).unwrap()).unwrap()
    }

    /// Where a ref is, such as `heads/main`.
    pub async fn reference(&self, name: &str) -> Option<String> {
        match self.octo("GET", &format!("/git/ref/{name}"), Value::Null).await {
            (200, answer) => Some(answer["object"]["sha"].as_str().unwrap().to_owned()),
            (404, _) => None,
            other => panic!("{other:?}"),
        }
    }

    /// The orchestrator's turn after a push to `main`, and what it wrote.
    pub async fn pushed(&self) -> (orchestrator::Report, Vec<String>) {
        let batch = [self.event("push", json!({ "ref": "refs/heads/main" })).await];
        let handled = orchestrator::handle(&batch, &self.orchestrator).await;
        let Ok(Outcome::Done(report)) = handled else { panic!("{handled:?}") };
        (report, self.http.writes())
    }

    /// The automator's turn after this pull request was merged, and what it wrote.
    pub async fn merged(&self, number: u64) -> (automator::Report, Vec<String>) {
        let pull = self.get(&format!("/pulls/{number}")).await;
        let data = json!({ "action": "closed", "number": number, "pull_request": pull });
        let batch = [self.event("pull_request.closed", data).await];
        let handled = automator::handle(&batch, &self.automator).await;
        let Ok(Outcome::Done(report)) = handled else { panic!("{handled:?}") };
        (report, self.http.writes())
    }

    /// A webhook as intake passes it on, with the repository as emulate shows it.
    async fn event(&self, kind: &str, mut data: Value) -> Received {
        data["repository"] = self.get("").await;
        data["installation"] = json!({ "id": INSTALLATION });
        let kind = format!("com.github.{kind}");
        let body = json!({ "specversion": "1.0", "id": "a-delivery", "type": kind, "data": data });
        let enqueued = Timestamp::now();
        Received {
            id: MessageId("1".into()),
            receipt: Receipt("1".into()),
            body: body.to_string().into(),
            session: Some(Session::from("octo/demo")),
            attributes: Default::default(),
            correlation: None,
            attempt: 1,
            enqueued,
            visible_at: enqueued + Duration::from_secs(30),
        }
    }
}

fn seed() -> Value {
    json!({
        "tokens": { TOKEN: { "login": "octo", "scopes": ["repo"] } },
        "github": {
            "users": [{ "login": "octo", "name": "Octo", "email": "octo@example.com" }],
            "repos": [{ "owner": "octo", "name": "demo", "language": "Rust", "auto_init": true }],
            "apps": [{
                "app_id": APP, "slug": "pointsman", "name": "Pointsman", "private_key": *PRIVATE_KEY,
                "permissions": { "contents": "write", "pull_requests": "write", "issues": "write", "metadata": "read" },
                "events": ["push", "pull_request", "issue_comment"],
                "installations": [{ "installation_id": INSTALLATION, "account": "octo", "repository_selection": "all" }],
            }],
        },
    })
}
