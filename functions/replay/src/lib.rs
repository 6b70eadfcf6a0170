//! Sends again what was received before: from the archive, in order, at a rate, once a replay's id.
//!
//! A replay's way: [`Order`] (asked for) -> `desk` (written down) -> `walk`, `named` (which, in what order) -> `reading`
//! (filtered, made into messages) -> `sending` -> [`Progress`] (written after each batch: one that was killed goes on).

mod desk;
mod journey;
mod named;
mod onlooker;
mod order;
mod pace;
mod place;
mod progress;
mod reading;
mod run;
mod sending;
mod walk;

use std::{sync::Arc, time::Duration};

use pointsman_core::{
    outcome::{Handled, Outcome, Reason, Rejection},
    port::{Archive, Clock, ErrorKind, PortError, Queue, QueueAdmin, Received, Records},
    rules::Rules,
    sending::Inline,
};
use serde::Deserialize;

pub use onlooker::{Onlooker, Row, Target};
pub use order::{Faults, Order, RATE, Selection, new_id};
pub use place::Place;
pub use progress::{Counts, Progress, State, Tally};
pub use run::{End, Refused};

/// So many places are kept in memory: some 10 MB, and an hour of a million deliveries is listed twenty times.
pub const MOST: usize = 20_000;

/// How long a turn waits for a replay that runs elsewhere.
const BUSY: Duration = Duration::from_secs(10);

/// What the stage asks of the world.
#[derive(Clone)]
pub struct Ports {
    /// What was received.
    pub archive: Arc<dyn Archive>,
    /// Routing marks, the replays' own records, their lease.
    pub records: Arc<dyn Records>,
    /// Where it goes.
    pub queue: Arc<dyn Queue>,
    /// Dead letters, to be looked at.
    pub admin: Arc<dyn QueueAdmin>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// The stage: its ports, and by which rules it works.
#[derive(Clone)]
pub struct Replay {
    /// What it asks of the world.
    pub ports: Ports,
    /// Who wants what today.
    pub rules: Arc<Rules>,
    /// What the queues carry; the rest goes without `data`.
    pub inline: Inline,
    /// How long one run may take; `None` = to the end.
    pub budget: Option<Duration>,
    /// How many places are kept in memory. Usually [`MOST`].
    pub most: usize,
    /// What it says of itself to who finds it at work, such as `pointsman serve (process 12)`.
    pub holder: String,
}

#[derive(Deserialize)]
struct Errand {
    replay: String,
}

/// One turn of the replay that a message names. Where the budget ends before the replay does, it hands itself on.
pub async fn handle(message: &Received, stage: &Replay) -> Handled<Progress> {
    let errand: Errand = match serde_json::from_slice(&message.body) {
        Ok(errand) => errand,
        Err(error) => {
            let detail = format!("the message names no replay ({error}): ask for one by `pointsman replay`");
            return Ok(Outcome::Rejected(Rejection::new(Reason::Malformed, detail)));
        }
    };
    match stage.run(&errand.replay, &mut ()).await {
        Ok((End::More, progress)) => {
            stage.enqueue(&progress).await?;
            Ok(Outcome::Done(progress))
        }
        Ok((_, progress)) => Ok(Outcome::Done(progress)),
        Err(Refused::Port(error)) => Err(error),
        Err(busy @ Refused::Busy(_)) => {
            Err(PortError::new(ErrorKind::Throttled { after: Some(BUSY) }, busy.to_string()))
        }
        Err(other) => Ok(Outcome::Skipped(other.to_string())),
    }
}

/// A replay that is asked for by an [`Order`] as JSON: submitted, to be run in turns.
pub async fn submitted(order: serde_json::Value, stage: &Replay) -> Handled<Progress> {
    let order = Order::read(order.to_string().as_bytes(), stage.ports.clock.now());
    let submitted = match order {
        Ok(order) => stage.submit(order).await,
        Err(faults) => Err(faults.into()),
    };
    match submitted {
        Ok(progress) => Ok(Outcome::Done(progress)),
        Err(Refused::Port(error)) => Err(error),
        Err(refused) => Ok(Outcome::Rejected(Rejection::new(Reason::Failed, refused.to_string()))),
    }
}
