//! What the fake's tests stand on: a clock turned by hand, an App on a repository, and a client of a few lines.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use pointsman_core::port::{Clock, Http as _};
use pointsman_fake_github::{FakeGithub, NewApp, PRIVATE_KEY};
use serde_json::{Value, json};

/// Turned by hand, and by those who sleep.
pub struct Hand(AtomicI64);

impl Hand {
    pub fn turn(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.turn(i64::try_from(duration.as_secs()).unwrap());
    }
}

pub const EVENTS: &[&str] =
    &["push", "create", "delete", "pull_request", "issue_comment", "issues", "release"];
pub const PERMISSIONS: &[(&str, &str)] =
    &[("contents", "write"), ("pull_requests", "write"), ("issues", "write"), ("metadata", "read")];

/// `acme/widgets` with the App `pointsman` on it.
pub struct House {
    pub github: Arc<FakeGithub>,
    pub clock: Arc<Hand>,
    pub app: NewApp,
    pub installation: u64,
}

impl House {
    pub fn new() -> Self {
        let clock = Arc::new(Hand(AtomicI64::new(1_790_000_000)));
        let github = FakeGithub::new(clock.clone(), 7);
        pointsman_tests::openapi::watch(&github);
        github.create_organization("acme");
        github.create_repository("acme/widgets");
        let app = github.create_app("pointsman", "acme", PERMISSIONS, EVENTS);
        let installation = github.install(app.id, "acme", None);
        Self { github, clock, app, installation }
    }

    /// The App's JWT, for nine minutes from now.
    pub fn jwt(&self) -> String {
        let now = self.clock.now().as_second();
        let claims = json!({ "iss": self.app.id.to_string(), "iat": now - 60, "exp": now + 540 });
        let key = jsonwebtoken::EncodingKey::from_rsa_pem(PRIVATE_KEY.as_bytes()).unwrap();
        jsonwebtoken::encode(&jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256), &claims, &key)
            .unwrap()
    }

    pub fn client(&self, token: &str) -> Client {
        Client { github: self.github.clone(), token: token.into() }
    }

    /// A client with the App's own token, asked for as a client asks.
    pub async fn app(&self) -> Client {
        let path = format!("/app/installations/{}/access_tokens", self.installation);
        let (status, body) = self.client(&self.jwt()).at("POST", &path, Some(json!({}))).await;
        assert_eq!(status, 201, "{body}");
        self.client(body["token"].as_str().unwrap())
    }
}

/// Sends as GitHub's API is spoken to.
pub struct Client {
    github: Arc<FakeGithub>,
    token: String,
}

impl Client {
    /// Below `/repos/acme/widgets`.
    pub async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.at(method, &format!("/repos/acme/widgets{path}"), body).await
    }

    /// What must succeed.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send("POST", path, Some(body)).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// Anywhere below the API.
    pub async fn at(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let response = self.raw(method, path, &[], body).await;
        let json = serde_json::from_slice(response.body()).unwrap_or_default();
        (response.status().as_u16(), json)
    }

    /// The whole answer, with these headers in the request.
    pub async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Response<Bytes> {
        self.github.send(self.build(method, path, headers, body)).await.unwrap()
    }

    /// Below `/repos/acme/widgets`, not sent yet.
    pub fn request(&self, method: &str, path: &str, body: Value) -> Request<Bytes> {
        self.build(method, &format!("/repos/acme/widgets{path}"), &[], Some(body))
    }

    fn build(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Request<Bytes> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.github.base_url()));
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        request.body(bytes).unwrap()
    }
}
