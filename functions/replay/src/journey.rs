//! One run of a replay: batch after batch, each sent, then written down, by the clock, within a budget.

use std::time::Duration;

use futures::future::join;
use jiff::{SignedDuration, Timestamp};
use pointsman_core::{port::PortError, telemetry::REPLAYED};

use crate::{
    End, Onlooker, Replay, Row,
    named::Missing,
    pace::Pace,
    progress::{Kept, State},
    reading::{Batch, Batches, Terms},
    sending::{Sum, send},
};

/// Where nothing is sent, the record is written this often.
const WRITTEN: SignedDuration = SignedDuration::from_secs(1);

/// One run of a replay.
pub struct Journey<'a> {
    replay: &'a Replay,
    /// How far it is.
    pub kept: Kept,
    pace: Pace,
    began: Timestamp,
    written: Timestamp,
}

impl<'a> Journey<'a> {
    /// On from what is kept.
    pub fn new(replay: &'a Replay, kept: Kept) -> Self {
        let now = replay.ports.clock.now();
        let pace = Pace::new(kept.progress.order.rate);
        Self { replay, kept, pace, began: now, written: now }
    }

    /// To its end, its stop, or the end of the budget.
    pub async fn go(&mut self, onlooker: &mut dyn Onlooker) -> Result<End, PortError> {
        let replay = self.replay;
        self.write(true).await?;
        let progress = &self.kept.progress;
        let terms = Terms { rules: replay.rules.clone(), inline: replay.inline, most: replay.most };
        let from = (progress.started, progress.cursor.as_ref());
        let mut batches = Batches::new(&progress.order, from, &replay.ports, terms).await?;
        let mut ahead = batches.next().await?;
        while let Some(batch) = ahead {
            if onlooker.stops() || self.kept.progress.state == State::Stopped {
                return self.end(State::Stopped, End::Stopped).await;
            }
            let wait = self.pace.wait(replay.ports.clock.now());
            if !wait.is_zero() {
                replay.ports.clock.sleep(wait).await;
            }
            self.tally(&batch, &batches, onlooker);
            // The next one is read while this one is on its way.
            let (done, next) = join(self.take(batch), batches.next()).await;
            done?;
            onlooker.progress(&self.kept.progress);
            ahead = next?;
            // Only now: however small the budget is, each run gets on.
            if ahead.is_some() && self.is_used_up() && self.kept.progress.state != State::Stopped {
                self.kept.progress.turns += 1;
                return self.end(State::Running, End::More).await;
            }
        }
        self.miss(batches.missing());
        if self.kept.progress.state == State::Stopped {
            return self.end(State::Stopped, End::Stopped).await;
        }
        self.end(State::Done, End::Done).await
    }

    async fn end(&mut self, state: State, end: End) -> Result<End, PortError> {
        self.kept.progress.state = state;
        self.write(true).await?;
        Ok(end)
    }

    /// A clock that was set back begins a new budget.
    fn is_used_up(&mut self) -> bool {
        let now = self.replay.ports.clock.now();
        self.began = self.began.min(now);
        let gone = Duration::try_from(now.duration_since(self.began)).unwrap_or_default();
        self.replay.budget.is_some_and(|budget| gone >= budget) && self.kept.is_kept()
    }

    /// Who gets the batch, and who had it before.
    fn tally(&mut self, batch: &Batch, batches: &Batches, onlooker: &mut dyn Onlooker) {
        let progress = &mut self.kept.progress;
        for item in &batch.items {
            for subscription in &item.again.subscriptions {
                let had = batches.queues.get(subscription).is_some_and(|queue| item.had(queue).is_some());
                progress.count(subscription, had);
            }
            if !progress.order.apply {
                onlooker.row(Row::new(item));
            }
        }
    }

    /// Sends the batch and writes down that it was.
    async fn take(&mut self, mut batch: Batch) -> Result<(), PortError> {
        let replay = self.replay;
        let now = replay.ports.clock.now();
        let deliveries = batch.items.len();
        let sum = if self.kept.progress.order.apply {
            send(&mut batch.items, &replay.ports, (now, replay.rules.marks_kept)).await?
        } else {
            Sum::default()
        };
        self.pace.sent(deliveries, now);
        let counts = &mut self.kept.progress.counts;
        counts.looked += batch.looked;
        counts.matched += deliveries as u64;
        counts.unwanted += batch.unwanted;
        counts.undecided += batch.undecided;
        counts.sent += sum.sent;
        counts.duplicates += sum.duplicates;
        counts.failed += sum.failed;
        self.miss(batch.missing);
        for (result, count) in [("sent", sum.sent), ("duplicate", sum.duplicates), ("failed", sum.failed)] {
            count_metric(result, count);
        }
        self.kept.progress.cursor = Some(batch.last);
        self.write(sum != Sum::default()).await
    }

    fn miss(&mut self, missing: Missing) {
        self.kept.progress.counts.gone += missing.gone;
        self.kept.progress.counts.unreadable += missing.unreadable;
        count_metric("gone", missing.gone);
        count_metric("unreadable", missing.unreadable);
    }

    /// The record says how far it is: at once where something was sent, else now and then.
    async fn write(&mut self, at_once: bool) -> Result<(), PortError> {
        let now = self.replay.ports.clock.now();
        if !at_once && now.duration_since(self.written).abs() < WRITTEN {
            return Ok(());
        }
        self.written = now;
        self.kept.progress.updated = now;
        let expires = now.checked_add(self.replay.rules.marks_kept).ok();
        self.kept.advance(&*self.replay.ports.records, expires).await
    }
}

fn count_metric(result: &'static str, count: u64) {
    if count > 0 {
        REPLAYED.add([result], count);
    }
}
