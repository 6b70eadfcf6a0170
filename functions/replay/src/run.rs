//! The replay itself: batch after batch, each sent, then written down; under a lease, by the clock, within a budget.

use std::{pin::pin, time::Duration};

use futures::future::{Either, join, select};
use jiff::{SignedDuration, Timestamp};
use pointsman_core::{
    lease::{Holder, Lease, Taken},
    port::{ErrorKind, PortError, QueueName},
};
use tracing::{info, warn};

use crate::{
    Replay,
    named::Missing,
    order::Order,
    pace::Pace,
    place::hour_of,
    progress::{self, Kept, Progress, State},
    reading::{Batch, Batches, Item, Terms},
    sending::{Sum, send},
    walk::{Range, Walk},
};

/// The lease that every replay takes.
pub const LEASE: &str = "replay";
/// How long the lease lives without a sign of life: after a crash nobody waits longer.
const LENGTH: Duration = Duration::from_secs(15);
/// Where nothing is sent, the record is written this often.
const WRITTEN: SignedDuration = SignedDuration::from_secs(1);
/// A record from so far ahead says that the clock was set back.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Everything was looked at.
    Done,
    /// Everything had been looked at before: nothing was sent.
    Already,
    /// Somebody stopped it.
    Stopped,
    /// The budget is used up, and there is more.
    More,
}

/// Why a replay is not run.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The order has faults.
    #[error(transparent)]
    Faults(#[from] crate::order::Faults),
    /// There is none of this id.
    #[error("there is no replay `{0}`, or its record was forgotten since")]
    Unknown(String),
    /// One of this id was asked for, and it was another.
    #[error("replay `{0}` was asked for before, and for something else: take another id")]
    Unlike(String),
    /// Another one runs.
    #[error(
        "{} is at work, and two at once could mix up a session's order: wait for its end, or stop it \
         (`pointsman replay list` shows it); if it was killed, its place is free at {}", .0.name, .0.until
    )]
    Busy(Holder),
    /// There is nothing to be stopped.
    #[error("replay `{id}` was done at {at}: there is nothing to stop")]
    Over {
        /// Its id.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// A port failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// One delivery, as a dry run shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Row {
    /// The event's id.
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// Its session by the `entity` strategy.
    pub session: String,
    /// When it came in.
    pub received: Timestamp,
    /// Its key in the archive.
    pub archive: String,
    /// Where it would go.
    pub to: Vec<Target>,
}

/// A queue that a delivery would go to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Target {
    /// The queue.
    pub queue: QueueName,
    /// When it went there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
}

/// Who looks on.
pub trait Onlooker: Send {
    /// In a dry run: each delivery that would go somewhere.
    fn row(&mut self, _row: Row) {}
    /// After each batch.
    fn progress(&mut self, _progress: &Progress) {}
    /// Whether to stop before the next one.
    fn stops(&mut self) -> bool {
        false
    }
}

/// Nobody.
impl Onlooker for () {}

impl Replay {
    /// Goes on with the replay of this id until its end, or until it is stopped or the budget is used up.
    pub async fn run(&self, id: &str, onlooker: &mut dyn Onlooker) -> Result<(End, Progress), Refused> {
        let (records, clock) = (self.ports.records.clone(), self.ports.clock.clone());
        let holder = format!("replay {id} by {}", self.holder);
        let mut lease = match Lease::take(records, clock, LEASE, &holder, LENGTH).await? {
            Taken::Ours(lease) => lease,
            Taken::Held(holder) => return Err(Refused::Busy(holder)),
        };
        let outcome = {
            let work = pin!(self.work(id, onlooker));
            let keeping = pin!(self.keep(&mut lease, &holder));
            match select(work, keeping).await {
                Either::Left((done, _)) => done,
                Either::Right((lost, _)) => Err(lost),
            }
        };
        lease.release().await?;
        outcome
    }

    /// What an order would do, without a record and without sending anything.
    pub async fn preview(
        &self,
        order: Order,
        onlooker: &mut dyn Onlooker,
    ) -> Result<(End, Progress), Refused> {
        let order = Order { apply: false, rate: 0, ..self.checked(order).await? };
        let mut journey = Journey::new(self, Kept::loose(Progress::new(order, self.ports.clock.now())));
        let end = journey.go(onlooker).await?;
        Ok((end, journey.kept.progress))
    }

    /// How many deliveries an order means, by listing keys alone: what progress is measured by. `look` is told the number
    /// on the way, and ends the count by `false`.
    pub async fn total(&self, progress: &Progress, look: impl FnMut(u64) -> bool) -> Result<u64, Refused> {
        let what = &progress.order.what;
        if let Some(queue) = &what.dead_letters {
            return Ok(self.ports.admin.stats(&queue.dead_letters()).await?.depth);
        }
        if !what.deliveries.is_empty() {
            return Ok(what.deliveries.len() as u64);
        }
        let range = Range::new(what, progress.started);
        let walk = Walk::new(&*self.ports.archive, range, None, self.most).await?;
        Ok(walk.count(look).await?)
    }

    /// Says now and then that we are still there. Returns only when somebody else has the lease.
    async fn keep(&self, lease: &mut Lease, holder: &str) -> Refused {
        loop {
            self.ports.clock.sleep(LENGTH / 3).await;
            match lease.renew().await {
                Err(error) if error.kind == ErrorKind::Conflict => {}
                Err(error) => {
                    warn!(%error, "the replay's lease could not be renewed");
                    continue;
                }
                Ok(()) => continue,
            }
            // The clock jumped, or we stood still for too long: ours again, unless somebody came.
            let (records, clock) = (self.ports.records.clone(), self.ports.clock.clone());
            match Lease::take(records, clock, LEASE, holder, LENGTH).await {
                Ok(Taken::Ours(again)) => *lease = again,
                Ok(Taken::Held(holder)) => return Refused::Busy(holder),
                Err(error) => return error.into(),
            }
        }
    }

    async fn work(&self, id: &str, onlooker: &mut dyn Onlooker) -> Result<(End, Progress), Refused> {
        let found = progress::find(&*self.ports.records, id).await?;
        let mut kept = found.ok_or_else(|| Refused::Unknown(id.to_owned()))?;
        match kept.progress.state {
            State::Done => return Ok((End::Already, kept.progress)),
            State::Stopped => return Ok((End::Stopped, kept.progress)),
            State::Queued | State::Running => {}
        }
        self.warn_of_clock(&kept.progress);
        info!(replay = id, apply = kept.progress.order.apply, "replay {id} goes: {}", kept.progress.told());
        kept.progress.state = State::Running;
        let mut journey = Journey::new(self, kept);
        let gone = journey.go(onlooker).await;
        let told = journey.kept.progress.told();
        match &gone {
            Ok(End::More) => info!(replay = id, "replay {id} makes a pause: {told}"),
            Ok(end) => info!(
                replay = id,
                "replay {id} is {}: {told}",
                if *end == End::Done { "done" } else { "stopped" }
            ),
            Err(error) => warn!(replay = id, %error, "replay {id} was broken off and can go on: {told}"),
        }
        Ok((gone?, journey.kept.progress))
    }

    fn warn_of_clock(&self, progress: &Progress) {
        let now = self.ports.clock.now();
        let id = &progress.order.id;
        if progress.updated.duration_since(now) > AHEAD {
            warn!(
                "the clock stands at {now}, and replay {id} was written at {}: the clock was set back; it goes on",
                progress.updated
            );
        }
        if let Some(cursor) = progress.cursor.as_ref().filter(|cursor| cursor.hour > hour_of(now)) {
            warn!(
                "replay {id} stands at {}, in the future of the clock ({now}); it goes on from there",
                cursor.key
            );
        }
    }
}

/// One run of a replay.
struct Journey<'a> {
    replay: &'a Replay,
    kept: Kept,
    pace: Pace,
    began: Timestamp,
    written: Timestamp,
}

impl<'a> Journey<'a> {
    fn new(replay: &'a Replay, kept: Kept) -> Self {
        let now = replay.ports.clock.now();
        let pace = Pace::new(kept.progress.order.rate);
        Self { replay, kept, pace, began: now, written: now }
    }

    async fn go(&mut self, onlooker: &mut dyn Onlooker) -> Result<End, PortError> {
        let replay = self.replay;
        self.write(true).await?;
        let progress = &self.kept.progress;
        let terms =
            Terms { rules: replay.rules.clone(), inline_limit: replay.inline_limit, most: replay.most };
        let from = (progress.started, progress.cursor.as_ref());
        let mut batches = Batches::new(&progress.order, from, &replay.ports, terms).await?;
        let mut ahead = batches.next().await?;
        while let Some(batch) = ahead {
            if onlooker.stops() || self.kept.progress.state == State::Stopped {
                return self.end(State::Stopped, End::Stopped).await;
            }
            replay.ports.clock.sleep(self.pace.wait(replay.ports.clock.now())).await;
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
                onlooker.row(row(item));
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
        metrics::counter!("pointsman_replayed_total", "result" => result).increment(count);
    }
}

fn row(item: &Item) -> Row {
    let target = |queue: &QueueName| Target { queue: queue.clone(), before: item.had(queue) };
    Row {
        id: item.again.event.id.clone(),
        r#type: item.again.event.r#type.clone(),
        session: item.again.session.clone(),
        received: item.received,
        archive: item.key.clone(),
        to: item.again.messages.iter().map(|(queue, _)| target(queue)).collect(),
    }
}
