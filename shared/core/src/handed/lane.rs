//! One session's messages, one after another; after one that is not done, the later ones are returned untouched.

use std::{
    collections::{HashSet, VecDeque},
    panic::AssertUnwindSafe,
    pin::pin,
    time::Duration,
};

use futures::{
    FutureExt as _,
    future::{Either, select},
};
use tracing::{Instrument as _, debug, warn};

use super::{
    Source, Times, Undone,
    later::{self, since},
    times::left,
};
use crate::{
    handling::{Ending, Work},
    outcome::{Handled, Outcome, Reason, Rejection, panicked, settle},
    port::{Abandon, MessageId, PortError, Received},
    stored, telemetry, trace,
    word::{Bounds, Word},
};

/// Messages of one session in order, or one message without a session.
pub(super) struct Lane<'a, H> {
    pub(super) source: &'a Source,
    pub(super) hand: Vec<Received>,
    pub(super) handler: &'a H,
    pub(super) times: Times,
    /// Messages without a body.
    pub(super) empty: &'a HashSet<MessageId>,
    /// The first so many are handled one by one: together they were rejected.
    pub(super) apart: usize,
}

/// What becomes of a lane after a turn.
enum Then {
    Next,
    /// These were not done, and are to wait so long; nothing of the lane follows.
    Stop(Vec<Received>, Duration),
}

impl<H, F> Lane<'_, H>
where
    H: Fn(Vec<Received>) -> F,
    F: Future<Output = Handled<()>>,
{
    /// Until all are done, or one is not; says what is to come again.
    pub(super) async fn run(mut self) -> Undone {
        let mut hand = VecDeque::from(std::mem::take(&mut self.hand));
        let (mut done, mut undone) = (Vec::new(), Undone::default());
        while !hand.is_empty() && self.source.clock.now() < self.times.last {
            let turn = self.turn(&mut hand);
            match self.told(turn, &mut hand, &mut done).await {
                Then::Next => {}
                Then::Stop(stopped, after) => {
                    undone.messages.extend(stopped.into_iter().map(|message| message.id));
                    undone.after = after;
                    break;
                }
            }
        }
        self.give_back(hand.make_contiguous()).await;
        undone.messages.extend(hand.into_iter().map(|message| message.id));
        let receipts: Vec<_> = done.into_iter().map(|message: Received| message.receipt).collect();
        let Source { receiver, queue, .. } = self.source;
        if let Err(error) = receiver.forget(queue, &receipts).await {
            warn!(%error, "what was given back behind them comes when its hold ends");
        }
        undone
    }

    /// What is handled next: one, or all that may be handled together. One that failed before is alone, so that it alone
    /// dies if it fails again and again.
    fn turn(&mut self, hand: &mut VecDeque<Received>) -> Vec<Received> {
        let fresh = |message: &&Received| message.attempt == 1 && !self.empty.contains(&message.id);
        let count = hand.iter().take_while(fresh).count();
        let count = if self.source.together && self.apart == 0 { count.max(1) } else { 1 };
        self.apart = self.apart.saturating_sub(1);
        hand.drain(..count).collect()
    }

    /// A step, as a span of its trace; what came of it is told in the log, once for each message.
    async fn told(
        &mut self,
        turn: Vec<Received>,
        hand: &mut VecDeque<Received>,
        done: &mut Vec<Received>,
    ) -> Then {
        let works: Vec<Work> = turn.iter().map(|message| Work::of(&self.source.queue, message)).collect();
        let (count, begun, mut endings) = (works.len(), self.source.clock.now(), Vec::new());
        // The newest event says whose trace it is.
        let trace = works.iter().rev().find_map(|work| work.trace.clone());
        let step = self.step(turn, hand, done, &mut endings).instrument(works[0].span(count));
        let then = trace::within(trace, step).await;
        let took = left(begun, self.source.clock.now());
        works.iter().zip(&endings).for_each(|(work, ending)| work.ended(ending, took));
        then
    }

    async fn step(
        &mut self,
        turn: Vec<Received>,
        hand: &mut VecDeque<Received>,
        done: &mut Vec<Received>,
        endings: &mut Vec<Ending>,
    ) -> Then {
        let begun = self.source.clock.now();
        let outcome = self.handle(&turn).await;
        if matches!(outcome, Outcome::Rejected(_)) && turn.len() > 1 {
            warn!(messages = turn.len(), "rejected together; each is tried alone");
            self.apart = turn.len();
            turn.into_iter().rev().for_each(|message| hand.push_front(message));
            return Then::Next;
        }
        let first = &turn[0];
        let now = self.source.clock.now();
        telemetry::handled(&self.source.queue, &outcome, turn.len(), left(begun, now));
        let age = left(since(first), now);
        let settings = &self.source.settings;
        let bounds = Bounds { max_attempts: settings.max_deliveries, max_age: settings.max_age };
        let (word, ending) = Word::of(outcome, first.attempt, age, bounds);
        let all = matches!(word, Word::Complete | Word::Again(Abandon { failed: None, .. }));
        *endings = vec![ending; if all { turn.len() } else { 1 }];
        if word == Word::Complete {
            done.extend(turn);
            return Then::Next;
        }
        let after = if let Word::Again(how) = &word { Some(how.after) } else { None };
        let again = after.is_some();
        if let Word::Again(Abandon { after, failed: None }) = word
            && later::send(self.source, &turn, after).await
        {
            return Then::Next;
        }
        if again {
            // Last to first, and before the one that failed: nobody may get a later one first.
            self.give_back(hand.make_contiguous()).await;
            self.give_back(&turn[1..]).await;
        }
        let Source { receiver, clock, queue, .. } = self.source;
        let told = word.tell(&**receiver, &**clock, queue, &first.receipt).await;
        match told {
            Ok(()) if !again && turn.len() == 1 => return Then::Next,
            // Failed too often, together with others that are innocent: they have their turn now.
            Ok(()) if !again => {
                turn.into_iter().skip(1).rev().for_each(|message| hand.push_front(message));
                return Then::Next;
            }
            Ok(()) => {}
            Err(error) => warn!(%error, "the message could not be settled; it comes again"),
        }
        let given = if again { std::mem::take(hand) } else { VecDeque::new() };
        Then::Stop(turn.into_iter().chain(given).collect(), after.unwrap_or_default())
    }

    /// Runs the handler to its end, or to the time at which the answer must be given.
    async fn handle(&self, turn: &[Received]) -> Outcome<()> {
        if self.empty.contains(&turn[0].id) {
            let detail = "the message has no body: nothing of ours sends such a one";
            return Outcome::Rejected(Rejection::new(Reason::Malformed, detail));
        }
        let Source { clock, settings, .. } = self.source;
        let work = async { (self.handler)(self.whole(turn).await?).await };
        let handling = AssertUnwindSafe(work).catch_unwind();
        let cut = clock.sleep(left(clock.now(), self.times.cut));
        let handled = match select(pin!(handling), cut).await {
            Either::Left((handled, _)) => handled.unwrap_or_else(|panic| Err(panicked(&*panic))),
            Either::Right(((), _)) => {
                Err(PortError::internal("it was not done within the function's time: give the function more"))
            }
        };
        settle(handled, turn[0].attempt, settings.max_deliveries)
    }

    /// With the data of those that came by reference.
    async fn whole(&self, turn: &[Received]) -> Result<Vec<Received>, PortError> {
        let mut turn = turn.to_vec();
        if let Some(archive) = &self.source.archive {
            for message in &mut turn {
                message.body = stored::whole(&**archive, message.body.clone()).await?;
            }
        }
        Ok(turn)
    }

    /// Gives these back untouched, the last one first.
    async fn give_back(&self, messages: &[Received]) {
        for message in messages.iter().rev() {
            let Source { receiver, queue, .. } = self.source;
            if let Err(error) = receiver.abandon(queue, &message.receipt, Abandon::untouched()).await {
                debug!(%error, "a message was not given back; it comes back when its hold ends");
            }
        }
    }
}
