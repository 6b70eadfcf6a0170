//! Retention over a real store, by a clock that is turned.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusBuilder;
use pointsman_conformance::TurnedClock;
use pointsman_core::telemetry;
use pointsman_core::{
    delivery::{SourceName, keyed_by_hour},
    port::{Ask, ErrorKind, Message, Object, PortError, Queue as _, QueueName, Receiver as _, Records as _},
};
use pointsman_embedded::{Options, Store};
use tokio::sync::watch;

use super::{
    sweep::{Cut, Expired, Sweep},
    sweeps::{EVERY, SOON, once},
    *,
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct House {
    store: Store,
    clock: Arc<TurnedClock>,
    /// The sweeps' own: nobody else sleeps by it.
    sweeps: Arc<TurnedClock>,
    _folder: tempfile::TempDir,
}

fn name(queue: &str) -> QueueName {
    queue.parse().unwrap()
}

fn before(now: Timestamp, ago: Duration) -> Timestamp {
    now.checked_sub(ago).unwrap()
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(TurnedClock::default());
        let queues = ["jobs", "erase"].map(|queue| (name(queue), QueueSettings::default()));
        let options = Options::new(clock.clone(), "a test").with_queues(queues);
        let store = Store::open(folder.path(), options).await.unwrap();
        Self { store, clock, sweeps: Arc::default(), _folder: folder }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Stores an object now, filed by this time.
    async fn store(&self, folder: &str, source: &str, filed: Timestamp, id: &str) -> String {
        let key = keyed_by_hour(folder, &SourceName(source.into()), filed, id);
        let object = Object { body: Bytes::from(id.to_owned()), metadata: BTreeMap::new() };
        self.store.put_new(&key, object).await.unwrap();
        key
    }

    async fn keys(&self) -> Vec<String> {
        let rows = Archive::list(&self.store, "", None, 100_000).await.unwrap();
        rows.into_iter().map(|row| row.key).collect()
    }

    /// So many more, and all that wait, die now.
    async fn die(&self, queue: &str, count: usize) {
        let message = |body| Message { body: Bytes::from(format!("{body}")).into(), ..Message::default() };
        let _ = self.store.send(&name(queue), (0..count).map(message).collect()).await;
        let ask = Ask { max: 100, wait: Duration::ZERO, visibility: None, session: None, sessions: None };
        for held in self.store.receive(&name(queue), ask).await.unwrap() {
            self.store.dead_letter(&name(queue), &held.receipt, "failed", "it broke").await.unwrap();
        }
    }

    async fn dead(&self, queue: &str) -> u64 {
        self.store.stats(&name(queue)).await.unwrap().dead
    }

    async fn sweep(&self, archive: Duration, dead_letters: Duration) -> Expired {
        let cut =
            Cut { archive: before(self.now(), archive), dead_letters: before(self.now(), dead_letters) };
        let (archive, queues) = (&self.store, &self.store);
        let mut sweep = Sweep { archive, queues, expired: Expired::default() };
        sweep.run(&cut).await.unwrap();
        sweep.expired
    }

    fn keeping(&self, archive: Arc<dyn Archive>) -> Task<Terms> {
        let all = self.store.ports();
        start(Tools {
            archive,
            queues: all.admin,
            records: all.records,
            receiver: all.receiver,
            clock: self.sweeps.clone(),
            swept: watch::Sender::default(),
        })
    }

    /// Until this is so, or a minute has passed.
    async fn until(&self, mut so: impl AsyncFnMut() -> bool) {
        let waiting = async {
            while !so().await {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(MINUTE, waiting).await.expect("in time");
    }
}

fn terms(archive: Duration) -> Terms {
    Terms { archive, dead_letters: 14 * DAY, erasing: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_long_enough_ago_goes_whatever_its_hour_and_source() {
    let house = House::new().await;
    let (mut old, mut young) = (Vec::new(), Vec::new());
    // 60 hours of 3 sources; some are filed up to 8 days before they were stored.
    for hour in 0..60_u32 {
        for source in ["git", "github-2", "github"] {
            for folder in ["deliveries", "rejected"] {
                for back in [Duration::ZERO, 8 * DAY] {
                    let id = format!("-.{hour}-{}", back.as_secs());
                    let key = house.store(folder, source, before(house.now(), back), &id).await;
                    // The cut is 20 h ago when 60 h have passed: what was stored in hour 40 is exactly as old.
                    if hour < 40 { &mut old } else { &mut young }.push(key);
                }
            }
        }
        house.clock.turn(HOUR);
    }
    young.sort();
    let expired = house.sweep(20 * HOUR, DAY).await;
    let half = old.len() as u64 / 2;
    assert_eq!(expired, Expired { archive: half, rejected: half, dead_letters: 0 });
    assert_eq!(house.keys().await, young);
    assert_eq!(house.sweep(20 * HOUR, DAY).await, Expired::default(), "a second time");
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_page_within_the_cuts_own_hour_is_not_the_last() {
    let house = House::new().await;
    for n in 0..1_300 {
        house.store("deliveries", "github", house.now(), &format!("-.{n:04}")).await;
    }
    house.clock.turn(MINUTE);
    let stays = house.store("deliveries", "github", house.now(), "-.0500-young").await;
    assert_eq!(house.sweep(MINUTE, DAY).await, Expired::default(), "exactly as old as they may be");
    house.clock.turn(MINUTE / 2);
    assert_eq!(house.sweep(MINUTE, DAY).await.archive, 1_300);
    assert_eq!(house.keys().await, [stays]);
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_go_by_the_time_of_their_death() {
    let house = House::new().await;
    house.die("jobs", 70).await;
    // One waits for two hours before it dies.
    let _ =
        house.store.send(&name("erase"), vec![Message { body: "late".into(), ..Message::default() }]).await;
    house.clock.turn(2 * HOUR);
    house.die("jobs", 40).await;
    house.die("erase", 0).await;
    // These wait: how old they are does not count.
    let _ =
        house.store.send(&name("jobs"), vec![Message { body: "waits".into(), ..Message::default() }]).await;
    house.clock.turn(HOUR);
    assert_eq!(house.sweep(DAY, 3 * HOUR).await, Expired::default(), "exactly as old as they may be");
    assert_eq!(house.sweep(DAY, 2 * HOUR).await, Expired { dead_letters: 70, ..Expired::default() });
    assert_eq!((house.dead("jobs").await, house.dead("erase").await), (40, 1));
    house.clock.turn(100 * DAY);
    assert_eq!(house.sweep(DAY, 2 * HOUR).await.dead_letters, 41);
    assert_eq!(house.store.stats(&name("jobs")).await.unwrap().depth, 1);
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_come_soon_after_the_start_then_hourly_and_soon_after_a_change() {
    let house = House::new().await;
    house.store("deliveries", "github", house.now(), "-.a").await;
    house.clock.turn(2 * HOUR);
    house.sweeps.turn(2 * HOUR);
    let young = house.store("deliveries", "github", house.now(), "-.b").await;
    let keeping = house.keeping(house.store.ports().archive);
    keeping.replace(Some(terms(HOUR)));
    house.sweeps.until_asleep(1).await;
    assert_eq!(house.keys().await.len(), 2, "not at once");
    house.sweeps.turn(SOON);
    house.until(async || house.keys().await == [young.clone()]).await;
    house.sweeps.until_asleep(1).await;
    house.sweeps.turn(EVERY);
    house.until(async || house.keys().await.is_empty()).await;

    house.sweeps.until_asleep(1).await;
    house.store("deliveries", "github", house.now(), "-.c").await;
    keeping.replace(Some(terms(HOUR / 2)));
    // It may not have heard of the change before the first turn.
    let mut turns = 0;
    house
        .until(async || {
            house.sweeps.until_asleep(1).await;
            house.sweeps.turn(SOON);
            turns += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
            house.keys().await.is_empty()
        })
        .await;
    assert!(turns < 30, "{turns} minutes: that is not soon");
    keeping.stop().await;
    house.store.close().await;
}

/// An archive that cannot be listed while it is told so, and whose removals hang.
struct Down {
    archive: Arc<dyn Archive>,
    is_down: watch::Receiver<bool>,
    hangs: watch::Sender<bool>,
}

#[async_trait::async_trait]
impl Archive for Down {
    async fn put_new(&self, key: &str, object: Object) -> Result<(), PortError> {
        self.archive.put_new(key, object).await
    }

    async fn get(&self, key: &str) -> Result<Object, PortError> {
        self.archive.get(key).await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<pointsman_core::port::Listed>, PortError> {
        if *self.is_down.borrow() {
            return Err(PortError::new(ErrorKind::Unavailable, "no route to the archive"));
        }
        self.archive.list(prefix, after, limit).await
    }

    async fn delete(&self, _: &str) -> Result<(), PortError> {
        self.hangs.send_replace(true);
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_failed_comes_again_and_one_that_hangs_does_not_hold_a_stop_up() {
    let house = House::new().await;
    house.store("deliveries", "github", house.now(), "-.a").await;
    let ((down, is_down), (hangs, hanging)) = (watch::channel(true), watch::channel(false));
    let keeping = house.keeping(Arc::new(Down { archive: house.store.ports().archive, is_down, hangs }));
    keeping.replace(Some(terms(MINUTE)));
    house.sweeps.until_asleep(1).await;
    house.sweeps.turn(SOON + MINUTE);
    down.send(false).unwrap();
    house
        .until(async || {
            // Five minutes after the one that failed.
            house.sweeps.turn(MINUTE);
            *hanging.borrow()
        })
        .await;
    tokio::time::timeout(MINUTE, keeping.stop()).await.expect("it stops all the same");
    house.store.close().await;
}

#[tokio::test]
async fn what_was_removed_and_what_failed_is_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _here = metrics::set_default_local_recorder(&recorder);
    telemetry::describe();
    let house = House::new().await;
    house.store("deliveries", "github", house.now(), "-.a").await;
    house.clock.turn(2 * HOUR);
    let ports = house.store.ports();
    let tools = |archive| Tools {
        archive,
        queues: ports.admin.clone(),
        records: ports.records.clone(),
        receiver: ports.receiver.clone(),
        clock: house.clock.clone(),
        swept: watch::Sender::default(),
    };
    let (down, hangs) = (watch::channel(true).1, watch::channel(false).0);
    let down: Arc<dyn Archive> = Arc::new(Down { archive: ports.archive.clone(), is_down: down, hangs });
    for archive in [ports.archive.clone(), down] {
        once(&terms(HOUR), &tools(archive)).await;
    }
    let figures =
        ["pointsman.expired", "pointsman.retention.failures"].map(|it| telemetry::named(it).unwrap());
    let shown = recorder.handle().render();
    for (figure, said) in figures.into_iter().zip(["{what=\"archive\"} 1", " 1"]) {
        let line = format!("\n{}{said}\n", figure.name.replace('.', "_"));
        assert!(shown.contains(&line), "{line} is not in\n{shown}");
    }
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_erasing_stage_works_while_the_configuration_wants_it() {
    let house = House::new().await;
    house.put("release/repositories/acme/web").await;
    let body = r#"{"type":"com.github.installation.deleted","data":{"action":"deleted","installation":{"id":7,"account":{"id":1}}}}"#;
    let _ = house.store.send(&name("erase"), vec![Message { body: body.into(), ..Message::default() }]).await;
    let keeping = house.keeping(house.store.ports().archive);
    keeping.replace(Some(terms(DAY)));
    house.sweeps.until_asleep(1).await;
    assert_eq!(house.store.stats(&name("erase")).await.unwrap().depth, 1, "nobody works on it");
    keeping.replace(Some(Terms { erasing: Some(QueueSettings::default()), ..terms(DAY) }));
    house
        .until(async || Records::get(&house.store, "release/repositories/acme/web").await.unwrap().is_none())
        .await;
    house.until(async || house.store.stats(&name("erase")).await.unwrap().delayed == 1).await;
    let stopping = keeping.stop();
    tokio::pin!(stopping);
    while tokio::time::timeout(Duration::from_millis(1), &mut stopping).await.is_err() {
        house.sweeps.turn(MINUTE);
        house.clock.turn(Duration::from_millis(500));
    }
    house.store.close().await;
}

impl House {
    async fn put(&self, key: &str) {
        let value = Bytes::from_static(br#"{"installation":7}"#);
        self.store.put_if(key, value, pointsman_core::port::Expect::Anything, None).await.unwrap();
    }
}
