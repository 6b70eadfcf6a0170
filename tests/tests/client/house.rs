//! `acme/web` on the fake, and the client as an App on it.

use std::sync::Arc;

use pointsman_conformance::TurnedClock;
use pointsman_core::{
    port::{Records, SecretRef},
    release::Sha,
};
use pointsman_embedded::{Options, Store};
use pointsman_env::EnvSecrets;
use pointsman_fake_github::{FakeGithub, NewApp, PRIVATE_KEY, Person};
use pointsman_github::{App, Github, Identity, Pace, Ports, RefName, Repository};

pub const REPO: &str = "acme/web";
const PERMISSIONS: &[(&str, &str)] =
    &[("contents", "write"), ("pull_requests", "write"), ("issues", "write"), ("metadata", "read")];

pub struct House {
    pub github: Arc<FakeGithub>,
    pub clock: Arc<TurnedClock>,
    pub app: NewApp,
    pub installation: u64,
    pub base: Sha,
    store: Store,
    folder: tempfile::TempDir,
}

impl House {
    /// With one commit on `main`.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(TurnedClock::at("2026-11-21T12:00:00Z".parse().unwrap()));
        let github = FakeGithub::new(clock.clone(), 1);
        pointsman_tests::openapi::watch(&github);
        let app = github.create_app("pointsman", "acme", PERMISSIONS, &["push", "pull_request"]);
        github.create_repository(REPO);
        let installation = github.install(app.id, "acme", None);
        github.grant(REPO, "alice", "admin");
        let store = Store::open(folder.path(), Options::new(clock.clone(), "a test")).await.unwrap();
        std::fs::write(folder.path().join("app.pem"), PRIVATE_KEY.as_bytes()).unwrap();
        let base =
            github.person("alice").commit(REPO, "main", "chore: begin", &[("README.md", Some("# Web\n"))]);
        Self { github, clock, app, installation, base, store, folder }
    }

    /// A client that has seen nothing; what it keeps in Records, all clients of this house share.
    pub fn client(&self) -> Github {
        let private_key: SecretRef = "file:app.pem".parse().unwrap();
        let base_url = self.github.base_url().parse().unwrap();
        let app = App { id: self.app.id.to_string(), private_key, base_url };
        let records: Arc<dyn Records> = self.store.ports().records.clone();
        let secrets = Arc::new(EnvSecrets::new(self.folder.path()));
        let (http, clock) = (self.github.clone(), self.clock.clone());
        Github::at_pace(app, Ports { http, records: Some(records), clock, secrets }, Pace::UNHURRIED)
    }

    /// A client with somebody's token.
    pub fn with_token(&self, token: &str) -> Github {
        let token: SecretRef = format!("literal:{token}").parse().unwrap();
        let identity = Identity::Token { token, base_url: self.github.base_url().parse().unwrap() };
        let secrets = Arc::new(EnvSecrets::new(self.folder.path()));
        let (http, clock) = (self.github.clone(), self.clock.clone());
        Github::at_pace(identity, Ports { http, records: None, clock, secrets }, Pace::UNHURRIED)
    }

    pub fn repository(&self) -> Repository {
        self.client().installation(self.installation).repository(REPO.parse().unwrap())
    }

    pub fn alice(&self) -> Person<'_> {
        self.github.person("alice")
    }

    /// A commit by alice.
    pub fn commit(&self, branch: &str, path: &str) -> Sha {
        self.alice().commit(REPO, branch, &format!("feat: add {path}"), &[(path, Some("x\n"))])
    }

    /// How often this was asked for.
    pub fn asked(&self, operation: &str) -> u64 {
        self.github.requests().get(operation).copied().unwrap_or_default()
    }
}

pub fn branch(name: &str) -> RefName {
    RefName::branch(name).unwrap()
}

pub fn tag(name: &str) -> RefName {
    RefName::tag(name).unwrap()
}
