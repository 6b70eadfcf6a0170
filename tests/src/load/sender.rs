//! The sender: each request leaves by the clock, whether or not earlier ones were answered, and its latency counts from when
//! it should have left. It waits ten seconds, as GitHub does, and never tries by itself again.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep_until, timeout_at},
};

use super::{
    facts::Facts,
    figures::{Ended, Figures},
    hostile::Hostile,
    traffic::{Shot, Traffic},
    wire::{Reply, Wire},
};

/// How long GitHub waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections at the same time; a server takes 4,096.
const CONNECTIONS: usize = 2000;

/// A sender, and where to.
pub struct Sender {
    /// `host:port`; another after a restart.
    address: Mutex<String>,
    /// What was sent and answered.
    pub facts: Arc<Facts>,
    /// The signature of [`hostile::BROKEN`](super::hostile::BROKEN).
    broken: String,
    idle: Mutex<Vec<Wire>>,
    slots: Semaphore,
}

impl Sender {
    /// To `address`; `broken` is the right signature of what is no JSON.
    pub fn new(address: &str, facts: Arc<Facts>, broken: String) -> Self {
        Self {
            address: Mutex::new(address.to_owned()),
            facts,
            broken,
            idle: Mutex::default(),
            slots: Semaphore::new(CONNECTIONS),
        }
    }

    /// From now on to this one.
    pub fn redirect(&self, address: &str) {
        address.clone_into(&mut self.address.lock().unwrap_or_else(PoisonError::into_inner));
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// So many a second, by `rate` of the time since the beginning, until it says none; then waits for the last answer.
    pub async fn run(
        self: &Arc<Self>,
        traffic: &mut Traffic,
        figures: &Arc<Figures>,
        rate: impl Fn(Duration) -> Option<f64>,
    ) {
        let began = Instant::now();
        let (mut at, mut open) = (Duration::ZERO, JoinSet::new());
        while let Some(per_second) = rate(at) {
            let (gap, shot) = traffic.next(per_second);
            at += gap;
            let due = began + at;
            if due > Instant::now() {
                sleep_until(due).await;
            }
            open.spawn(self.clone().shoot(shot, due, figures.clone()));
            while open.try_join_next().is_some() {}
        }
        while open.join_next().await.is_some() {}
    }

    /// As many as are answered, over so many connections, for so long: the most that there is.
    pub async fn saturate(
        self: &Arc<Self>,
        traffic: &mut Traffic,
        figures: &Arc<Figures>,
        connections: usize,
        time: Duration,
    ) {
        let (until, free) = (Instant::now() + time, Arc::new(Semaphore::new(connections)));
        let mut open = JoinSet::new();
        while Instant::now() < until {
            let shot = traffic.next(1.0).1;
            // A slow body would keep a connection from its work.
            if matches!(shot, Shot::Hostile(_)) {
                continue;
            }
            let slot = free.clone().acquire_owned().await.expect("nobody closes it");
            let (sender, figures) = (self.clone(), figures.clone());
            open.spawn(async move {
                sender.shoot(shot, Instant::now(), figures).await;
                drop(slot);
            });
            while open.try_join_next().is_some() {}
        }
        while open.join_next().await.is_some() {}
    }

    async fn shoot(self: Arc<Self>, shot: Shot, due: Instant, figures: Arc<Figures>) {
        match shot {
            Shot::New(number) | Shot::Again(number) => {
                let ended = self.deliver(number, due).await;
                figures.count(ended, due.elapsed());
            }
            Shot::Hostile(kind) => figures.hostile(kind, self.attack(kind).await),
        }
    }

    async fn attack(&self, kind: Hostile) -> Option<u16> {
        let address = self.address();
        kind.send(&address, self.facts.bodies.of(0), &self.broken).await
    }

    async fn deliver(&self, number: u32, due: Instant) -> Ended {
        let until = due + PATIENCE;
        let Ok(Ok(_slot)) = timeout_at(until, self.slots.acquire()).await else { return Ended::Unsent };
        let body = self.facts.bodies.of(number);
        let id = self.facts.leaves(number);
        let head = format!(
            "POST /webhooks/github HTTP/1.1\r\nhost: load\r\ncontent-type: application/json\r\n\
             user-agent: GitHub-Hookshot/load\r\nx-github-event: {}\r\nx-github-hook-id: 1\r\n\
             x-github-delivery: {id}\r\nx-hub-signature-256: {}\r\ncontent-length: {}\r\n\r\n",
            body.event,
            body.signature,
            body.bytes.len()
        );
        match timeout_at(until, self.ask(head.as_bytes(), &body.bytes)).await {
            Ok(Ok(reply)) => {
                if reply.status == 202 {
                    self.facts.answered(number);
                }
                ended(reply)
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Ended::NobodyThere,
            Ok(Err(_)) => Ended::CutOff,
            Err(_) => Ended::TimedOut,
        }
    }

    async fn ask(&self, head: &[u8], body: &[u8]) -> io::Result<Reply> {
        let mut wire = match self.kept() {
            Some(wire) => wire,
            None => Wire::open(&self.address()).await?,
        };
        let reply = wire.ask(head, body).await?;
        if !reply.closes {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(wire);
        }
        Ok(reply)
    }

    /// An idle connection that is still open.
    fn kept(&self) -> Option<Wire> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let wire = idle.pop()?;
            if !wire.is_over() {
                return Some(wire);
            }
        }
    }

    fn address(&self) -> String {
        self.address.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn ended(reply: Reply) -> Ended {
    match reply.status {
        202 => Ended::Accepted,
        503 if reply.has_retry_after => Ended::Later,
        status => Ended::Other(status),
    }
}
