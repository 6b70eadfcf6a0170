//! How GitHub answers: what is sent to it is noted on the way, so that `/ready` can tell.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use jiff::Timestamp;
use pointsman_core::port::{Clock, Http, PortError};
use pointsman_host_http::Dependency;
use tokio::sync::watch;

/// What its last answers were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    asked: bool,
    /// Since when no answer was good.
    failing: Option<Timestamp>,
    /// Until when nothing is left of the hour's requests.
    spent: Option<Timestamp>,
    last_error: Option<String>,
}

impl Standing {
    /// A line of `/ready`, once something was asked. Webhooks are taken in all the same.
    pub fn dependency(&self, now: Timestamp) -> Option<Dependency> {
        let told = Dependency::ok("GitHub").because(self.last_error.clone());
        let told = match (self.spent.filter(|until| *until > now), self.failing) {
            (Some(until), _) => {
                told.degraded(format!("its hourly limit is reached until {until:.0}: releases wait"))
            }
            (None, Some(since)) => told.degraded(format!("no good answer since {since:.0}: releases wait")),
            (None, None) => told,
        };
        self.asked.then_some(told)
    }

    fn note(&mut self, asked: &str, answer: &Result<Response<Bytes>, PortError>, now: Timestamp) {
        self.asked = true;
        let error = match answer {
            Err(error) => Some(error.to_string()),
            Ok(answer) => {
                self.spent = spent(answer.headers());
                let status = answer.status();
                let bad = status.is_server_error()
                    || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
                bad.then(|| format!("GitHub answers {} to {asked}", status.as_u16()))
            }
        };
        self.failing = error.is_some().then_some(self.failing.unwrap_or(now));
        self.last_error = error.or(self.last_error.take());
    }
}

/// When the limit is set back, where nothing is left of it.
fn spent(headers: &HeaderMap) -> Option<Timestamp> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<i64>().ok();
    (number("x-ratelimit-remaining")? == 0)
        .then(|| Timestamp::from_second(number("x-ratelimit-reset")?).ok())?
}

/// Sends by another, and notes what came of it. Clones note in one place.
#[derive(Clone)]
pub struct Noted {
    inner: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
    standing: watch::Sender<Standing>,
}

impl Noted {
    /// Nothing was asked yet.
    pub fn new(inner: Arc<dyn Http>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock, standing: watch::Sender::default() }
    }

    /// How it stands, to be looked at at any time.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }
}

#[async_trait]
impl Http for Noted {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        // Without the query: its words may be anybody's.
        let asked = format!("{} {}", request.method(), request.uri().path());
        let answer = self.inner.send(request).await;
        let now = self.clock.now();
        self.standing.send_modify(|standing| standing.note(&asked, &answer, now));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn answered(status: u16, headers: &[(&str, &str)]) -> Result<Response<Bytes>, PortError> {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        Ok(answer.body(Bytes::new()).unwrap())
    }

    #[test]
    fn a_call_that_fails_and_a_limit_that_is_reached_are_told_and_webhooks_are_taken_in_all_the_same() {
        let (noon, later) = (at("2026-11-21T12:00:00Z"), at("2026-11-21T12:05:00Z"));
        let mut standing = Standing::default();
        assert_eq!(standing.dependency(noon), None, "nothing was asked yet");
        let mut told = |answer, at| {
            standing.note("GET /app", &answer, at);
            let told = standing.dependency(at).unwrap();
            assert!(told.ready);
            (told.degraded, told.state, told.last_error)
        };
        let fine = (false, "ok".to_owned(), None);
        assert_eq!(told(answered(404, &[]), noon), fine, "what is not there is an answer");
        let away = Err(PortError::unavailable("nothing listens"));
        let since = "no good answer since 2026-11-21T12:00:00Z: releases wait".to_owned();
        assert_eq!(told(away, noon), (true, since.clone(), Some("nothing listens".to_owned())));
        let why = Some("GitHub answers 502 to GET /app".to_owned());
        assert_eq!(told(answered(502, &[]), later), (true, since, why.clone()));
        assert_eq!(told(answered(200, &[]), later), (false, "ok".to_owned(), why.clone()));
        let spent = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795265100")];
        let until = "its hourly limit is reached until 2026-11-21T12:45:00Z: releases wait".to_owned();
        assert_eq!(told(answered(200, &spent), later), (true, until, why));
    }
}
