//! One session's messages, one after another; what is not begun yet is kept meanwhile.

use std::{collections::VecDeque, panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};

use futures::FutureExt as _;
use jiff::Timestamp;
use pointsman_core::{
    handling::{Ending, Work},
    outcome::{Handled, Outcome, panicked, settle},
    port::{ErrorKind, Receipt, Received},
    session::Session,
    telemetry, trace,
};
use tracing::{Instrument as _, warn};

use crate::{
    Counts, Worker,
    run::{Crew, Ended, Turn},
    settling::{self, Held, Settled},
};

/// Messages of one session in order, or one message without a session.
pub(crate) struct Lane<H> {
    crew: Arc<Crew<H>>,
    session: Option<Session>,
    hand: VecDeque<Received>,
    /// The first so many are handled one by one: together they were rejected.
    apart: usize,
    /// When all of them were last taken or renewed.
    kept: Timestamp,
    counts: Counts,
}

/// How a handler's run ended.
enum Ran {
    /// With an outcome.
    Ended(Outcome<()>),
    /// Dropped, because the grace was over; or not begun, because it runs in another lane.
    Cut,
}

impl<H, F> Lane<H>
where
    H: Fn(Vec<Received>) -> F + Send + Sync + 'static,
    F: Future<Output = Handled<()>> + Send + 'static,
{
    pub(crate) fn new(crew: Arc<Crew<H>>, session: Option<Session>, hand: Vec<Received>) -> Self {
        let kept = crew.worker.clock.now();
        Self { crew, session, hand: hand.into(), apart: 0, kept, counts: Counts::default() }
    }

    /// Until all are settled, or one is not done: then the later ones are given back.
    pub(crate) async fn run(mut self) -> Ended {
        let (all, mut begun) = (self.hand.len(), 0);
        while !self.crew.stopping.is_cancelled() {
            let turn = self.turn();
            if turn.is_empty() {
                break;
            }
            begun = begun.max(all - self.hand.len());
            if !self.step(turn).await {
                break;
            }
        }
        self.give_back().await;
        Ended { handled: begun as u64, counts: self.counts }
    }

    /// What is handled next: one, or all that may be handled together. One that failed before is alone, so that it alone
    /// dies if it fails again and again.
    fn turn(&mut self) -> Vec<Received> {
        let fresh = self.hand.iter().take_while(|message| message.attempt == 1).count();
        let count = if self.crew.turn == Turn::One || self.apart > 0 { 1 } else { fresh.max(1) };
        self.apart = self.apart.saturating_sub(1);
        self.hand.drain(..count.min(self.hand.len())).collect()
    }

    /// Handles and settles a turn, as a span of its trace; what came of it is told in the log, once for each message.
    /// Whether the next turn may follow.
    async fn step(&mut self, turn: Vec<Received>) -> bool {
        let crew = Arc::clone(&self.crew);
        let Worker { queue, clock, .. } = &crew.worker;
        let works: Vec<Work> = turn.iter().map(|message| Work::of(queue, message)).collect();
        let (span, begun, mut endings) = (works[0].span(works.len()), clock.now(), Vec::new());
        // The newest event says whose trace it is.
        let trace = works.iter().rev().find_map(|work| work.trace.clone());
        let next = trace::within(trace, self.settle(turn, &mut endings).instrument(span)).await;
        let took = Duration::try_from(clock.now().duration_since(begun)).unwrap_or_default();
        works.iter().zip(&endings).for_each(|(work, ending)| work.ended(ending, took));
        next
    }

    async fn settle(&mut self, turn: Vec<Received>, endings: &mut Vec<Ending>) -> bool {
        let held: Vec<Held> = turn.iter().map(Held::of).collect();
        let several = if turn.len() > 1 { turn.clone() } else { Vec::new() };
        let begun = self.crew.worker.clock.now();
        let ran = self.handle(turn, &held).await;
        if matches!(ran, Ran::Ended(Outcome::Rejected(_))) && !several.is_empty() {
            warn!(messages = several.len(), "rejected together; each is tried alone");
            self.apart = several.len();
            self.put_back(several);
            return true;
        }
        if let Ran::Ended(outcome) = &ran {
            let Worker { clock, queue, .. } = &self.crew.worker;
            let took = clock.now().duration_since(begun).unsigned_abs();
            telemetry::handled(queue, outcome, held.len(), took);
        }
        if !matches!(ran, Ran::Ended(Outcome::Done(()) | Outcome::Skipped(_) | Outcome::Rejected(_))) {
            // Last to first, and before the one that failed: nobody may get a later one first.
            self.put_back(several.into_iter().skip(1));
            self.give_back().await;
        }
        let (settled, ending) = settled(&self.crew.worker, &held, ran).await;
        *endings = vec![ending; settled.len()];
        settled.iter().for_each(|settled| settled.count(&mut self.counts));
        if settled.contains(&Settled::Dead) && !self.still_ours().await {
            return false;
        }
        settled.iter().all(|settled| matches!(settled, Settled::Completed | Settled::Dead))
    }

    /// Runs the handler, keeping its messages and the later ones.
    async fn handle(&mut self, turn: Vec<Received>, held: &[Held]) -> Ran {
        let crew = Arc::clone(&self.crew);
        let worker = &crew.worker;
        let Some(_running) = crew.begin(self.session.as_ref()) else { return Ran::Cut };
        let receipts: Vec<Receipt> = held
            .iter()
            .map(|held| &held.receipt)
            .chain(self.hand.iter().map(|later| &later.receipt))
            .cloned()
            .collect();
        let handling = AssertUnwindSafe(async { (crew.handler)(turn).await }).catch_unwind();
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
        Ran::Ended(settle(handled, held[0].attempt, worker.max_attempts))
    }

    /// Whether the later messages may follow a dead one: where the queue holds its session for a person, it took them back.
    async fn still_ours(&mut self) -> bool {
        let Some(next) = self.hand.front() else { return true };
        let Worker { receiver, queue, visibility, .. } = &self.crew.worker;
        match receiver.renew(queue, &next.receipt, *visibility).await {
            Err(error) if error.kind == ErrorKind::Conflict => {
                warn!("the session waits for a person behind the message that failed");
                self.counts.given_back += self.hand.len() as u64;
                self.hand.clear();
                false
            }
            _ => true,
        }
    }

    fn put_back(&mut self, messages: impl IntoIterator<Item = Received, IntoIter: DoubleEndedIterator>) {
        messages.into_iter().rev().for_each(|message| self.hand.push_front(message));
    }

    async fn give_back(&mut self) {
        let hand = Vec::from(std::mem::take(&mut self.hand));
        self.counts.given_back += settling::give_back(&self.crew.worker, &hand, Duration::ZERO).await;
    }
}

/// Tells the queue how a turn ended: of several that are done, that of each; else that of the first.
async fn settled(worker: &Worker, held: &[Held], ran: Ran) -> (Vec<Settled>, Ending) {
    match ran {
        Ran::Ended(Outcome::Done(())) if held.len() > 1 => {
            (settling::complete_all(worker, held).await, Ending::good("done"))
        }
        Ran::Ended(Outcome::Skipped(why)) if held.len() > 1 => {
            (settling::complete_all(worker, held).await, Ending::good("skipped").because(why))
        }
        Ran::Ended(outcome) => {
            let (settled, ending) = settling::apply(worker, &held[0], outcome).await;
            (vec![settled], ending)
        }
        Ran::Cut => {
            let settled = settling::untouched(worker, &held[0], Duration::ZERO).await;
            (vec![settled], Ending::good("given_back").because("the stage stops"))
        }
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
