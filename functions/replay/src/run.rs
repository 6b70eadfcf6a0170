//! A replay is run under its lease, from where it was, or shown without sending anything.

use std::{pin::pin, time::Duration};

use futures::future::{Either, select};
use jiff::{SignedDuration, Timestamp};
use pointsman_core::{
    lease::{Holder, Lease, Taken},
    port::{ErrorKind, PortError},
};
use tracing::{info, warn};

use crate::{
    Onlooker, Replay,
    journey::Journey,
    order::{Faults, Order},
    place::hour_of,
    progress::{self, Kept, Progress, State},
    walk::{Range, Walk},
};

/// The lease that every replay takes.
pub const LEASE: &str = "replay";
/// How long the lease lives without a sign of life: after a crash nobody waits longer.
const LENGTH: Duration = Duration::from_secs(15);
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
    Faults(#[from] Faults),
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
        let released = lease.release().await;
        let outcome = outcome?;
        released?;
        Ok(outcome)
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
