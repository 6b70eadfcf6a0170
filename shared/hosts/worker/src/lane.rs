//! One session's messages, one after another; what is not begun yet is kept meanwhile.

use std::{any::Any, collections::VecDeque, panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};

use futures::FutureExt as _;
use jiff::Timestamp;
use pointsman_core::{
    outcome::{Handled, Outcome, settle},
    port::{ErrorKind, PortError, Receipt, Received},
    session::Session,
};
use tracing::{Instrument as _, info_span, warn};

use crate::{
    Counts, Worker,
    run::{Crew, Ended},
    settling::{self, Held, Settled},
};

/// Messages of one session in order, or one message without a session.
pub(crate) struct Lane<H> {
    crew: Arc<Crew<H>>,
    session: Option<Session>,
    hand: VecDeque<Received>,
    /// When all of them were last taken or renewed.
    kept: Timestamp,
    counts: Counts,
}

/// How a handler's run ended.
enum Ran {
    /// With an outcome.
    Ended(Outcome<()>),
    /// Dropped, because the grace was over.
    Cut,
}

impl<H, F> Lane<H>
where
    H: Fn(Received) -> F + Send + Sync + 'static,
    F: Future<Output = Handled<()>> + Send + 'static,
{
    pub(crate) fn new(crew: Arc<Crew<H>>, session: Option<Session>, hand: Vec<Received>) -> Self {
        let kept = crew.worker.clock.now();
        Self { crew, session, hand: hand.into(), kept, counts: Counts::default() }
    }

    /// Until all are settled, or one is not done: then the later ones are given back.
    pub(crate) async fn run(mut self) -> Ended {
        let mut handled = 0;
        while !self.crew.stopping.is_cancelled() {
            let Some(message) = self.hand.pop_front() else { break };
            handled += 1;
            if !self.step(message).await {
                break;
            }
        }
        self.give_back().await;
        Ended { handled, counts: self.counts }
    }

    /// Handles and settles one; whether the next may follow.
    async fn step(&mut self, message: Received) -> bool {
        let span = info_span!(
            "invocation",
            stage = %self.crew.worker.queue,
            delivery.id = message.correlation,
            session = self.session.as_ref().map(Session::as_str),
            attempt = message.attempt,
        );
        let held = Held::of(&message);
        async {
            let ran = self.handle(message, &held).await;
            if !matches!(ran, Ran::Ended(Outcome::Done(()) | Outcome::Skipped(_) | Outcome::Rejected(_))) {
                // Last to first, and before the one that failed: nobody may get a later one first.
                self.give_back().await;
            }
            let settled = match ran {
                Ran::Ended(outcome) => settling::apply(&self.crew.worker, &held, outcome).await,
                Ran::Cut => settling::untouched(&self.crew.worker, &held, Duration::ZERO).await,
            };
            settled.count(&mut self.counts);
            matches!(settled, Settled::Completed | Settled::Dead)
        }
        .instrument(span)
        .await
    }

    /// Runs the handler, keeping its message and the later ones.
    async fn handle(&mut self, message: Received, held: &Held) -> Ran {
        let crew = Arc::clone(&self.crew);
        let worker = &crew.worker;
        let receipts: Vec<Receipt> = std::iter::once(&held.receipt)
            .chain(self.hand.iter().map(|later| &later.receipt))
            .cloned()
            .collect();
        let handling = AssertUnwindSafe(async { (crew.handler)(message).await }).catch_unwind();
        let mut handling = pin!(handling);
        let handled = tokio::select! {
            biased;
            handled = &mut handling => Some(handled),
            () = crew.cut.cancelled() => return Ran::Cut,
            () = keep(worker, &receipts, &mut self.kept) => None,
        };
        let handled = match handled {
            Some(handled) => handled,
            None => {
                warn!("the hold is lost; the handler goes on, later messages of its session do not");
                self.give_back().await;
                tokio::select! {
                    biased;
                    handled = &mut handling => handled,
                    () = crew.cut.cancelled() => return Ran::Cut,
                }
            }
        };
        let handled = handled.unwrap_or_else(|panic| Err(panicked(&*panic)));
        Ran::Ended(settle(handled, held.attempt, worker.max_attempts))
    }

    async fn give_back(&mut self) {
        let hand = Vec::from(std::mem::take(&mut self.hand));
        self.counts.given_back += settling::give_back(&self.crew.worker, &hand, Duration::ZERO).await;
    }
}

/// Renews at half the visibility time; returns only when a hold is lost.
async fn keep(worker: &Worker, receipts: &[Receipt], kept: &mut Timestamp) {
    let half = worker.visibility / 2;
    loop {
        let since = worker.clock.now().duration_since(*kept);
        let since = Duration::try_from(since).unwrap_or(Duration::ZERO);
        worker.clock.sleep(half.saturating_sub(since)).await;
        let renewing = worker.clock.now();
        let mut all = true;
        for receipt in receipts {
            match worker.receiver.renew(&worker.queue, receipt, worker.visibility).await {
                Ok(_) => {}
                Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::NotFound) => return,
                Err(error) => {
                    warn!(%error, "a message could not be held longer; trying again");
                    all = false;
                    break;
                }
            }
        }
        if all {
            *kept = renewing;
        } else {
            worker.clock.sleep(worker.visibility / 8).await;
        }
    }
}

/// A panic is an unknown failure: tried again, and in the end dead-lettered with what it said.
fn panicked(panic: &(dyn Any + Send)) -> PortError {
    let said = panic.downcast_ref::<&str>().map(ToString::to_string);
    let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
    PortError::internal(format!("the handler panicked: {}", said.unwrap_or_else(|| "without a word".into())))
}
