//! A lease over real records: one holder at a time, whatever becomes of it, and of the clock.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{path::Path, sync::Arc, time::Duration};

use pointsman_conformance::TurnedClock;
use pointsman_core::{
    lease::{Holder, Lease, Taken},
    port::{Clock as _, ErrorKind, Records},
};
use pointsman_embedded::{Options, Store};

const MINUTE: Duration = Duration::from_secs(60);
const START: &str = "2026-11-21T12:00:00Z";

struct House {
    store: Store,
    clock: Arc<TurnedClock>,
}

impl House {
    async fn at(folder: &Path, time: &str) -> Self {
        let clock = Arc::new(TurnedClock::at(time.parse().unwrap()));
        let store = Store::open(folder, Options::new(clock.clone(), "a test")).await.unwrap();
        Self { store, clock }
    }

    /// For five minutes.
    async fn take(&self, holder: &str) -> Taken {
        let records: Arc<dyn Records> = self.store.ports().records;
        Lease::take(records, self.clock.clone(), "recover", holder, 5 * MINUTE).await.unwrap()
    }

    async fn ours(&self, holder: &str) -> Lease {
        match self.take(holder).await {
            Taken::Ours(lease) => lease,
            Taken::Held(by) => panic!("held by {by:?}"),
        }
    }

    async fn held(&self) -> Holder {
        match self.take("who asks").await {
            Taken::Ours(_) => panic!("nobody held it"),
            Taken::Held(by) => by,
        }
    }
}

#[tokio::test]
async fn what_one_has_taken_is_held_and_the_other_is_told_by_whom_and_until_when() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::at(folder.path(), START).await;
    let _lease = house.ours("one").await;
    house.clock.turn(MINUTE);
    let expected = Holder {
        name: "one".into(),
        since: START.parse().unwrap(),
        until: "2026-11-21T12:05:00Z".parse().unwrap(),
    };
    assert_eq!(house.held().await, expected);
}

#[tokio::test]
async fn two_leases_of_different_names_do_not_meet() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::at(folder.path(), START).await;
    let _lease = house.ours("one").await;
    let other =
        Lease::take(house.store.ports().records, house.clock.clone(), "replay", "two", MINUTE).await.unwrap();
    assert!(matches!(other, Taken::Ours(_)));
}

#[tokio::test]
async fn who_renews_keeps_it_and_who_does_not_loses_it() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::at(folder.path(), START).await;
    let mut lease = house.ours("one").await;
    house.clock.turn(4 * MINUTE);
    lease.renew().await.unwrap();
    house.clock.turn(4 * MINUTE);
    let by = house.held().await;
    assert_eq!(
        (by.since.to_string().as_str(), by.until.to_string().as_str()),
        (START, "2026-11-21T12:09:00Z")
    );
    house.clock.turn(MINUTE);
    let _other = house.ours("two").await;
    assert_eq!(lease.renew().await.unwrap_err().kind, ErrorKind::Conflict);
    assert_eq!(house.held().await.name, "two");
}

#[tokio::test]
async fn one_that_ran_out_cannot_be_renewed_though_nobody_took_it() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::at(folder.path(), START).await;
    let mut lease = house.ours("one").await;
    house.clock.turn(5 * MINUTE);
    assert_eq!(lease.renew().await.unwrap_err().kind, ErrorKind::Conflict);
}

#[tokio::test]
async fn what_is_released_is_anyones_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::at(folder.path(), START).await;
    let mut lease = house.ours("one").await;
    lease.renew().await.unwrap();
    lease.release().await.unwrap();
    let _other = house.ours("two").await;
}

#[tokio::test]
async fn a_release_by_one_that_lost_it_takes_it_from_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::at(folder.path(), START).await;
    let stale = house.ours("one").await;
    house.clock.turn(5 * MINUTE);
    let _other = house.ours("two").await;
    stale.release().await.unwrap();
    assert_eq!(house.held().await.name, "two");
}

#[tokio::test]
async fn a_clock_that_was_set_back_keeps_nobody_out_for_longer_than_two_leases() {
    let folder = tempfile::tempdir().unwrap();
    let later = House::at(folder.path(), "2026-11-22T12:00:00Z").await;
    let _crashed = later.ours("one").await;
    later.store.close().await;
    let house = House::at(folder.path(), START).await;
    assert!(house.clock.now() < "2026-11-22T00:00:00Z".parse().unwrap());
    let _lease = house.ours("two").await;
    let by = house.held().await;
    assert_eq!((by.name.as_str(), by.until.to_string().as_str()), ("two", "2026-11-21T12:05:00Z"));
}

#[tokio::test]
async fn a_clock_that_is_a_little_behind_takes_nothing_from_its_holder() {
    let folder = tempfile::tempdir().unwrap();
    let ahead = House::at(folder.path(), "2026-11-21T12:04:00Z").await;
    let _lease = ahead.ours("one").await;
    ahead.store.close().await;
    let house = House::at(folder.path(), START).await;
    assert_eq!(house.held().await.name, "one");
}
