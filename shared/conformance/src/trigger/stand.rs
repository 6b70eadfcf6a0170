//! The words of the trigger suite's cases: messages by short names, stages that note what they see.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use pointsman_core::{
    outcome::{Handled, Outcome, Reason, Rejection},
    port::{Ask, ErrorKind, Message, PortError, QueueName, Received, dead_letter},
};
use serde_json::{Value, json};

use super::{Flags, Handler, LOOSE, ORDERED, Ports};
use crate::Subject;

/// What a case is run on.
pub(super) type Stand = Subject<Ports, Flags>;

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// Waits that are enough for five attempts of a stage that fails.
pub(super) const FIVE_ATTEMPTS: [Duration; 4] =
    [SECOND, Duration::from_secs(2), Duration::from_secs(4), EIGHT];
const EIGHT: Duration = Duration::from_secs(8);

impl Stand {
    /// Sends messages by their names: `a1` and `a2` are of the session `a`; `-1` has none, and goes to [`LOOSE`].
    pub(super) async fn put(&self, names: &[&str]) {
        for name in names {
            self.send(message(name)).await;
        }
    }

    /// Sends one message to the queue that its session, or the want of one, asks for.
    pub(super) async fn send(&self, message: Message) {
        let queue = if message.session.is_some() { ORDERED } else { LOOSE };
        let sent = self.ports.queue.send(&name(queue), vec![message]).await.remove(0);
        sent.expect("the queue takes the message");
    }

    /// Hands over what is there now, of both queues.
    pub(super) async fn drain(&self, stage: &Handler) {
        for queue in [ORDERED, LOOSE] {
            self.ports.host.drain(&name(queue), stage.clone()).await;
        }
    }

    /// Hands over what is there now, and again after each of these times.
    pub(super) async fn drain_after(&self, waits: &[Duration], stage: &Handler) {
        self.drain(stage).await;
        for wait in waits {
            self.pass((*wait).min(self.capabilities.longest_wait)).await;
            self.drain(stage).await;
        }
    }

    /// All dead letters.
    pub(super) async fn dead(&self) -> Vec<Received> {
        let mut dead = Vec::new();
        for queue in [ORDERED, LOOSE] {
            let queue = name(queue).dead_letters();
            let ask = Ask { max: 10, wait: Duration::ZERO, visibility: None, session: None, sessions: None };
            loop {
                let more = self.ports.receiver.receive(&queue, ask.clone()).await;
                let more = more.expect("dead letters can be received");
                if more.is_empty() {
                    break;
                }
                dead.extend(more);
            }
        }
        dead
    }

    /// Each dead letter's name, reason, error and attempts.
    pub(super) async fn epitaphs(&self) -> Vec<[String; 4]> {
        let of = |letter: &Received| {
            let word = |name: &str| letter.attributes.get(name).cloned().unwrap_or_default();
            let [reason, error] = [dead_letter::REASON, dead_letter::ERROR].map(word);
            [named(letter), reason, error, word(dead_letter::ATTEMPTS)]
        };
        self.dead().await.iter().map(of).collect()
    }

    /// Nothing is left of what was sent, now or later.
    pub(super) async fn assert_nothing_comes(&self) {
        let watch = Watch::default();
        self.drain_after(&[Duration::from_secs(3600)], &watch.stage(|_, _| done())).await;
        assert_eq!(watch.seen(), [""; 0]);
    }
}

#[derive(Default)]
struct Seen {
    messages: Vec<Received>,
    /// Of each run, its messages' names with spaces between.
    runs: Vec<String>,
    busy: HashSet<String>,
    overlaps: Vec<String>,
}

/// A stage's notes of what it was handed.
#[derive(Clone, Default)]
pub(super) struct Watch(Arc<Mutex<Seen>>);

impl Watch {
    /// A stage that ends as `end` says of a message's name and attempt.
    pub(super) fn stage(&self, end: impl Fn(&str, u32) -> Handled<()> + Send + Sync + 'static) -> Handler {
        self.handler(false, move |turn| end(&named(&turn[0]), turn[0].attempt))
    }

    /// A stage that takes all of a session at once, and ends as `end` says of their names and the first one's attempt.
    pub(super) fn together(
        &self,
        end: impl Fn(&[String], u32) -> Handled<()> + Send + Sync + 'static,
    ) -> Handler {
        self.handler(true, move |turn| end(&turn.iter().map(named).collect::<Vec<_>>(), turn[0].attempt))
    }

    fn handler(
        &self,
        together: bool,
        end: impl Fn(&[Received]) -> Handled<()> + Send + Sync + 'static,
    ) -> Handler {
        let (watch, end) = (self.clone(), Arc::new(end));
        let run = move |turn: Vec<Received>| {
            let (watch, end) = (watch.clone(), end.clone());
            Box::pin(async move {
                let busy = watch.begin(&turn);
                // Others get their turn now: two of one session would be seen.
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                }
                watch.lock().busy.remove(&busy);
                end(&turn)
            }) as _
        };
        Handler { run: Arc::new(run), together }
    }

    fn begin(&self, turn: &[Received]) -> String {
        let mut seen = self.lock();
        let names: Vec<_> = turn.iter().map(named).collect();
        let lane = turn[0].session.as_ref().map_or_else(|| names[0].clone(), ToString::to_string);
        if !seen.busy.insert(lane.clone()) {
            seen.overlaps.push(lane.clone());
        }
        seen.runs.push(names.join(" "));
        seen.messages.extend_from_slice(turn);
        lane
    }

    /// Everything that was handed over, in order.
    pub(super) fn messages(&self) -> Vec<Received> {
        let seen = self.lock();
        assert_eq!(seen.overlaps, [""; 0], "two of one session at once");
        seen.messages.clone()
    }

    /// The same, as `a1` for a first attempt and `a1#2` for a second.
    pub(super) fn seen(&self) -> Vec<String> {
        let word = |message: &Received| match message.attempt {
            1 => named(message),
            attempt => format!("{}#{attempt}", named(message)),
        };
        self.messages().iter().map(word).collect()
    }

    /// Those of one session.
    pub(super) fn seen_of(&self, session: char) -> Vec<String> {
        self.seen().into_iter().filter(|name| name.starts_with(session)).collect()
    }

    /// The names in each run.
    pub(super) fn runs(&self) -> Vec<String> {
        self.lock().runs.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A queue's name.
pub(super) fn name(text: &str) -> QueueName {
    text.parse().expect("a queue's name")
}

/// An event of this id, with this among its attributes.
pub(super) fn event(id: &str, more: Value) -> Bytes {
    let mut event = json!({
        "specversion": "1.0",
        "id": id,
        "type": "com.github.issues.opened",
        "source": "https://github.com/acme/widgets",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    event.to_string().into()
}

/// A message as the pipeline sends it.
pub(super) fn message(id: &str) -> Message {
    let session = id.chars().next().filter(|first| *first != '-');
    Message {
        body: event(id, json!({ "data": { "action": "opened", "issue": { "number": 7 } } })).into(),
        session: session.map(|first| first.to_string().as_str().into()),
        dedup_id: id.to_owned(),
        attributes: [("type".to_owned(), "com.github.issues.opened".to_owned())].into(),
        correlation: Some(id.to_owned()),
        delay: None,
    }
}

/// The id of the event that a message is.
pub(super) fn named(message: &Received) -> String {
    let event: Value = serde_json::from_slice(&message.body).expect("the body is the event that was sent");
    event["id"].as_str().expect("the event has its id").to_owned()
}

pub(super) fn done() -> Handled<()> {
    Ok(Outcome::Done(()))
}

pub(super) fn broken() -> Handled<()> {
    Err(PortError::unavailable("the subscriber is away"))
}

pub(super) fn rejected(reason: Reason, detail: &str) -> Handled<()> {
    Ok(Outcome::Rejected(Rejection::new(reason, detail)))
}

pub(super) fn throttled(after: Duration) -> Handled<()> {
    Err(PortError::new(ErrorKind::Throttled { after: Some(after) }, "slow down"))
}
