//! Stages and rounds over a real store, by a clock that is turned.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::FutureExt as _;
use pointsman_conformance::TurnedClock;
use pointsman_core::{
    outcome::Outcome,
    port::{ErrorKind, Message, PortError, Queue as _, QueueAdmin as _, QueueName, QueueSettings, Received},
};
use pointsman_embedded::{Options, Store};
use pointsman_host_worker::Worker;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

struct House {
    store: Store,
    clock: Arc<TurnedClock>,
    /// The rounds' own: nobody else sleeps by it.
    rounds: Arc<TurnedClock>,
    said: UnboundedReceiver<String>,
    says: UnboundedSender<String>,
    /// What the next rounds answer with; at first with a number.
    faults: Arc<Mutex<Vec<ErrorKind>>>,
    _folder: tempfile::TempDir,
}

fn queue() -> QueueName {
    "release-orchestrator".parse().unwrap()
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(TurnedClock::default());
        let options =
            Options::new(clock.clone(), "a test").with_queues([(queue(), QueueSettings::default())]);
        let store = Store::open(folder.path(), options).await.unwrap();
        let (says, said) = unbounded_channel();
        let rounds = Arc::default();
        Self { store, clock, rounds, said, says, faults: Arc::default(), _folder: folder }
    }

    /// Says what it does, and by which terms.
    fn start(&self, terms: Option<&'static str>) -> Task<&'static str> {
        let (store, clock, rounds) = (self.store.clone(), self.clock.clone(), self.rounds.clone());
        let (says, faults) = (self.says.clone(), self.faults.clone());
        start("a test", terms, move |terms| {
            let (name, said) = (*terms, says.clone());
            let handle: Handle = Arc::new(move |turn: Vec<Received>| {
                said.send(format!("{name}: {} messages", turn.len())).unwrap();
                async { Ok(Outcome::Done(())) }.boxed()
            });
            let (faults, says) = (faults.clone(), says.clone());
            let round = Arc::new(move || {
                says.send(format!("{name}: round")).unwrap();
                let fault = faults.lock().unwrap().pop();
                let done = fault.map_or(Ok(1), |kind| Err(PortError::new(kind, "it was told to fail")));
                async { done }.boxed()
            });
            let worker = Worker::new(Arc::new(store.clone()), clock.clone(), queue());
            let rounds = Rounds { every: 60 * MINUTE, clock: rounds.clone(), round };
            Some(Crew { stages: vec![Stage { worker, handle }], rounds: Some(rounds) })
        })
    }

    async fn send(&self, count: usize) {
        let message =
            Message { session: Some("acme/web".into()), body: "a push".into(), ..Message::default() };
        for sent in self.store.send(&queue(), vec![message; count]).await {
            sent.unwrap();
        }
    }

    async fn hears(&mut self, expected: &str) {
        let said = tokio::time::timeout(MINUTE, self.said.recv()).await;
        assert_eq!(said.expect("in time").as_deref(), Some(expected));
    }

    /// Turns the rounds' clock once they sleep: until they do there is nobody to wake.
    async fn turn(&self, by: Duration) {
        self.rounds.until_asleep(1).await;
        self.rounds.turn(by);
    }
}

#[tokio::test]
async fn stages_get_what_waits_and_rounds_are_made_at_the_start_and_each_time() {
    let mut house = House::new().await;
    house.send(3).await;
    let releases = house.start(Some("a"));
    let mut first = [house.said.recv().await.unwrap(), house.said.recv().await.unwrap()];
    first.sort();
    assert_eq!(first, ["a: 3 messages", "a: round"]);
    house.turn(60 * MINUTE).await;
    house.hears("a: round").await;
    house.end(releases).await;
    assert_eq!(house.store.stats(&queue()).await.unwrap().depth, 0);
}

#[tokio::test]
async fn other_terms_begin_anew_and_the_same_ones_change_nothing() {
    let mut house = House::new().await;
    let releases = house.start(None);
    house.send(2).await;
    releases.replace(Some("a"));
    let mut first = [house.said.recv().await.unwrap(), house.said.recv().await.unwrap()];
    first.sort();
    assert_eq!(first, ["a: 2 messages", "a: round"]);
    releases.replace(Some("a"));
    house.send(1).await;
    house.hears("a: 1 messages").await;
    releases.replace(Some("b"));
    house.turned_until_heard("b: round").await;
    house.send(1).await;
    house.hears("b: 1 messages").await;
    releases.replace(None);
    house.end(releases).await;
    house.send(1).await;
    assert!(house.said.try_recv().is_err(), "nobody works any more");
    assert_eq!(house.store.stats(&queue()).await.unwrap().depth, 1);
}

#[tokio::test]
async fn a_round_that_failed_is_made_again_soon_and_when_a_limit_ends() {
    let mut house = House::new().await;
    let limit = ErrorKind::Throttled { after: Some(20 * MINUTE) };
    house.faults.lock().unwrap().extend([limit, ErrorKind::Unavailable]);
    let releases = house.start(Some("a"));
    house.hears("a: round").await;
    house.turn(5 * MINUTE).await;
    house.hears("a: round").await;
    house.turn(19 * MINUTE).await;
    house.rounds.until_asleep(1).await;
    assert!(house.said.try_recv().is_err(), "the limit is kept");
    house.turn(MINUTE).await;
    house.hears("a: round").await;
    house.end(releases).await;
}

impl House {
    /// Time passes until this is heard.
    async fn turned_until_heard(&mut self, expected: &str) {
        let heard = async {
            loop {
                match self.said.try_recv() {
                    Ok(said) => break said,
                    Err(_) => self.clock.turn(Duration::from_millis(500)),
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        assert_eq!(tokio::time::timeout(MINUTE, heard).await.expect("in time"), expected);
    }

    /// Time passes until all has stopped.
    async fn end(&self, releases: Task<&'static str>) {
        let stopping = releases.stop();
        tokio::pin!(stopping);
        while tokio::time::timeout(Duration::from_millis(1), &mut stopping).await.is_err() {
            self.clock.turn(Duration::from_millis(500));
        }
    }
}
