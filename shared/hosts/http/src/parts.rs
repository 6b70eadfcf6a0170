//! What is handed to the host: a stage, a check, figures. It knows nothing of what is behind them.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures::future::BoxFuture;
use ipnet::IpNet;
use pointsman_core::{
    answer::Answer,
    outcome::Outcome,
    pipeline::{Accepted, Request},
};
use serde::Serialize;

use crate::{Admin, Limits};

/// The stage behind `POST /webhooks/{source}`.
pub type Stage = Arc<dyn Fn(Request) -> BoxFuture<'static, Outcome<Accepted>> + Send + Sync>;
/// The check behind `GET /ready`: every dependency, each time.
pub type Ready = Arc<dyn Fn() -> BoxFuture<'static, Vec<Dependency>> + Send + Sync>;
/// What `GET /metrics` shows: Prometheus text.
pub type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// Answers `POST /{name}` with its body: a function that its host calls by name.
pub type Calls = Arc<dyn Fn(String, Bytes) -> BoxFuture<'static, Answer> + Send + Sync>;

/// One thing that must work before webhooks can be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// Its name, such as `store`.
    pub name: String,
    /// Whether webhooks can be taken in as far as it goes.
    pub ready: bool,
    /// Whether something waits for it, or for a person, though webhooks are taken in.
    #[serde(skip_serializing_if = "is_false")]
    pub degraded: bool,
    /// Its state in a word or two, such as `ok`, `read-only`, `disk full`.
    pub state: String,
    /// The last error, also when it works again; no secret in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Dependency {
    /// It works.
    pub fn ok(name: impl Into<String>) -> Self {
        Self { name: name.into(), ready: true, degraded: false, state: "ok".into(), last_error: None }
    }

    /// Webhooks are taken in all the same, and something is in this state.
    #[must_use]
    pub fn degraded(self, state: impl Into<String>) -> Self {
        Self { degraded: true, state: state.into(), ..self }
    }

    /// Without it no webhook can be taken in.
    #[must_use]
    pub fn down(self, state: impl Into<String>) -> Self {
        Self { ready: false, state: state.into(), ..self }
    }

    /// With its last error.
    #[must_use]
    pub fn because(self, last_error: Option<String>) -> Self {
        Self { last_error, ..self }
    }
}

/// All that a [`Server`](crate::Server) is made of.
#[derive(Clone)]
pub struct Parts {
    /// The stage's name, as spans show it.
    pub name: &'static str,
    /// Takes the webhooks.
    pub stage: Stage,
    /// Tells whether it can.
    pub ready: Ready,
    /// The figures.
    pub metrics: Render,
    /// What is behind `/admin/`. Default: nothing.
    pub admin: Option<Admin>,
    /// What is behind `POST /{name}`; then `GET /` says that the server is there. Default: nothing.
    pub calls: Option<Calls>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Bounds.
    pub limits: Limits,
}

impl Parts {
    /// A host around `stage`: always ready, no figures, no proxies, default limits.
    pub fn new<F>(name: &'static str, stage: impl Fn(Request) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Outcome<Accepted>> + Send + 'static,
    {
        Self {
            name,
            stage: Arc::new(move |request| Box::pin(stage(request))),
            ready: Arc::new(|| Box::pin(async { Vec::new() })),
            metrics: Arc::new(String::new),
            admin: None,
            calls: None,
            trusted_proxies: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// The same with this readiness check.
    #[must_use]
    pub fn ready<F>(mut self, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Vec<Dependency>> + Send + 'static,
    {
        self.ready = Arc::new(move || Box::pin(check()));
        self
    }

    /// The same with these figures.
    #[must_use]
    pub fn metrics(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.metrics = Arc::new(render);
        self
    }

    /// The same with this behind `POST /{name}`.
    #[must_use]
    pub fn calls<F>(mut self, answer: impl Fn(String, Bytes) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        self.calls = Some(Arc::new(move |name, body| Box::pin(answer(name, body))));
        self
    }

    /// The same with this behind `/admin/`.
    #[must_use]
    pub fn admin(mut self, admin: Admin) -> Self {
        self.admin = Some(admin);
        self
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("name", &self.name)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
