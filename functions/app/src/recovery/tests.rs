//! The schedule by a clock that is turned, and what `/ready` tells of it.

use std::sync::Mutex;

use futures::FutureExt as _;
use jiff::Timestamp;
use pointsman_conformance::TurnedClock;
use pointsman_core::{config::Config, lease::Holder};
use pointsman_recover::{Reached, Report};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

struct House {
    clock: Arc<TurnedClock>,
    recovery: Task<Terms>,
    standing: watch::Receiver<Standing>,
    said: UnboundedReceiver<Duration>,
    /// What the next runs come to; at first an empty report.
    next: Arc<Mutex<Vec<Result<Ran, PortError>>>>,
}

impl House {
    fn new() -> Self {
        let (says, said) = unbounded_channel();
        let next: Arc<Mutex<Vec<Result<Ran, PortError>>>> = Arc::default();
        let (clock, coming) = (Arc::new(TurnedClock::default()), next.clone());
        let run: Run = Arc::new(move |terms| {
            says.send(terms.every).unwrap();
            let done = coming.lock().unwrap().pop();
            async { done.unwrap_or_else(|| Ok(Ran::Done(Box::default()))) }.boxed()
        });
        let (recovery, standing) = start(clock.clone(), run);
        Self { recovery, standing, clock, said, next }
    }

    async fn hears(&mut self, minutes: u32) {
        let said = tokio::time::timeout(MINUTE, self.said.recv()).await;
        assert_eq!(said.expect("in time"), Some(minutes * MINUTE));
    }

    async fn turn(&self, by: Duration) {
        self.clock.until_asleep(1).await;
        self.clock.turn(by);
    }
}

/// Every so many minutes.
fn terms(minutes: u32, enabled: bool) -> Option<Terms> {
    let mut config = Config::default();
    config.recover.every = minutes * MINUTE;
    config.recover.enabled = enabled;
    Terms::of(&config)
}

#[tokio::test]
async fn a_run_is_made_at_the_start_each_time_and_when_the_terms_change() {
    let mut house = House::new();
    house.recovery.replace(terms(5, true));
    house.hears(5).await;
    house.turn(5 * MINUTE).await;
    house.hears(5).await;
    house.turn(4 * MINUTE).await;
    house.recovery.replace(terms(5, true));
    house.clock.until_asleep(1).await;
    assert!(house.said.try_recv().is_err(), "the same terms change nothing");
    house.recovery.replace(terms(10, true));
    house.hears(10).await;
    house.recovery.replace(terms(10, false));
    house.recovery.stop().await;
    assert!(house.said.try_recv().is_err());
}

#[tokio::test]
async fn a_run_that_fails_is_told_and_the_next_one_comes() {
    let mut house = House::new();
    let standing = house.standing.clone();
    assert_eq!(standing.borrow().dependency(house.clock.now()), None, "it is off");
    house.next.lock().unwrap().push(Err(PortError::unavailable("the disk is full")));
    house.recovery.replace(terms(5, true));
    house.hears(5).await;
    house.clock.until_asleep(1).await;
    let told = standing.borrow().dependency(house.clock.now()).unwrap();
    let state = (told.ready, told.state.as_str(), told.last_error.as_deref());
    assert_eq!(state, (true, "the last run did not come to its end", Some("the disk is full")));
    house.turn(5 * MINUTE).await;
    house.hears(5).await;
    house.clock.until_asleep(1).await;
    let told = standing.borrow().dependency(house.clock.now()).unwrap();
    assert_eq!((told.ready, told.state.as_str(), told.last_error), (true, "ok", None));
}

#[tokio::test]
async fn after_another_ones_run_it_is_tried_again_as_soon_as_that_must_have_ended() {
    let mut house = House::new();
    let now = house.clock.now();
    let by = Holder { name: "x".into(), since: now, until: now + MINUTE };
    house.next.lock().unwrap().push(Ok(Ran::Held(by)));
    house.recovery.replace(terms(5, true));
    house.hears(5).await;
    house.turn(MINUTE).await;
    house.hears(5).await;
}

#[test]
fn what_is_behind_for_a_day_is_told_and_no_reason_to_refuse_webhooks() {
    let upto: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let reached = |source: &str, of: &str, upto| Reached { source: source.into(), of: of.into(), upto };
    let day = Duration::from_secs(24 * 60 * 60);
    let cursors = vec![
        reached("github", "app", upto),
        reached("github", "archive", upto + day),
        reached("gitlab", "archive", upto + day),
    ];
    let standing = Standing::of(&Report { cursors, ..Report::default() });
    let at = |at| standing.dependency(at).unwrap().state;
    assert_eq!(at(upto + day), "ok");
    let told = standing.dependency(upto + day + MINUTE).unwrap();
    let state = "behind: not settled are deliveries of `github` since 2026-11-21T12:00:00Z";
    assert_eq!((told.ready, told.state.as_str()), (true, state));
}
