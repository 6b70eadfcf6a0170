//! All functions of one process behind the host's port. They never disturb one another: what one does badly is that call's
//! failure.

use std::{
    collections::BTreeMap,
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt as _, future::BoxFuture};
use http::StatusCode;
use ipnet::IpNet;
use jiff::Timestamp;
use pointsman_core::{
    answer::{self, Answer},
    outcome::{Outcome, panicked},
    pipeline::{Accepted, Request},
    port::Clock,
    telemetry,
};
use pointsman_host_http::{Limits, Parts, Server};
use serde_json::Value;
use tokio::sync::watch;
use tracing::{error, warn};

use crate::{Call, Failure, Fault, Trigger, queue::Handled, reply};

/// The longest wait before a failure is told; meanwhile the host renews the message's lock.
pub(crate) const LONGEST: Duration = Duration::from_secs(30);
/// `functionTimeout` of host.json: what lasts longer is given up by the host.
const TIME: Duration = Duration::from_secs(600);
/// Before that the answer must be given.
const EARLY: Duration = Duration::from_secs(1);
/// A stop waits this long for what runs; the host itself waits 30 s.
const GRACE: Duration = Duration::from_secs(25);

type Function = Arc<dyn Fn(Call) -> BoxFuture<'static, Result<Value, Failure>> + Send + Sync>;

/// The functions that are called by name.
#[derive(Clone)]
pub struct Calls {
    functions: BTreeMap<&'static str, Function>,
    clock: Arc<dyn Clock>,
    handled: Arc<Handled>,
    first: Arc<AtomicBool>,
    stopping: watch::Sender<bool>,
}

impl Calls {
    /// None yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            functions: BTreeMap::new(),
            clock,
            handled: Arc::default(),
            first: Arc::new(AtomicBool::new(true)),
            stopping: watch::Sender::new(false),
        }
    }

    /// The same with a function of this name.
    #[must_use]
    pub fn on<F>(mut self, name: &'static str, function: impl Fn(Call) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Value, Failure>> + Send + 'static,
    {
        self.functions.insert(name, Arc::new(move |call| Box::pin(function(call))));
        self
    }

    /// Answers one call; a failure is told when its time has come, or at once when the process stops.
    pub async fn answer(&self, name: String, body: Bytes) -> Answer {
        let now = self.clock.now();
        let deadline = now.checked_add(TIME).unwrap_or(Timestamp::MAX);
        let call = Call::read(name.clone(), &body, (now, deadline), self.handled.clone());
        let Some(function) = self.functions.get(name.as_str()) else {
            let known: Vec<&str> = self.functions.keys().copied().collect();
            error!("there is no function `{name}` in this program; there are: {}", known.join(", "));
            // Messages of a queue that nobody works on are not to die within seconds.
            let message = call.is_ok_and(|call| call.trigger() == Trigger::Queue);
            self.wait(if message { LONGEST } else { Duration::ZERO }, deadline).await;
            return answer::not_found();
        };
        let (failure, after) = match call {
            // Whose it is cannot be known: it may be a message, and come again at once.
            Err(fault) => (fault.into(), Some(LONGEST)),
            Ok(call) => {
                let (patience, trigger) = (call.patience(), call.trigger());
                let told = AssertUnwindSafe(function(call)).catch_unwind().await;
                let first = self.first.swap(false, Ordering::Relaxed);
                let took = self.clock.now().duration_since(now).unsigned_abs();
                telemetry::invoked(trigger.label(), first, !matches!(told, Ok(Ok(_))), took);
                telemetry::flush().await;
                match told {
                    Ok(Ok(told)) => return reply::done(&told.to_string()),
                    Ok(Err(failure)) => {
                        let after = failure.after.or(patience);
                        (failure, after)
                    }
                    Err(panic) => (Failure::from(panicked(&*panic)), patience),
                }
            }
        };
        let Failure { fault, .. } = failure;
        error!(function = name, %fault, "the call failed");
        self.wait(after.unwrap_or_default(), deadline).await;
        reply::failed(StatusCode::INTERNAL_SERVER_ERROR, &fault.to_string())
    }

    async fn wait(&self, after: Duration, deadline: Timestamp) {
        let left = Duration::try_from(deadline.duration_since(self.clock.now())).unwrap_or_default();
        let after = after.min(LONGEST).min(left.saturating_sub(EARLY));
        if after.is_zero() {
            return;
        }
        let mut stopping = self.stopping.subscribe();
        tokio::select! {
            () = self.clock.sleep(after) => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    /// From now on no failure is waited with.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.functions.keys()).finish()
    }
}

/// All of them on one port.
pub struct Host {
    server: Server,
    calls: Calls,
}

impl Host {
    /// Binds loopback: calls by name, and webhooks, which are forwarded as they were sent, for the stage of this name.
    /// `trusted` are proxies before the cloud's own front end.
    pub async fn bind<F>(
        port: u16,
        calls: Calls,
        name: &'static str,
        trusted: &[IpNet],
        stage: impl Fn(Request) -> F + Send + Sync + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = Outcome<Accepted>> + Send + 'static,
    {
        let mut parts = Parts::new(name, stage);
        // Everything comes from the host on this machine, which tells who sent it.
        let own = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)].map(IpNet::from);
        parts.trusted_proxies = own.into_iter().chain(trusted.iter().copied()).collect();
        // The host keeps its connections: one that we end just as it is used again would be a failed call.
        parts.limits = Limits { head_time: TIME, grace: GRACE, ..Limits::default() };
        let answers = calls.clone();
        let parts = parts.calls(move |name, body| {
            let calls = answers.clone();
            async move { calls.answer(name, body).await }
        });
        let server = Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), parts).await?;
        Ok(Self { server, calls })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Serves until `shutdown`; then what runs is finished, what waits to fail fails, and nothing new is taken.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Self { server, calls } = self;
        server
            .serve(async move {
                shutdown.await;
                warn!("the process stops: what runs is finished");
                calls.stop();
            })
            .await;
    }
}

/// A call that its stage does not take.
pub(crate) fn malformed(why: String) -> Failure {
    Failure { fault: Fault::new("Malformed", why), after: Some(LONGEST) }
}
