//! A host under test: how its triggers are pulled, and what differs between hosts.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use jiff::Timestamp;
use pointsman_core::{
    answer::Answer,
    outcome::{Handled, Outcome},
    pipeline::{Accepted, Request},
    port::{Queue, QueueName, Received, Receiver},
};
use serde_json::Value;

/// The queue of the suite's messages that have a session; five attempts, and twelve hours of throttling.
pub const ORDERED: &str = "work";
/// The queue of those that have none; the same otherwise.
pub const LOOSE: &str = "loose";

/// The stage behind `POST /webhooks/{source}`.
pub type Webhooks = Arc<dyn Fn(Request) -> BoxFuture<'static, Outcome<Accepted>> + Send + Sync>;

/// A stage that is run once, with `I`.
pub type Run<I> = Arc<dyn Fn(I) -> BoxFuture<'static, Handled<String>> + Send + Sync>;

/// The stage behind a queue.
#[derive(Clone)]
pub struct Handler {
    /// Takes one message, or all that waits of a session.
    pub run: Arc<dyn Fn(Vec<Received>) -> BoxFuture<'static, Handled<()>> + Send + Sync>,
    /// Whether it takes all at once. Only where [`Flags::together`].
    pub together: bool,
}

/// How a run ended, as its trigger was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With this answer.
    Done(Value),
    /// Without work, and why.
    Skipped(String),
    /// The trigger was told that it failed, and why.
    Failed(String),
}

/// A host, and what is before it: a server, an event source, a schedule. Each call is one or more invocations, all of
/// them ended when it returns.
#[async_trait(?Send)]
pub trait Host: Send + Sync {
    /// Sends a request whose URI is a path, from 127.0.0.1, which is a trusted proxy; the whole answer.
    async fn request(&self, request: http::Request<Bytes>, stage: Webhooks) -> Answer;
    /// Hands over what can be had of the queue now, and settles it as its trigger does, until there is nothing more.
    async fn drain(&self, queue: &QueueName, stage: Handler);
    /// The schedule fires. Only where [`Flags::runs`].
    async fn schedule(&self, _at: Timestamp, _stage: Run<Timestamp>) -> Ended {
        unreachable!("a host that says `runs` brings this")
    }
    /// An invocation by name, with this order. Only where [`Flags::runs`].
    async fn invoke(&self, _order: Value, _stage: Run<Value>) -> Ended {
        unreachable!("a host that says `runs` brings this")
    }
}

/// What the suite is run on.
#[derive(Clone)]
pub struct Ports {
    /// The host.
    pub host: Arc<dyn Host>,
    /// Sends to [`ORDERED`] and [`LOOSE`], which are empty.
    pub queue: Arc<dyn Queue>,
    /// Receives their dead letters.
    pub receiver: Arc<dyn Receiver>,
}

/// In what hosts differ; each difference is argued where it is said.
#[derive(Debug, Clone)]
pub struct Flags {
    /// The longest body that a case sends.
    pub largest_request: usize,
    /// The host itself refuses a longer one. False where what is before it does.
    pub refuses_larger: bool,
    /// What is to be retried `after` some time is not handed out before. False where a host waits less.
    pub exact_after: bool,
    /// A stage may take all that waits of a session at once. False where a trigger hands out one message a call.
    pub together: bool,
    /// It has schedules, and invocations by name. False where the program runs such a stage itself.
    pub runs: bool,
    /// Cases let no more than this much time pass at once: little where time is real.
    pub longest_wait: Duration,
}

impl Flags {
    /// Everything, in time turned by hand.
    pub const ALL: Self = Self {
        largest_request: 1 << 20,
        refuses_larger: true,
        exact_after: true,
        together: true,
        runs: true,
        longest_wait: Duration::from_secs(24 * 60 * 60),
    };
}
