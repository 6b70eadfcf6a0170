//! Which trace each request to the fake GitHub was of.

use std::sync::{Arc, Mutex, PoisonError};

use pointsman_fake_github::FakeGithub;

use crate::openapi;

/// A webhook's `traceparent`.
pub const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// What was asked, and the `traceparent` that came along.
type Seen = Vec<(String, Option<String>)>;

/// Notes of every request.
#[derive(Clone, Default)]
pub struct Traces(Arc<Mutex<Seen>>);

impl Traces {
    /// From now on; what passes is judged as [`openapi::watch`] does.
    pub fn watch(github: &FakeGithub) -> Self {
        let traces = Self::default();
        let notes = traces.clone();
        github.on_exchange(move |exchange| {
            let trace = exchange.request.headers().get("traceparent").and_then(|it| it.to_str().ok());
            let asked = format!("{} {}", exchange.request.method(), exchange.request.uri().path());
            notes.0.lock().unwrap_or_else(PoisonError::into_inner).push((asked, trace.map(str::to_owned)));
            openapi::judge(exchange)
        });
        traces
    }

    /// The pull request was opened in the trace of [`SENT`], by a span of its own, and no request was of another trace.
    #[track_caller]
    pub fn assert_followed(&self) {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = seen.iter().find(|(asked, _)| asked == "POST /repos/acme/web/pulls");
        let trace = opened.and_then(|(_, trace)| trace.as_deref()).unwrap_or_default();
        assert!(trace.starts_with(&SENT[..36]), "`{trace}` is not of the trace that came in: {seen:#?}");
        assert_ne!(trace[36..52], SENT[36..52], "the stage is a span of its own");
        let others: Vec<_> = seen
            .iter()
            .filter(|(_, trace)| trace.as_ref().is_some_and(|it| it[..36] != SENT[..36]))
            .collect();
        assert!(others.is_empty(), "{others:#?}");
    }
}
