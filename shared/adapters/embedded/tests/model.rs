//! The store against a model: whatever is done to a queue in whatever order, it does what a list with rules would do.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use pointsman_conformance::TurnedClock;
use pointsman_core::port::{
    Abandon, Ask, Clock as _, ErrorKind, Message, PortError, QueueName, QueueSettings, Received,
};
use pointsman_embedded::{Options, Ports, Store};
use proptest::{collection, option, prelude::*, test_runner::Config};

const VISIBILITY: Duration = Duration::from_secs(30);
const WINDOW: Duration = Duration::from_secs(60);
const ATTEMPTS: u32 = 3;

/// What may be done. Numbers name one of what there is, whatever its count.
#[derive(Debug, Clone)]
enum Step {
    Send { session: Option<u8>, dedup: Option<u8>, delay: bool },
    Receive { max: usize },
    Complete { batch: usize, few: usize },
    GiveBack { batch: usize, failed: bool, after: u64 },
    Bury { batch: usize },
    Renew { batch: usize },
    Pass { seconds: u64 },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let batch = 0..4_usize;
    prop_oneof![
        6 => (option::weighted(0.8, 0..3_u8), option::weighted(0.5, 0..5_u8), any::<bool>())
            .prop_map(|(session, dedup, delay)| Step::Send { session, dedup, delay }),
        6 => (1..6_usize).prop_map(|max| Step::Receive { max }),
        4 => (batch.clone(), 1..4_usize).prop_map(|(batch, few)| Step::Complete { batch, few }),
        3 => (batch.clone(), any::<bool>(), prop_oneof![Just(0), Just(11), Just(50)])
            .prop_map(|(batch, failed, after)| Step::GiveBack { batch, failed, after }),
        1 => batch.clone().prop_map(|batch| Step::Bury { batch }),
        1 => batch.prop_map(|batch| Step::Renew { batch }),
        3 => prop_oneof![Just(1), Just(7), Just(31), Just(130)].prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Restart),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now {
    Waiting,
    Held,
    Done,
    Dead,
}

#[derive(Debug)]
struct Known {
    session: Option<u8>,
    /// Not before this time.
    due: Timestamp,
    attempts: u32,
    now: Now,
}

/// What one receive took of one session, or one message without a session.
#[derive(Debug)]
struct Batch {
    session: Option<u8>,
    expires: Timestamp,
    /// What is not settled, by the message's number, in order.
    left: Vec<(usize, Received)>,
}

/// The list with rules.
struct Model {
    messages: Vec<Known>,
    batches: Vec<Batch>,
    /// Receipts whose time is over.
    void: Vec<Received>,
    /// When each session may be handed out again.
    until: HashMap<u8, Timestamp>,
    /// When each dedup id was taken.
    seen: BTreeMap<u8, Timestamp>,
}

impl Model {
    /// Holds that ran out: the first message was the one that somebody was on.
    fn pass(&mut self, now: Timestamp) {
        for batch in std::mem::take(&mut self.batches) {
            if batch.expires > now {
                self.batches.push(batch);
                continue;
            }
            for (place, (number, received)) in batch.left.into_iter().enumerate() {
                self.back(number, place == 0, now);
                self.void.push(received);
            }
        }
    }

    fn back(&mut self, number: usize, failed: bool, due: Timestamp) {
        let message = &mut self.messages[number];
        message.attempts += u32::from(failed);
        message.now = if failed && message.attempts >= ATTEMPTS { Now::Dead } else { Now::Waiting };
        message.due = due;
        if let (Now::Waiting, Some(session)) = (message.now, message.session) {
            let until = self.until.entry(session).or_insert(due);
            *until = due.max(*until);
        }
    }

    fn is_held(&self, session: u8) -> bool {
        self.batches.iter().any(|batch| batch.session == Some(session))
    }

    /// What can be handed out: of a session all that waits, in order; without a session what is due.
    fn ready(&self, now: Timestamp) -> BTreeMap<Option<u8>, Vec<usize>> {
        let mut ready: BTreeMap<Option<u8>, Vec<usize>> = BTreeMap::new();
        for (number, message) in self.messages.iter().enumerate().filter(|(_, it)| it.now == Now::Waiting) {
            let free = match message.session {
                Some(session) => {
                    !self.is_held(session) && self.until.get(&session).is_none_or(|until| *until <= now)
                }
                None => message.due <= now,
            };
            if free {
                ready.entry(message.session).or_default().push(number);
            }
        }
        ready
    }

    fn received(&mut self, got: Vec<Received>, max: usize, now: Timestamp) {
        let ready = self.ready(now);
        let there = ready.values().map(Vec::len).sum::<usize>();
        assert!(got.len() <= max, "{} of at most {max}", got.len());
        assert_eq!(got.is_empty(), there == 0, "{there} are ready: {ready:?}");
        for received in got {
            let number: usize = std::str::from_utf8(&received.body).unwrap().parse().unwrap();
            let message = &mut self.messages[number];
            assert_eq!(received.attempt, message.attempts + 1, "message {number}");
            assert_eq!(received.visible_at, now + VISIBILITY);
            message.now = Now::Held;
            let session = message.session;
            let same = |batch: &&mut Batch| session.is_some() && batch.session == session;
            let place = match self.batches.iter_mut().find(same) {
                Some(batch) => {
                    batch.left.push((number, received));
                    batch.left.len() - 1
                }
                None => {
                    let left = vec![(number, received)];
                    self.batches.push(Batch { session, expires: now + VISIBILITY, left });
                    0
                }
            };
            let allowed = ready.get(&session).cloned().unwrap_or_default();
            match session {
                Some(_) => assert_eq!(allowed.get(place), Some(&number), "out of order: {allowed:?}"),
                None => assert!(allowed.contains(&number), "{number} is not ready: {allowed:?}"),
            }
            session.map(|session| self.until.remove(&session));
        }
    }
}

struct World {
    folder: tempfile::TempDir,
    clock: Arc<TurnedClock>,
    queue: QueueName,
    store: Store,
    ports: Ports,
    model: Model,
}

impl World {
    async fn new() -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TurnedClock::default()));
        let store = open(&folder, &clock).await;
        let model = Model {
            messages: Vec::new(),
            batches: Vec::new(),
            void: Vec::new(),
            until: HashMap::new(),
            seen: BTreeMap::new(),
        };
        Self { folder, clock, queue: "jobs".parse().unwrap(), ports: store.ports(), store, model }
    }

    async fn step(&mut self, step: &Step) {
        let now = self.clock.now();
        match *step {
            Step::Send { session, dedup, delay } => self.send(session, dedup, delay, now).await,
            Step::Receive { max } => self.receive(max, now).await,
            Step::Complete { batch, few } => self.complete(batch, few).await,
            Step::GiveBack { batch, failed, after } => self.give_back(batch, failed, after, now).await,
            Step::Bury { batch } => self.bury(batch).await,
            Step::Renew { batch } => self.renew(batch, now).await,
            Step::Pass { seconds } => {
                self.clock.turn(Duration::from_secs(seconds));
                self.model.pass(self.clock.now());
            }
            Step::Restart => self.restart(now).await,
        }
    }

    async fn send(&mut self, session: Option<u8>, dedup: Option<u8>, delay: bool, now: Timestamp) {
        let number = self.model.messages.len();
        let delay = (delay && session.is_none()).then_some(Duration::from_secs(7));
        let message = Message {
            body: number.to_string().into(),
            session: session.map(|session| format!("s/{session}").as_str().into()),
            dedup_id: dedup.map(|dedup| format!("d{dedup}")).unwrap_or_default(),
            delay,
            ..Message::default()
        };
        let sent = self.ports.queue.send(&self.queue, vec![message]).await.remove(0).unwrap();
        let age = dedup.and_then(|dedup| self.model.seen.get(&dedup)).map(|at| now.duration_since(*at));
        let window = jiff::SignedDuration::try_from(WINDOW).unwrap();
        match age {
            Some(age) if age < window => assert!(sent.duplicate, "{number}: within the window"),
            // It may be remembered a little longer.
            Some(age) => assert!(!sent.duplicate || age < window * 2, "{number}: long after the window"),
            None => assert!(!sent.duplicate, "{number}: never seen"),
        }
        if !sent.duplicate {
            let due = now + delay.unwrap_or_default();
            self.model.messages.push(Known { session, due, attempts: 0, now: Now::Waiting });
            dedup.map(|dedup| self.model.seen.insert(dedup, now));
        }
    }

    async fn receive(&mut self, max: usize, now: Timestamp) {
        let ask = Ask { max, wait: Duration::ZERO, visibility: None, session: None, sessions: None };
        let got = self.ports.receiver.receive(&self.queue, ask).await.unwrap();
        self.model.received(got, max, now);
    }

    fn batch(&self, batch: usize) -> Option<usize> {
        (!self.model.batches.is_empty()).then(|| batch % self.model.batches.len())
    }

    /// The first few of a batch; of what is void none.
    async fn complete(&mut self, batch: usize, few: usize) {
        if let Some(void) = self.model.void.pop() {
            let told = self.ports.receiver.complete(&self.queue, &[void.receipt]).await.remove(0);
            conflict(told);
        }
        let Some(at) = self.batch(batch) else { return };
        let few = few.min(self.model.batches[at].left.len());
        for (number, received) in self.model.batches[at].left.drain(..few).collect::<Vec<_>>() {
            let receipt = [received.receipt.clone()];
            self.ports.receiver.complete(&self.queue, &receipt).await.remove(0).unwrap();
            self.model.messages[number].now = Now::Done;
            conflict(self.ports.receiver.complete(&self.queue, &receipt).await.remove(0));
        }
        self.model.batches.retain(|batch| !batch.left.is_empty());
    }

    /// All that is left of a batch, last to first.
    async fn give_back(&mut self, batch: usize, failed: bool, after: u64, now: Timestamp) {
        let Some(at) = self.batch(batch) else { return };
        let batch = self.model.batches.remove(at);
        let after = Duration::from_secs(after);
        for (place, (number, received)) in batch.left.into_iter().enumerate().rev() {
            let error = (failed && place == 0).then(|| "the model".to_owned());
            let how = if place == 0 { Abandon { after, failed: error } } else { Abandon::untouched() };
            self.ports.receiver.abandon(&self.queue, &received.receipt, how.clone()).await.unwrap();
            self.model.back(number, how.failed.is_some(), now + how.after);
            conflict(self.ports.receiver.abandon(&self.queue, &received.receipt, how).await);
        }
    }

    async fn bury(&mut self, batch: usize) {
        let Some(at) = self.batch(batch) else { return };
        let (number, received) = self.model.batches[at].left.remove(0);
        self.ports.receiver.dead_letter(&self.queue, &received.receipt, "rejected", "no").await.unwrap();
        self.model.messages[number].now = Now::Dead;
        self.model.batches.retain(|batch| !batch.left.is_empty());
    }

    async fn renew(&mut self, batch: usize, now: Timestamp) {
        let Some(at) = self.batch(batch) else { return };
        for (_, received) in &self.model.batches[at].left {
            let until = self.ports.receiver.renew(&self.queue, &received.receipt, VISIBILITY * 2).await;
            assert_eq!(until.unwrap(), now + VISIBILITY * 2);
        }
        self.model.batches[at].expires = now + VISIBILITY * 2;
    }

    /// What was held comes back, and nothing else has changed.
    async fn restart(&mut self, now: Timestamp) {
        self.store.close().await;
        self.store = open(&self.folder, &self.clock).await;
        self.ports = self.store.ports();
        for batch in std::mem::take(&mut self.model.batches) {
            for (number, received) in batch.left {
                self.model.back(number, false, now);
                self.model.void.push(received);
            }
        }
    }

    /// In the end all is done or dead, and nothing is left.
    async fn end(mut self) {
        for _ in 0..200 {
            self.step(&Step::Pass { seconds: 130 }).await;
            self.step(&Step::Receive { max: 10 }).await;
            if self.model.batches.is_empty() {
                break;
            }
            while !self.model.batches.is_empty() {
                self.step(&Step::Complete { batch: 0, few: 10 }).await;
            }
        }
        let dead = |known: &Known| known.now == Now::Dead;
        assert!(self.model.messages.iter().all(|known| known.now == Now::Done || dead(known)));
        let mut buried = BTreeSet::new();
        loop {
            let ask = Ask { max: 10, wait: Duration::ZERO, visibility: None, session: None, sessions: None };
            let got = self.ports.receiver.receive(&self.queue.dead_letters(), ask).await.unwrap();
            if got.is_empty() {
                break;
            }
            for received in got {
                let number: usize = std::str::from_utf8(&received.body).unwrap().parse().unwrap();
                assert!(buried.insert(number), "{number} is dead twice");
                let receipt = [received.receipt];
                self.ports.receiver.complete(&self.queue.dead_letters(), &receipt).await.remove(0).unwrap();
            }
        }
        let numbers = self.model.messages.iter().enumerate().filter(|(_, known)| dead(known));
        assert_eq!(buried, numbers.map(|(number, _)| number).collect());
        let stats = self.ports.admin.stats(&self.queue).await.unwrap();
        assert_eq!((stats.depth, stats.in_flight, stats.delayed, stats.dead), (0, 0, 0, 0));
        self.store.close().await;
    }
}

async fn open(folder: &tempfile::TempDir, clock: &Arc<TurnedClock>) -> Store {
    let settings = QueueSettings {
        max_deliveries: ATTEMPTS,
        visibility: VISIBILITY,
        dedup_window: WINDOW,
        ..QueueSettings::default()
    };
    let options = Options::new(clock.clone(), "a model").with_queues([("jobs".parse().unwrap(), settings)]);
    Store::open(folder.path(), options).await.unwrap()
}

#[track_caller]
fn conflict<T: std::fmt::Debug>(told: Result<T, PortError>) {
    assert_eq!(told.unwrap_err().kind, ErrorKind::Conflict, "a receipt counts once, and in its time");
}

proptest! {
    #![proptest_config(Config { cases: 48, max_shrink_iters: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_store_does_what_a_list_with_rules_would_do(steps in collection::vec(step(), 1..70)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in &steps {
                world.step(step).await;
            }
            world.end().await;
        });
    }
}
