//! The Lambda Runtime API (2018-06-01) of one process: it hands out one invocation at a time and takes the answer.

use std::{
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::Value;

use crate::serving::{Asked, Reply, Serving, serve};

/// Before every path.
const VERSION: &str = "/2018-06-01/runtime/";
/// Of X-Ray.
const TRACE: &str = "Root=1-6921c2c0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1";
/// What Lambda takes for one invocation, in bytes.
const LARGEST: usize = 6 << 20;

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What the function answered.
    Done(Vec<u8>),
    /// The function says that it failed.
    Failed {
        /// One word.
        kind: String,
        /// Why.
        message: String,
    },
    /// Nothing came within its time.
    TimedOut,
    /// The process ended, with this status.
    Exited(String),
}

impl Answer {
    /// What the function answered, as JSON; all else panics.
    #[track_caller]
    pub fn json(&self) -> Value {
        match self {
            Self::Done(bytes) => serde_json::from_slice(bytes).expect("a function answers with JSON"),
            other => panic!("the invocation ended with {other:?}"),
        }
    }
}

/// An answer, and how long it took from the moment at which the function got the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What came.
    pub answer: Answer,
    /// From the event to the answer; the whole time where the function never asked.
    pub took: Duration,
}

/// The API on a free loopback port, for one process.
pub struct Runtime {
    /// `127.0.0.1:{port}`, for `AWS_LAMBDA_RUNTIME_API`.
    pub address: SocketAddr,
    desk: Arc<Desk>,
    _serving: Serving,
}

#[derive(Default)]
pub(super) struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// When work was first asked for.
    ready: Option<Instant>,
    /// Waits to be fetched.
    next: Option<Invocation>,
    /// The id of the one that was fetched, and when.
    running: Option<(String, Instant)>,
    ended: Option<(Answer, Instant)>,
    /// Invocations so far.
    count: u32,
    /// What the process said of a start that failed.
    stillborn: Option<String>,
    exited: Option<String>,
    closed: bool,
}

struct Invocation {
    id: String,
    payload: Vec<u8>,
    deadline: Timestamp,
}

impl Runtime {
    /// Listens; of the function of this name.
    pub fn start(function: &str) -> Self {
        let desk = Arc::<Desk>::default();
        let (at_desk, arn) =
            (desk.clone(), format!("arn:aws:lambda:us-east-1:000000000000:function:{function}"));
        let serving = serve(move |asked| answer(asked, &at_desk, &arn));
        Self { address: serving.address, desk, _serving: serving }
    }

    /// When the process first asked for work. An error: it did not, and why.
    pub fn ready(&self, within: Duration) -> Result<Instant, String> {
        let state = self.desk.lock();
        let waits =
            |state: &mut State| state.ready.is_none() && state.exited.is_none() && state.stillborn.is_none();
        let waited = self.desk.changed.wait_timeout_while(state, within, waits);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match (&state.stillborn, state.ready, &state.exited) {
            (Some(why), ..) => Err(format!("it says that it cannot start: {why}")),
            (None, Some(ready), _) => Ok(ready),
            (None, None, Some(status)) => Err(format!("it ended: {status}")),
            (None, None, None) => Err(format!("it asked for no work within {within:?}")),
        }
    }

    /// Hands one event to the process, and waits for its answer for so long.
    pub fn invoke(&self, payload: &[u8], time: Duration) -> Ended {
        assert!(payload.len() <= LARGEST, "an event has at most {LARGEST} bytes, this one {}", payload.len());
        let begun = Instant::now();
        let deadline = Timestamp::now() + time;
        let mut state = self.desk.lock();
        assert!(state.next.is_none() && state.running.is_none(), "one invocation at a time");
        state.count += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", state.count);
        state.next = Some(Invocation { id, payload: payload.to_vec(), deadline });
        self.desk.changed.notify_all();
        let waits = |state: &mut State| state.ended.is_none() && state.exited.is_none();
        let waited = self.desk.changed.wait_timeout_while(state, time, waits);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.next = None;
        let begun = state.running.take().map_or(begun, |(_, fetched)| fetched);
        match (state.ended.take(), &state.exited) {
            (Some((answer, at)), _) => Ended { answer, took: at.duration_since(begun) },
            (None, Some(status)) => Ended { answer: Answer::Exited(status.clone()), took: begun.elapsed() },
            (None, None) => Ended { answer: Answer::TimedOut, took: begun.elapsed() },
        }
    }

    /// Who is to tell that the process has ended.
    pub(super) fn desk(&self) -> Arc<Desk> {
        self.desk.clone()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.desk.lock().closed = true;
        self.desk.changed.notify_all();
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process has ended.
    pub(super) fn exited(&self, status: String) {
        self.lock().exited = Some(status);
        self.changed.notify_all();
    }

    /// Waits for an event; none when nobody will bring any more.
    fn fetch(&self) -> Option<Invocation> {
        let mut state = self.lock();
        state.ready.get_or_insert_with(Instant::now);
        self.changed.notify_all();
        let waits = |state: &mut State| state.next.is_none() && !state.closed;
        let mut state = self.changed.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner);
        let invocation = state.next.take()?;
        state.running = Some((invocation.id.clone(), Instant::now()));
        Some(invocation)
    }

    /// Whether it is the running invocation's.
    fn take(&self, id: &str, answer: Answer) -> bool {
        let mut state = self.lock();
        let ours = state.running.as_ref().is_some_and(|(running, _)| running == id);
        if ours && state.ended.is_none() {
            state.ended = Some((answer, Instant::now()));
            self.changed.notify_all();
        }
        ours
    }
}

/// None: nobody will bring an event any more.
fn answer(asked: Asked, desk: &Desk, arn: &str) -> Option<Reply> {
    let path = asked.path.strip_prefix(VERSION).unwrap_or_default().to_owned();
    let words: Vec<_> = path.split('/').collect();
    Some(match (asked.method.as_str(), &words[..]) {
        ("GET", ["invocation", "next"]) => handed_out(desk.fetch()?, arn),
        ("POST", ["invocation", id, "response"]) => acknowledged(desk.take(id, Answer::Done(asked.body))),
        ("POST", ["invocation", id, "error"]) => acknowledged(desk.take(id, failed(&asked))),
        ("POST", ["init", "error"]) => {
            desk.lock().stillborn = Some(String::from_utf8_lossy(&asked.body).into_owned());
            desk.changed.notify_all();
            acknowledged(true)
        }
        _ => Reply { status: "404 Not Found", ..Reply::default() },
    })
}

fn handed_out(invocation: Invocation, arn: &str) -> Reply {
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", invocation.id),
        ("lambda-runtime-deadline-ms", invocation.deadline.as_millisecond().to_string()),
        ("lambda-runtime-invoked-function-arn", arn.to_owned()),
        ("lambda-runtime-trace-id", TRACE.to_owned()),
    ];
    Reply { status: "200 OK", headers, body: invocation.payload }
}

fn acknowledged(known: bool) -> Reply {
    let (status, body) = match known {
        true => ("202 Accepted", r#"{"status":"OK"}"#),
        false => {
            ("400 Bad Request", r#"{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}"#)
        }
    };
    Reply { status, headers: vec![("content-type", "application/json".to_owned())], body: body.into() }
}

fn failed(asked: &Asked) -> Answer {
    let told: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let text = |name: &str| told[name].as_str().map(str::to_owned);
    let kind =
        text("errorType").or_else(|| asked.header("lambda-runtime-function-error-type").map(str::to_owned));
    Answer::Failed { kind: kind.unwrap_or_default(), message: text("errorMessage").unwrap_or_default() }
}
