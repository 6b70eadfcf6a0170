//! A queue in memory on tokio's paused time, that writes down what it is told and can be told to fail.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use pointsman_core::{
    port::{Abandon, Ask, Clock, ErrorKind, MessageId, PortError, QueueName, Receipt, Received, Receiver},
    session::Session,
};
use pointsman_host_worker::Worker;
use tokio::time::{Instant, sleep};

pub struct TokioClock(Instant);

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        sleep(duration).await;
    }
}

struct Message {
    name: String,
    session: Option<Session>,
    failures: u32,
    not_before: Instant,
    held: Option<(String, Instant)>,
}

impl Message {
    fn is_held(&self) -> bool {
        self.held.as_ref().is_some_and(|(_, until)| *until > Instant::now())
    }
}

#[derive(Default)]
struct State {
    messages: Vec<Message>,
    log: Vec<String>,
    receipts: u32,
    /// Errors that the next calls of `receive`, or of settling, answer with.
    receive_errors: VecDeque<ErrorKind>,
    settle_errors: VecDeque<ErrorKind>,
    /// What fails for good stays, and its session waits behind it.
    holds: bool,
}

#[derive(Clone)]
pub struct Fake {
    state: Arc<Mutex<State>>,
    clock: Arc<TokioClock>,
}

impl Fake {
    /// Messages such as `a1`, `a2` (session `a`), or `-1` (none), in this order.
    pub fn of(names: &[&str]) -> Self {
        let message = |name: &&str| Message {
            name: (*name).to_owned(),
            session: (!name.starts_with('-')).then(|| Session::from(&name[..1])),
            failures: 0,
            not_before: Instant::now(),
            held: None,
        };
        let state = State { messages: names.iter().map(message).collect(), ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), clock: Arc::new(TokioClock(Instant::now())) }
    }

    /// What fails for good is held for a person from now on.
    pub fn hold(&self) {
        self.state.lock().unwrap().holds = true;
    }

    /// A worker of it that ends when nothing more can be received.
    pub fn worker(&self) -> Worker {
        let queue = "q".parse().unwrap();
        Worker { once: true, ..Worker::new(Arc::new(self.clone()), self.clock.clone(), queue) }
    }

    pub fn log(&self) -> Vec<String> {
        self.state.lock().unwrap().log.clone()
    }

    /// What is still there.
    pub fn left(&self) -> Vec<String> {
        self.state.lock().unwrap().messages.iter().map(|message| message.name.clone()).collect()
    }

    pub fn fail_receive(&self, kinds: &[ErrorKind]) {
        self.state.lock().unwrap().receive_errors.extend(kinds);
    }

    pub fn fail_settling(&self, kinds: &[ErrorKind]) {
        self.state.lock().unwrap().settle_errors.extend(kinds);
    }

    /// As if this message's hold had run out, and somebody else (if `taken`) had got it.
    pub fn expire(&self, name: &str, taken: bool) {
        let other = || ("somebody else".into(), Instant::now() + Duration::from_secs(3600));
        for message in self.state.lock().unwrap().messages.iter_mut().filter(|message| message.name == name) {
            message.held = taken.then(other);
        }
    }

    fn take(&self, ask: &Ask) -> Result<Vec<Received>, PortError> {
        let mut state = self.state.lock().unwrap();
        let State { messages, receipts, receive_errors, .. } = &mut *state;
        if let Some(kind) = receive_errors.pop_front() {
            return Err(PortError::new(kind, "the queue `q` was told to fail"));
        }
        let now = Instant::now();
        let mut shut: Vec<Session> = Vec::new();
        for message in messages.iter() {
            if message.is_held() || message.not_before > now {
                shut.extend(message.session.clone());
            }
        }
        let (mut taken, mut sessions) = (Vec::new(), BTreeSet::new());
        for message in messages.iter_mut() {
            let shut = message.session.as_ref().is_some_and(|session| shut.contains(session));
            let of = message.session.as_ref().map_or(message.name.as_str(), Session::as_str).to_owned();
            let beyond = !sessions.contains(&of) && ask.sessions.is_some_and(|most| sessions.len() == most);
            if beyond || shut || message.is_held() || message.not_before > now || taken.len() == ask.max {
                continue;
            }
            sessions.insert(of);
            *receipts += 1;
            let receipt = format!("receipt {receipts}");
            message.held = Some((receipt.clone(), now + ask.visibility.unwrap()));
            taken.push(received(message, receipt));
        }
        Ok(taken)
    }

    /// Finds the message by its receipt; `change` says whether it stays.
    fn settle(
        &self,
        receipt: &Receipt,
        what: &str,
        change: impl FnOnce(&mut Message) -> bool,
    ) -> Result<(), PortError> {
        let mut state = self.state.lock().unwrap();
        if let Some(kind) = state.settle_errors.pop_front() {
            return Err(PortError::new(kind, "the queue `q` was told to fail"));
        }
        let ours = |m: &Message| m.is_held() && m.held.as_ref().is_some_and(|(held, _)| *held == receipt.0);
        let Some(at) = state.messages.iter().position(ours) else {
            return Err(PortError::conflict("the receipt is void"));
        };
        let line = format!("{what} {}", state.messages[at].name);
        state.log.push(line);
        if !change(&mut state.messages[at]) {
            state.messages.remove(at);
        }
        Ok(())
    }
}

fn received(message: &Message, receipt: String) -> Received {
    Received {
        id: MessageId(message.name.clone()),
        receipt: Receipt(receipt),
        body: Bytes::new(),
        session: message.session.clone(),
        attributes: BTreeMap::new(),
        correlation: None,
        attempt: message.failures + 1,
        enqueued: Timestamp::UNIX_EPOCH,
        visible_at: Timestamp::UNIX_EPOCH,
    }
}

#[async_trait]
impl Receiver for Fake {
    async fn receive(&self, _: &QueueName, ask: Ask) -> Result<Vec<Received>, PortError> {
        let end = Instant::now() + ask.wait;
        loop {
            let taken = self.take(&ask)?;
            if !taken.is_empty() || Instant::now() >= end {
                return Ok(taken);
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn complete(&self, _: &QueueName, receipts: &[Receipt]) -> Vec<Result<(), PortError>> {
        receipts.iter().map(|receipt| self.settle(receipt, "complete", |_| false)).collect()
    }

    async fn abandon(&self, _: &QueueName, receipt: &Receipt, how: Abandon) -> Result<(), PortError> {
        let what = match &how.failed {
            Some(error) => format!("failed({error}, {:?})", how.after),
            None if how.after.is_zero() => "untouched".to_owned(),
            None => format!("untouched({:?})", how.after),
        };
        self.settle(receipt, &what, |message| {
            message.failures += u32::from(how.failed.is_some());
            message.not_before = Instant::now() + how.after;
            message.held = None;
            true
        })
    }

    async fn dead_letter(
        &self,
        _: &QueueName,
        receipt: &Receipt,
        reason: &str,
        error: &str,
    ) -> Result<(), PortError> {
        let holds = self.state.lock().unwrap().holds;
        let mut of = None;
        self.settle(receipt, &format!("dead({reason}, {error})"), |message| {
            message.not_before = Instant::now() + Duration::from_secs(3600);
            of = message.session.clone();
            holds
        })?;
        if holds {
            let mut state = self.state.lock().unwrap();
            state.messages.iter_mut().filter(|it| it.session == of).for_each(|it| it.held = None);
        }
        Ok(())
    }

    async fn renew(&self, _: &QueueName, receipt: &Receipt, by: Duration) -> Result<Timestamp, PortError> {
        self.settle(receipt, "renew", |message| {
            message.held = message.held.take().map(|(held, _)| (held, Instant::now() + by));
            true
        })?;
        Ok(self.clock.now() + by)
    }
}
