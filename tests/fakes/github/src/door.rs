//! The door: a request in, an answer out, with everything that is around an operation: who asks, ETags, limits, faults.

use std::{
    collections::{BTreeMap, VecDeque},
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use pointsman_core::port::{Clock, Http, PortError};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{
    auth::{self, Principal},
    faults::{Fault, Moment, Odds, When, answer},
    reply::{Body, Refusal, Reply, not_found, refuse},
    route::{self, Call},
    site::Site,
    state::{Repo, World},
    webhook::Hooks,
};

/// A request and GitHub's true answer to it, before anything went wrong with it.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// What was asked.
    pub request: &'a Request<Bytes>,
    /// What was answered.
    pub response: &'a Response<Bytes>,
    /// The operation's template, if there is such an operation.
    pub template: Option<&'static str>,
}

type Hook = Arc<dyn Fn(&Moment) -> Option<Fault> + Send + Sync>;
type Check = Arc<dyn Fn(&Exchange<'_>) -> Result<(), String> + Send + Sync>;

/// A GitHub of one's own.
pub struct FakeGithub {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) folder: TempDir,
    inner: Mutex<Inner>,
}

pub(crate) struct Inner {
    pub world: World,
    pub dice: fastrand::Rng,
    pub odds: Odds,
    hook: Option<Hook>,
    check: Option<Check>,
    /// Older states of the repositories, newest first, for stale reads.
    past: VecDeque<BTreeMap<String, Arc<Repo>>>,
    nth: u64,
    counts: BTreeMap<String, u64>,
    used: BTreeMap<String, (i64, u64)>,
    limit: u64,
    pub violations: Vec<String>,
}

impl FakeGithub {
    /// An empty one, at `https://api.github.com`. The seed decides what goes wrong, as far as odds are set.
    pub fn new(clock: Arc<dyn Clock>, seed: u64) -> Arc<Self> {
        let folder =
            tempfile::Builder::new().prefix("fake-github").tempdir().expect("a temporary folder can be made");
        let world = World {
            now: clock.now(),
            site: Site::new("https://api.github.com"),
            repos: BTreeMap::new(),
            users: BTreeMap::new(),
            apps: BTreeMap::new(),
            installations: BTreeMap::new(),
            tokens: BTreeMap::new(),
            hooks: Hooks::default(),
            manifests: BTreeMap::new(),
            last_id: 1000,
        };
        let inner = Inner {
            world,
            dice: fastrand::Rng::with_seed(seed),
            odds: Odds::default(),
            hook: None,
            check: None,
            past: VecDeque::new(),
            nth: 0,
            counts: BTreeMap::new(),
            used: BTreeMap::new(),
            limit: u64::MAX,
            violations: Vec::new(),
        };
        Arc::new(Self { clock, folder, inner: Mutex::new(inner) })
    }

    /// Where its API is said to be, such as `https://ghe.example/api/v3`: requests elsewhere find nobody.
    pub fn set_base_url(&self, url: &str) {
        self.lock().world.site = Site::new(url);
    }

    /// Where its API is.
    pub fn base_url(&self) -> String {
        self.lock().world.site.api.clone()
    }

    /// How often things go wrong from now on.
    pub fn set_odds(&self, odds: Odds) {
        self.lock().odds = odds;
    }

    /// How many requests an hour each App, installation or person may make. Without a word: any number.
    pub fn set_rate_limit(&self, limit: u64) {
        self.lock().limit = limit;
    }

    /// Asked before and after every request: what goes wrong with it, if anything.
    pub fn on_request(&self, hook: impl Fn(&Moment) -> Option<Fault> + Send + Sync + 'static) {
        self.lock().hook = Some(Arc::new(hook));
    }

    /// Told every request with its true answer. What it finds wrong panics, and is kept in [`Self::violations`].
    pub fn on_exchange(&self, check: impl Fn(&Exchange<'_>) -> Result<(), String> + Send + Sync + 'static) {
        self.lock().check = Some(Arc::new(check));
    }

    /// What the check of exchanges found wrong so far.
    pub fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    /// How many requests came, by operation (`GET /repos/{owner}/{repo}`), since the start or the last reset.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.lock().counts.clone()
    }

    /// Counts from zero again.
    pub fn reset_requests(&self) {
        self.lock().counts.clear();
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.world.now = self.clock.now();
        inner
    }

    /// The same, for a change: what is there now can be read stale later.
    pub(crate) fn write(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.lock();
        let before = inner.world.repos.clone();
        inner.remember(before);
        inner
    }

    /// What the hook and the dice say of this moment.
    fn fault(&self, moment: &Moment) -> Option<Fault> {
        let (hook, drawn) = {
            let mut inner = self.lock();
            let odds = inner.odds;
            (inner.hook.clone(), odds.draw(&mut inner.dice, moment.when))
        };
        hook.and_then(|hook| hook(moment)).or(drawn)
    }
}

#[async_trait]
impl Http for FakeGithub {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        let mut moment = self.lock().arrive(&request)?;
        let mut stale = 0;
        let lost = || PortError::unavailable("GitHub did not answer: the connection was lost");
        match self.fault(&moment) {
            None => {}
            Some(Fault::Hang) => pending().await,
            Some(Fault::Unavailable) => return Err(lost()),
            Some(Fault::Slow(time)) => self.clock.sleep(time).await,
            Some(Fault::Stale(writes)) => stale = writes,
            Some(fault) => {
                if let Some(response) = answer(fault, self.clock.now().as_second()) {
                    return Ok(response);
                }
            }
        }
        let checked = self.lock().answer(&request, stale);
        let response = checked.unwrap_or_else(|violation| panic!("{violation}"));
        moment.when = When::After;
        match self.fault(&moment) {
            Some(Fault::Hang) => pending().await,
            Some(Fault::Unavailable) => Err(lost()),
            Some(Fault::Slow(time)) => {
                self.clock.sleep(time).await;
                Ok(response)
            }
            Some(fault) => Ok(answer(fault, self.clock.now().as_second()).unwrap_or(response)),
            None => Ok(response),
        }
    }
}

impl Inner {
    /// Counts a request; one to another host finds nobody.
    fn arrive(&mut self, request: &Request<Bytes>) -> Result<Moment, PortError> {
        let host = request.uri().authority().map_or("", |authority| authority.as_str());
        if host != self.world.site.host() {
            let here = self.world.site.host();
            return Err(PortError::unavailable(format!("nobody is at {host:?}: this GitHub is at {here:?}")));
        }
        let path = request.uri().path().to_owned();
        let found = self.world.site.path(&path).and_then(|path| route::find(request.method(), path));
        let template = found.map_or("unknown", |(operation, _)| operation.template);
        let operation = format!("{} {template}", request.method());
        *self.counts.entry(operation.clone()).or_default() += 1;
        self.nth += 1;
        Ok(Moment { when: When::Before, operation, path, nth: self.nth - 1 })
    }

    /// The true answer; an error = the check of exchanges does not accept it.
    fn answer(&mut self, request: &Request<Bytes>, stale: usize) -> Result<Response<Bytes>, String> {
        let read = request.method() == Method::GET;
        let now = self.world.repos.clone();
        let old =
            (read && stale > 0).then(|| self.past.get(stale - 1).or(self.past.back()).cloned()).flatten();
        let shown = old.is_some();
        if let Some(old) = old {
            self.world.repos = old;
        }
        let (template, reply) = self.reply(request);
        if shown {
            self.world.repos = now;
        } else if !read {
            self.remember(now);
        }
        let response = self.finish(request, reply);
        let exchange = Exchange { request, response: &response, template };
        if let Some(Err(violation)) = self.check.clone().map(|check| check(&exchange)) {
            self.violations.push(violation.clone());
            return Err(violation);
        }
        Ok(response)
    }

    /// Keeps what was there before a write, as long as somebody may want to see it.
    fn remember(&mut self, before: BTreeMap<String, Arc<Repo>>) {
        if self.odds.stale > 0.0 || self.hook.is_some() {
            self.past.push_front(before);
            self.past.truncate(8);
        }
    }

    fn reply(&mut self, request: &Request<Bytes>) -> (Option<&'static str>, Reply) {
        let path = self.world.site.path(request.uri().path()).map(str::to_owned);
        let found = path.as_deref().and_then(|path| route::find(request.method(), path));
        let Some((operation, params)) = found else { return (None, *not_found().0) };
        let run = || -> Result<Reply, Refusal> {
            let principal = auth::principal(&self.world, request.headers())?;
            let query = request.uri().query().unwrap_or("");
            let mut query: BTreeMap<String, String> =
                form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            if operation.template == "/installation/token" {
                query.insert("token of this request".into(), token(request.headers()));
            }
            let body = match request.body().as_ref() {
                [] => Value::Null,
                bytes => serde_json::from_slice(bytes).map_err(|_| refuse(400, "Problems parsing JSON"))?,
            };
            let accept = request
                .headers()
                .get(header::ACCEPT)
                .and_then(|it| it.to_str().ok())
                .unwrap_or("")
                .to_owned();
            let path = path.clone().unwrap_or_default();
            let call = Call { params, query, body, accept, principal, path };
            auth::allow(&self.world, operation, &call)?;
            (operation.run)(&mut self.world, &call)
        };
        (Some(operation.template), run().unwrap_or_else(|refusal| *refusal.0))
    }

    /// Headers, ETag and the limit around a reply.
    fn finish(&mut self, request: &Request<Bytes>, reply: Reply) -> Response<Bytes> {
        let (bytes, kind) = match reply.body {
            Body::Empty => (Bytes::new(), ""),
            Body::Json(value) => (Bytes::from(value.to_string()), "application/json; charset=utf-8"),
            Body::Raw(bytes, kind) => (bytes, kind),
        };
        let mut response = Response::new(bytes);
        *response.status_mut() = reply.status.try_into().expect("statuses here are three digits");
        let mut put = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        if !kind.is_empty() {
            put("content-type", kind);
        }
        for (name, value) in &reply.headers {
            put(name, value);
        }
        put("x-github-media-type", "github.v3; format=json");
        put("x-github-request-id", &format!("{:04X}:{:06X}", 0xFA4E, self.nth));
        put("date", &self.world.now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        if request.method() == Method::GET && reply.status == 200 {
            let etag = format!("W/\"{}\"", hex::encode(Sha256::digest(response.body())));
            let known = request.headers().get_all(header::IF_NONE_MATCH).iter().any(|it| {
                it.to_str().is_ok_and(|it| it.trim_start_matches("W/") == etag.trim_start_matches("W/"))
            });
            if known {
                *response.status_mut() = http::StatusCode::NOT_MODIFIED;
                *response.body_mut() = Bytes::new();
                response.headers_mut().remove(header::CONTENT_TYPE);
            }
            if let Ok(etag) = HeaderValue::from_str(&etag) {
                response.headers_mut().insert(header::ETAG, etag);
            }
        }
        self.meter(request, response)
    }

    /// Counts against the hourly limit; a 304 costs nothing.
    fn meter(&mut self, request: &Request<Bytes>, mut response: Response<Bytes>) -> Response<Bytes> {
        let now = self.world.now.as_second();
        let budget = auth::principal(&self.world, request.headers()).unwrap_or(Principal::Anonymous).budget();
        let (reset, used) = self.used.entry(budget.clone()).or_insert((now + 3600, 0));
        if *reset <= now {
            (*reset, *used) = (now + 3600, 0);
        }
        if response.status() != http::StatusCode::NOT_MODIFIED && request.uri().path() != "/rate_limit" {
            *used += 1;
        }
        let limit = self.limit.min(5000);
        if *used > self.limit {
            let refusal = refuse(403, format!("API rate limit exceeded for {budget}."));
            if let Body::Json(body) = refusal.0.body {
                response = Response::new(body.to_string().into());
                *response.status_mut() = http::StatusCode::FORBIDDEN;
                let json = HeaderValue::from_static("application/json; charset=utf-8");
                response.headers_mut().insert(header::CONTENT_TYPE, json);
            }
        }
        let left = if self.limit == u64::MAX {
            limit.saturating_sub(*used).max(1)
        } else {
            limit.saturating_sub(*used)
        };
        let figures =
            [("limit", limit), ("remaining", left), ("used", *used), ("reset", reset.unsigned_abs())];
        for (name, figure) in figures {
            if let Ok(name) = http::HeaderName::try_from(format!("x-ratelimit-{name}")) {
                response.headers_mut().insert(name, figure.into());
            }
        }
        response.headers_mut().insert("x-ratelimit-resource", HeaderValue::from_static("core"));
        response
    }
}

/// The bearer's token.
fn token(headers: &HeaderMap) -> String {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split_once(' ').map_or("", |(_, token)| token).to_owned()
}
