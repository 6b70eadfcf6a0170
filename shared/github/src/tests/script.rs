//! A GitHub that answers what a test says, request by request, and tells what it was asked.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use pointsman_core::port::{
    Clock, Expect, Http, PortError, Record, Records, Secret, SecretRef, Secrets, Version,
};
use serde_json::Value;

use crate::{App, Github, Identity, Pace, Ports, Repository};

pub const KEY: &str = include_str!("keys/pkcs1.pem");
pub const NOW: i64 = 1_800_000_000;
/// A token of an installation, as GitHub gives it out.
pub const MADE: &str = "POST /app/installations/7/access_tokens";

/// One answer; without a status there is none.
#[derive(Debug, Clone)]
pub struct Answer {
    status: Option<u16>,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Answer {
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

pub fn json(status: u16, body: Value) -> Answer {
    text(status, &body.to_string()).with("content-type", "application/json; charset=utf-8")
}

pub fn text(status: u16, body: &str) -> Answer {
    Answer { status: Some(status), headers: Vec::new(), body: body.to_owned() }
}

/// No answer at all.
pub fn nothing() -> Answer {
    Answer { status: None, headers: Vec::new(), body: String::new() }
}

pub fn complaint(status: u16, message: &str) -> Answer {
    json(
        status,
        serde_json::json!({ "message": message, "documentation_url": "https://docs.github.com/rest" }),
    )
}

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET /path?query`
    pub line: String,
    pub authorization: String,
    pub etag: Option<String>,
    pub headers: http::HeaderMap,
    pub body: Value,
}

/// The answers, by `METHOD /path?query` (or without the query), each used once and in order; the last one stays.
#[derive(Debug, Default)]
pub struct Script {
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    asked: Mutex<Vec<Asked>>,
}

impl Script {
    pub fn on(&self, line: &str, answer: Answer) {
        self.answers.lock().unwrap().entry(line.to_owned()).or_default().push_back(answer);
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Method and path of all that was asked but for tokens, and forgets it.
    pub fn lines(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.into_iter().map(|asked| asked.line).filter(|line| line != MADE).collect()
    }

    fn answer(&self, line: &str) -> Answer {
        let mut answers = self.answers.lock().unwrap();
        let path = line.split('?').next().unwrap();
        let key = [line, path].into_iter().find(|key| answers.contains_key(*key));
        let Some(queue) = key.and_then(|key| answers.get_mut(key)) else {
            panic!("nobody said how to answer {line}");
        };
        if queue.len() > 1 { queue.pop_front().unwrap() } else { queue[0].clone() }
    }
}

#[async_trait]
impl Http for Script {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        let path = request.uri().path_and_query().unwrap().as_str();
        let line = format!("{} {path}", request.method());
        let header = |name: &str| request.headers().get(name).map(|it| it.to_str().unwrap().to_owned());
        self.asked.lock().unwrap().push(Asked {
            line: line.clone(),
            authorization: header("authorization").unwrap_or_default(),
            etag: header("if-none-match"),
            headers: request.headers().clone(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
        });
        let Answer { status, headers, body } = self.answer(&line);
        let status = status.ok_or_else(|| PortError::unavailable("the connection broke"))?;
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        Ok(response.body(body.into()).unwrap())
    }
}

/// A clock that a sleeper moves; the sleeps are told.
#[derive(Debug, Default)]
pub struct Sleeps(Mutex<(Duration, Vec<Duration>)>);

impl Sleeps {
    pub fn told(&self) -> Vec<Duration> {
        self.0.lock().unwrap().1.clone()
    }

    pub fn turn(&self, by: Duration) {
        self.0.lock().unwrap().0 += by;
    }
}

#[async_trait]
impl Clock for Sleeps {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(NOW).unwrap() + self.0.lock().unwrap().0
    }

    async fn sleep(&self, duration: Duration) {
        let mut state = self.0.lock().unwrap();
        state.0 += duration;
        state.1.push(duration);
    }
}

/// Records in a map; versions do not matter here.
#[derive(Debug, Default)]
pub struct Shelf(pub Mutex<HashMap<String, (Bytes, Option<Timestamp>)>>);

#[async_trait]
impl Records for Shelf {
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError> {
        let found = self.0.lock().unwrap().get(key).cloned();
        let record = |(value, _)| Record { key: key.to_owned(), value, version: Version(String::new()) };
        Ok(found.map(record))
    }

    async fn put_if(
        &self,
        key: &str,
        value: Bytes,
        _: Expect,
        expires: Option<Timestamp>,
    ) -> Result<Version, PortError> {
        assert!(value.len() <= 64 * 1024, "a record holds no more");
        self.0.lock().unwrap().insert(key.to_owned(), (value, expires));
        Ok(Version(String::new()))
    }

    async fn list(&self, _: &str, _: Option<&str>, _: usize) -> Result<Vec<Record>, PortError> {
        Ok(Vec::new())
    }

    async fn delete(&self, key: &str, _: Expect) -> Result<(), PortError> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}

/// Literals are what they say.
#[derive(Debug)]
pub struct Literals;

#[async_trait]
impl Secrets for Literals {
    async fn get(&self, reference: &SecretRef) -> Result<Vec<Secret>, PortError> {
        match reference {
            SecretRef::Literal(text) => Ok(vec![Secret::new(text.as_bytes())]),
            other => Err(PortError::not_found(format!("there is no {other}"))),
        }
    }
}

/// A client and all that is around it.
pub struct World {
    pub script: Arc<Script>,
    pub clock: Arc<Sleeps>,
    pub shelf: Arc<Shelf>,
    pub github: Github,
}

impl Default for World {
    fn default() -> Self {
        let world = Self::of(app(KEY), Pace::UNHURRIED);
        world.script.on(MADE, token("ghs_one", 3600));
        world
    }
}

impl World {
    pub fn of(identity: impl Into<Identity>, pace: Pace) -> Self {
        let (script, clock, shelf) =
            (Arc::<Script>::default(), Arc::<Sleeps>::default(), Arc::<Shelf>::default());
        let ports = Ports {
            http: script.clone(),
            records: Some(shelf.clone()),
            clock: clock.clone(),
            secrets: Arc::new(Literals),
        };
        let github = Github::at_pace(identity, ports, pace);
        Self { script, clock, shelf, github }
    }

    /// Another process: the same Records, nothing in memory.
    pub fn restarted(&self) -> Github {
        let ports = Ports {
            http: self.script.clone(),
            records: Some(self.shelf.clone()),
            clock: self.clock.clone(),
            secrets: Arc::new(Literals),
        };
        Github::at_pace(app(KEY), ports, Pace::UNHURRIED)
    }

    pub fn repository(&self) -> Repository {
        self.github.installation(7).repository("o/r".parse().unwrap())
    }

    pub fn on(&self, line: &str, answer: Answer) {
        self.script.on(line, answer);
    }
}

pub fn app(key: &str) -> App {
    App {
        id: "Iv1.abc".into(),
        private_key: SecretRef::Literal(key.to_owned().into()),
        base_url: "https://api.test".parse().unwrap(),
    }
}

pub fn token(text: &str, seconds: i64) -> Answer {
    let expires = Timestamp::from_second(NOW + seconds).unwrap();
    json(201, serde_json::json!({ "token": text, "expires_at": expires, "permissions": {} }))
}

pub fn sha(digit: char) -> pointsman_core::release::Sha {
    digit.to_string().repeat(40).parse().unwrap()
}

/// A ref at this commit.
pub fn answer_for_ref(world: &World, name: &str, at: char) {
    let reference =
        serde_json::json!({ "ref": format!("refs/{name}"), "object": { "sha": sha(at), "type": "commit" } });
    world.on(&format!("GET /repos/o/r/git/ref/{name}"), json(200, reference));
}
