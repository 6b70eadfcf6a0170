//! What a suite is run on: the ports under test, their time, and what the adapter behind them can do.

use std::{any::Any, sync::Arc, time::Duration};

use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use pointsman_core::port::Clock;

use crate::TurnedClock;

/// Added to real waits, for clocks that differ and timers that are late.
const SLACK: Duration = Duration::from_millis(300);

/// Makes the ports anew over what a crash of the store would have left.
pub type Reopen<P> = Box<dyn FnMut() -> LocalBoxFuture<'static, P>>;

/// Ports under test; what is behind them can do `C`.
pub struct Subject<P, C = Capabilities> {
    /// The ports.
    pub ports: P,
    /// The time that they live in.
    pub time: Time,
    /// What the adapter can do.
    pub capabilities: C,
    /// Needed where [`Capabilities::restarts`].
    pub reopen: Option<Reopen<P>>,
    /// What must live as long as the subject, such as a temporary folder.
    pub keep: Box<dyn Any>,
}

impl<P, C> Subject<P, C> {
    /// The store crashes and comes back; what was not durable is gone.
    pub async fn crash(&mut self) {
        let reopen = self.reopen.as_mut().expect("a subject that says `restarts` brings `reopen`");
        self.ports = reopen().await;
    }

    /// Lets time pass.
    pub async fn pass(&self, duration: Duration) {
        self.time.pass(duration).await;
    }
}

/// The time of the ports under test.
#[derive(Clone)]
pub enum Time {
    /// The adapter was given this clock.
    ByHand(Arc<TurnedClock>),
    /// The adapter, or the service behind it, has its own.
    Real,
}

impl Time {
    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::ByHand(clock) => clock.now(),
            Self::Real => Timestamp::now(),
        }
    }

    /// Returns when this long has passed.
    pub async fn pass(&self, duration: Duration) {
        match self {
            Self::ByHand(clock) => clock.turn(duration),
            Self::Real => tokio::time::sleep(duration + SLACK).await,
        }
    }
}

/// What an adapter can do. A case that needs more is left out, and the adapter's test tells how many are run.
#[derive(Debug, Clone)]
pub struct Capabilities {
    /// Its store can crash and come back ([`Subject::reopen`]). False for a cloud's service.
    pub restarts: bool,
    /// Its clock is turned by hand, so that "not a moment before" can be tried. False where a case must really wait.
    pub exact_time: bool,
    /// The dedup window can be as short as a test can wait for. False for SQS, where it is always five minutes.
    pub short_dedup_window: bool,
    /// `Sent::duplicate` tells. False for SQS and Service Bus, which drop a duplicate without a word.
    pub tells_duplicates: bool,
    /// It can hold back a message without a session. False for SQS FIFO: then every delay must be refused.
    pub delays: bool,
    /// It can receive one named session. False for SQS.
    pub named_sessions: bool,
    /// What waits longest is received first. False where the service picks among sessions as it likes.
    pub oldest_first: bool,
    /// `stats`, `peek` and `purge` are exact at once. False where the service itself only approximates.
    pub exact_admin: bool,
    /// It can hold a session for a person, behind a message that failed for good. False for a cloud's service.
    pub holds: bool,
    /// A queue can be paused. False for SQS and Service Bus.
    pub pauses: bool,
    /// The largest body that it takes inline, in bytes; cases try no larger one. At least 1,000.
    pub largest_body: usize,
    /// The visibility timeout that cases give their queues: so short that a test can wait for its end.
    pub visibility: Duration,
    /// The dedup window that cases give their queues; longer than ten visibility timeouts.
    pub dedup_window: Duration,
}

impl Capabilities {
    /// Everything, in time turned by hand.
    pub const ALL: Self = Self {
        restarts: true,
        exact_time: true,
        short_dedup_window: true,
        tells_duplicates: true,
        delays: true,
        named_sessions: true,
        oldest_first: true,
        exact_admin: true,
        holds: true,
        pauses: true,
        largest_body: 8 << 20,
        visibility: Duration::from_secs(30),
        dedup_window: Duration::from_secs(600),
    };
}
