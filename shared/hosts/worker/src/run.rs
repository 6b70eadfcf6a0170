//! Takes messages while there are free lanes, and puts each into its session's lane.

use std::{
    collections::{HashMap, HashSet},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, OptionFuture},
};
use pointsman_core::{
    outcome::{Handled, wait},
    port::{Ask, ErrorKind, PortError, Received},
    session::{Session, lanes},
};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::{Counts, Worker, lane::Lane, settling};

/// Unknown errors of receiving in a row after which the worker gives up.
const TRIES: u32 = 10;
/// The longest wait between two tries to receive.
const LONGEST: Duration = Duration::from_secs(30);
/// After the grace: the time to give messages back.
const LAST: Duration = Duration::from_secs(1);

/// How much of a session the handler gets at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// One message.
    One,
    /// All that waits.
    All,
}

/// The most messages that are taken at once where sessions are handed out whole.
const MOST: usize = 1_000;

/// What all lanes share.
pub(crate) struct Crew<H> {
    pub(crate) worker: Worker,
    pub(crate) turn: Turn,
    pub(crate) handler: H,
    /// Nothing new is begun.
    pub(crate) stopping: CancellationToken,
    /// What still runs is dropped.
    pub(crate) cut: CancellationToken,
    /// Sessions whose handler runs.
    running: Mutex<HashSet<Session>>,
}

impl<H> Crew<H> {
    /// Marks that the session's handler runs, until what is answered is dropped. None: it runs in another lane, which has
    /// lost its hold, or ours is lost.
    pub(crate) fn begin(&self, session: Option<&Session>) -> Option<Running<'_>> {
        let Some(session) = session else { return Some(Running(None)) };
        let running = &self.running;
        let begun = running.lock().unwrap_or_else(PoisonError::into_inner).insert(session.clone());
        begun.then(|| Running(Some((running, session.clone()))))
    }

    fn is_running(&self, session: &Session) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).contains(session)
    }
}

/// A session whose handler runs: no other lane begins it.
pub(crate) struct Running<'a>(Option<(&'a Mutex<HashSet<Session>>, Session)>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some((running, session)) = &self.0 {
            running.lock().unwrap_or_else(PoisonError::into_inner).remove(session);
        }
    }
}

type Batch = Result<Vec<Received>, PortError>;

pub(crate) async fn run<H, F>(
    worker: Worker,
    turn: Turn,
    handler: H,
    shutdown: impl Future<Output = ()>,
) -> Result<Counts, PortError>
where
    H: Fn(Vec<Received>) -> F + Send + Sync + 'static,
    F: Future<Output = Handled<()>> + Send + 'static,
{
    let (stopping, cut) = (CancellationToken::new(), CancellationToken::new());
    let mut ending = pin!(end(&worker, shutdown, stopping.clone(), cut.clone()).fuse());
    let mut yard = Yard::new(Arc::new(Crew {
        worker: worker.clone(),
        turn,
        handler,
        stopping,
        cut,
        running: Mutex::default(),
    }));
    let mut receiving = OptionFuture::from(None);
    let mut open = false;
    loop {
        if !open && let Some(wants) = yard.wants() {
            receiving = Some(receive(Arc::clone(&yard.crew), wants, yard.failures)).into();
            (open, yard.freed) = (true, false);
        }
        if !open && yard.lanes.is_empty() {
            return yard.fault.map_or(Ok(yard.counts), Err);
        }
        tokio::select! {
            biased;
            () = &mut ending => yard.lanes.abort_all(),
            Some(ended) = yard.lanes.join_next_with_id() => yard.ended(ended),
            Some(batch) = &mut receiving, if open => {
                open = false;
                yard.arrived(batch).await;
            }
        }
    }
}

/// A stop, step by step: nothing new; after the grace what runs is dropped; then there is a last moment to give back.
async fn end(
    worker: &Worker,
    shutdown: impl Future<Output = ()>,
    stopping: CancellationToken,
    cut: CancellationToken,
) {
    shutdown.await;
    stopping.cancel();
    worker.clock.sleep(worker.grace).await;
    cut.cancel();
    worker.clock.sleep(LAST).await;
}

/// The next messages; none when a stop comes first. Never dropped half-way before the grace is over: what an adapter
/// has taken by then would be held by nobody until it expires.
fn receive<H: Send + Sync + 'static>(
    crew: Arc<Crew<H>>,
    wants: Wants,
    failures: u32,
) -> BoxFuture<'static, Batch> {
    async move {
        let worker = &crew.worker;
        if failures > 0 {
            tokio::select! {
                () = worker.clock.sleep(wait(failures).min(LONGEST)) => {}
                () = crew.stopping.cancelled() => return Ok(Vec::new()),
            }
        }
        let patience = if worker.once { Duration::ZERO } else { worker.wait };
        let Wants { max, sessions } = wants;
        let ask = Ask { max, wait: patience, visibility: Some(worker.visibility), session: None, sessions };
        tokio::select! {
            biased;
            batch = worker.receiver.receive(&worker.queue, ask) => batch,
            () = crew.cut.cancelled() => Ok(Vec::new()),
        }
    }
    .boxed()
}

/// What to ask for.
#[derive(Debug, Clone, Copy)]
struct Wants {
    max: usize,
    sessions: Option<usize>,
}

/// What a lane reports when it has ended.
pub(crate) struct Ended {
    pub(crate) handled: u64,
    pub(crate) counts: Counts,
}

/// The lanes, and what is known of them.
struct Yard<H> {
    crew: Arc<Crew<H>>,
    lanes: JoinSet<Ended>,
    /// How many messages each lane took.
    runs: HashMap<Id, u64>,
    /// Messages in lanes that may still be handed to the handler.
    reserved: u64,
    handled: u64,
    counts: Counts,
    /// The last receive brought nothing, and no lane has ended since it began: what waits behind a lane would have shown.
    dry: bool,
    /// A lane has ended since the last receive began.
    freed: bool,
    /// Failed receives in a row.
    failures: u32,
    fault: Option<PortError>,
}

impl<H, F> Yard<H>
where
    H: Fn(Vec<Received>) -> F + Send + Sync + 'static,
    F: Future<Output = Handled<()>> + Send + 'static,
{
    fn new(crew: Arc<Crew<H>>) -> Self {
        Self {
            crew,
            lanes: JoinSet::new(),
            runs: HashMap::new(),
            reserved: 0,
            handled: 0,
            counts: Counts::default(),
            dry: false,
            freed: false,
            failures: 0,
            fault: None,
        }
    }

    /// What to ask for now: at most one message (or one session) a free lane, so that nothing is held that cannot be
    /// begun, but for the later ones of a session.
    fn wants(&self) -> Option<Wants> {
        let worker = &self.crew.worker;
        if self.crew.stopping.is_cancelled() || self.fault.is_some() || (worker.once && self.dry) {
            return None;
        }
        let free = worker.concurrency.max(1).saturating_sub(self.lanes.len());
        let left = worker.max.map_or(u64::MAX, |max| max.saturating_sub(self.handled + self.reserved));
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let (max, sessions) = match self.crew.turn {
            Turn::One => (free.min(left), None),
            Turn::All => (MOST.min(left), Some(free)),
        };
        (free > 0 && max > 0).then_some(Wants { max, sessions })
    }

    fn ended(&mut self, ended: Result<(Id, Ended), JoinError>) {
        (self.dry, self.freed) = (false, true);
        let id = match ended {
            Ok((id, ended)) => {
                self.counts += ended.counts;
                self.handled += ended.handled;
                id
            }
            // Only an adapter's panic or the end of a stop leads here: what the lane held comes back by itself.
            Err(error) => {
                error!(queue = %self.crew.worker.queue, %error, "a lane was lost; its messages come again");
                self.counts.lost += 1;
                error.id()
            }
        };
        self.reserved -= self.runs.remove(&id).unwrap_or_default();
    }

    async fn arrived(&mut self, batch: Batch) {
        match batch {
            Ok(messages) => {
                self.failures = 0;
                self.dry = messages.is_empty() && !self.freed;
                self.sort(messages).await;
            }
            Err(error) => self.refused(error),
        }
    }

    /// Puts each hand into a lane of its own.
    async fn sort(&mut self, messages: Vec<Received>) {
        let worker = &self.crew.worker;
        for (session, hand) in lanes(messages) {
            // A handler whose hold was lost still runs: its session waits for it, so that no two run at once.
            let busy = session.as_ref().is_some_and(|session| self.crew.is_running(session));
            if self.crew.stopping.is_cancelled() || busy {
                let after = if busy { worker.visibility / 2 } else { Duration::ZERO };
                self.counts.given_back += settling::give_back(worker, &hand, after).await;
                continue;
            }
            let taken = hand.len() as u64;
            self.reserved += taken;
            let lane = Lane::new(Arc::clone(&self.crew), session, hand);
            self.runs.insert(self.lanes.spawn(lane.run()).id(), taken);
        }
    }

    /// What waiting may cure is waited for; what is unknown a bounded number of times; `once` waits for nothing.
    fn refused(&mut self, error: PortError) {
        self.failures += 1;
        let curable = match error.kind {
            ErrorKind::Unavailable | ErrorKind::Throttled { .. } => true,
            ErrorKind::Internal | ErrorKind::Conflict => self.failures < TRIES,
            ErrorKind::NotFound | ErrorKind::Denied | ErrorKind::Invalid => false,
        };
        if curable && !self.crew.worker.once {
            warn!(queue = %self.crew.worker.queue, %error, failures = self.failures, "nothing could be received");
        } else {
            self.fault = Some(error);
        }
    }
}
