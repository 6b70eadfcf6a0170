//! The Lambda Runtime API (2018-06-01) of one process: it hands out one invocation at a time and takes the answer.

use std::{
    io::{self, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::Value;

use super::wire::{self, Asked};

/// Before every path.
const VERSION: &str = "/2018-06-01/runtime/";
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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a socket that is bound has an address");
        let desk = Arc::<Desk>::default();
        let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{function}");
        let (listening, arn) = (desk.clone(), Arc::<str>::from(arn));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if listening.lock().closed {
                    return;
                }
                let (desk, arn) = (listening.clone(), arn.clone());
                // An error is a connection that the process has closed.
                thread::spawn(move || drop(serve(stream, &desk, &arn)));
            }
        });
        Self { address, desk }
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
        // Wakes who accepts; when it fails, nobody does any more.
        drop(TcpStream::connect(self.address));
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

fn serve(stream: TcpStream, desk: &Desk, arn: &str) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut to, mut from) = (stream.try_clone()?, BufReader::new(stream));
    while let Some(asked) = Asked::read(&mut from)? {
        let path = asked.path.strip_prefix(VERSION).unwrap_or_default();
        match (asked.method.as_str(), path.split('/').collect::<Vec<_>>()[..].as_ref()) {
            ("GET", ["invocation", "next"]) => {
                let Some(invocation) = desk.fetch() else { return Ok(()) };
                hand_out(&mut to, &invocation, arn)?;
            }
            ("POST", ["invocation", id, "response"]) => {
                let known = desk.take(id, Answer::Done(asked.body));
                acknowledge(&mut to, known)?;
            }
            ("POST", ["invocation", id, "error"]) => {
                let known = desk.take(id, failed(&asked));
                acknowledge(&mut to, known)?;
            }
            ("POST", ["init", "error"]) => {
                desk.lock().stillborn = Some(String::from_utf8_lossy(&asked.body).into_owned());
                desk.changed.notify_all();
                acknowledge(&mut to, true)?;
            }
            _ => wire::answer(&mut to, "404 Not Found", &[], b"")?,
        }
    }
    Ok(())
}

fn hand_out(to: &mut TcpStream, invocation: &Invocation, arn: &str) -> io::Result<()> {
    let deadline = invocation.deadline.as_millisecond().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("lambda-runtime-aws-request-id", &invocation.id),
        ("lambda-runtime-deadline-ms", &deadline),
        ("lambda-runtime-invoked-function-arn", arn),
        (
            "lambda-runtime-trace-id",
            "Root=1-6921c2c0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1",
        ),
    ];
    wire::answer(to, "200 OK", &headers, &invocation.payload)
}

fn acknowledge(to: &mut TcpStream, known: bool) -> io::Result<()> {
    let (status, body) = match known {
        true => ("202 Accepted", r#"{"status":"OK"}"#),
        false => {
            ("400 Bad Request", r#"{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}"#)
        }
    };
    wire::answer(to, status, &[("content-type", "application/json")], body.as_bytes())
}

fn failed(asked: &Asked) -> Answer {
    let told: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let text = |name: &str| told[name].as_str().map(str::to_owned);
    let kind =
        text("errorType").or_else(|| asked.header("lambda-runtime-function-error-type").map(str::to_owned));
    Answer::Failed { kind: kind.unwrap_or_default(), message: text("errorMessage").unwrap_or_default() }
}
