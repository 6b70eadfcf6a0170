//! One held session: its link, the messages that are in somebody's hands, and those that go back when the last of them is
//! settled. A task of its own renews the session's lock and ends holds whose time is over.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use fe2o3_amqp_types::primitives::{Array, Value};
use jiff::Timestamp;
use pointsman_core::{
    attempts::Tally,
    port::{PortError, QueueName, Receipt, Received},
};
use tokio::sync::{Mutex, Notify};

use super::{ServiceBusReceiver, accept::Grant, void};

/// A session's lock is renewed when half of its time is over; the shortest that a queue can have is 5 s.
const RENEW: Duration = Duration::from_secs(2);

/// A message that is held.
#[derive(Debug, Clone)]
pub(super) struct Hold {
    pub(super) message: Received,
    pub(super) sequence: String,
    /// Receives by Service Bus's count, this one included.
    pub(super) receives: u32,
    pub(super) tally: Tally,
}

pub(super) struct Holder {
    receiver: ServiceBusReceiver,
    queue: QueueName,
    session: String,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    /// None once it is released.
    grant: Option<Grant>,
    holds: BTreeMap<String, Hold>,
    /// Receipts that go back, not before their time.
    leaving: Vec<(String, Timestamp)>,
    /// When the session's lock is to be renewed.
    renewal: Timestamp,
}

impl Holder {
    /// Holds these messages of the session; with none, it is released.
    pub(super) async fn start(
        receiver: &ServiceBusReceiver,
        queue: &QueueName,
        grant: Grant,
        holds: Vec<Hold>,
    ) -> Vec<Received> {
        let session = grant.name.clone();
        let messages: Vec<_> = holds.iter().map(|hold| hold.message.clone()).collect();
        let holds = holds.into_iter().map(|hold| (hold.message.receipt.0.clone(), hold)).collect();
        let renewal = half(receiver.0.bus.0.clock.now(), grant.until);
        let state = State { grant: Some(grant), holds, leaving: Vec::new(), renewal };
        let holder = Arc::new(Self {
            receiver: receiver.clone(),
            queue: queue.clone(),
            session,
            state: Mutex::new(state),
            changed: Notify::new(),
        });
        if messages.is_empty() {
            let mut state = holder.state.lock().await;
            holder.release(&mut state).await;
            return messages;
        }
        let mut held = receiver.held();
        held.extend(messages.iter().map(|it| ((queue.clone(), it.receipt.clone()), holder.clone())));
        drop(held);
        tokio::spawn(keep(holder));
        messages
    }

    /// A hold, to be settled by `how`; it stays one when that failed for another reason than that it is over.
    pub(super) async fn settle(
        &self,
        receipt: &Receipt,
        how: impl AsyncFnOnce(&Hold) -> Result<Option<Timestamp>, PortError>,
    ) -> Result<(), PortError> {
        let mut state = self.state.lock().await;
        let now = self.receiver.0.bus.0.clock.now();
        let hold = state.holds.get(&receipt.0).filter(|hold| hold.message.visible_at > now);
        let hold = hold.cloned().ok_or_else(|| void(&self.queue))?;
        let settled = how(&hold).await;
        match &settled {
            Ok(due) => {
                self.forget(&mut state, receipt);
                if let Some(due) = due {
                    state.leaving.push((receipt.0.clone(), *due));
                }
            }
            Err(error) if error.kind == pointsman_core::port::ErrorKind::Conflict => {
                self.forget(&mut state, receipt);
            }
            Err(_) => {}
        }
        self.leave(&mut state).await;
        self.changed.notify_one();
        settled.map(drop)
    }

    /// Holds it until then.
    pub(super) async fn renew(&self, receipt: &Receipt, until: Timestamp) -> Result<(), PortError> {
        let mut state = self.state.lock().await;
        let now = self.receiver.0.bus.0.clock.now();
        let alive = state.holds.get(&receipt.0).is_some_and(|hold| hold.message.visible_at > now);
        if !alive {
            return Err(void(&self.queue));
        }
        self.renew_lock(&mut state).await?;
        if let Some(hold) = state.holds.get_mut(&receipt.0) {
            hold.message.visible_at = until;
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Tells Service Bus what became of a message.
    pub(super) async fn dispose(&self, receipt: &Receipt, status: &str) -> Result<(), PortError> {
        let token = receipt.0.parse::<uuid::Uuid>().map_err(|_| void(&self.queue))?;
        let token = Value::Uuid(token.into_bytes().into());
        let body = vec![
            ("disposition-status", Value::from(status)),
            ("lock-tokens", Value::Array(Array(vec![token]))),
            ("session-id", Value::String(self.session.clone())),
        ];
        self.receiver.0.amqp.manage(&self.queue, "update-disposition", body).await.map(drop)
    }

    async fn renew_lock(&self, state: &mut State) -> Result<(), PortError> {
        let body = vec![("session-id", Value::String(self.session.clone()))];
        let answer = self.receiver.0.amqp.manage(&self.queue, "renew-session-lock", body).await?;
        let until = match answer {
            Some(Value::Map(answer)) => match answer.get(&Value::from("expiration")) {
                Some(Value::Timestamp(at)) => Timestamp::from_millisecond(at.milliseconds()).ok(),
                _ => None,
            },
            _ => None,
        };
        state.renewal = half(self.receiver.0.bus.0.clock.now(), until);
        Ok(())
    }

    fn forget(&self, state: &mut State, receipt: &Receipt) {
        state.holds.remove(&receipt.0);
        self.receiver.held().remove(&(self.queue.clone(), receipt.clone()));
    }

    /// Releases the session once nothing of it is in anybody's hands, and all that goes back may.
    async fn leave(&self, state: &mut State) {
        let now = self.receiver.0.bus.0.clock.now();
        let over: Vec<_> = state
            .holds
            .iter()
            .filter(|(_, hold)| hold.message.visible_at <= now)
            .map(|(it, _)| it.clone())
            .collect();
        for receipt in over {
            self.forget(state, &Receipt(receipt.clone()));
            // It goes back without a word: its next receive counts it.
            state.leaving.push((receipt, now));
        }
        if state.holds.is_empty() && state.leaving.iter().all(|(_, due)| *due <= now) {
            self.release(state).await;
        }
    }

    async fn release(&self, state: &mut State) {
        let Some(grant) = state.grant.take() else { return };
        for (receipt, _) in state.leaving.drain(..) {
            // What cannot be given back comes back when the session's lock ends.
            let _ = self.dispose(&Receipt(receipt), "abandoned").await;
        }
        grant.release().await;
    }

    /// Gives everything up: the lock was lost.
    async fn lose(&self, state: &mut State) {
        let receipts: Vec<_> = state.holds.keys().cloned().collect();
        for receipt in receipts {
            self.forget(state, &Receipt(receipt));
        }
        state.leaving.clear();
        self.release(state).await;
    }

    /// When the next thing happens by itself.
    fn next(&self, state: &State) -> Timestamp {
        let ends = state.holds.values().map(|hold| hold.message.visible_at);
        let dues = state.leaving.iter().map(|(_, due)| *due).max().filter(|_| state.holds.is_empty());
        ends.chain(dues).chain([state.renewal]).min().unwrap_or(Timestamp::MAX)
    }
}

/// Renews, and ends what is over, until the session is released.
async fn keep(this: Arc<Holder>) {
    let clock = this.receiver.0.bus.0.clock.clone();
    loop {
        let mut state = this.state.lock().await;
        this.leave(&mut state).await;
        if state.grant.is_none() {
            return;
        }
        if state.renewal <= clock.now()
            && let Err(error) = this.renew_lock(&mut state).await
        {
            tracing::warn!(queue = %this.queue, %error, "the session `{}` is held no longer", this.session);
            this.lose(&mut state).await;
            return;
        }
        let left = this.next(&state).duration_since(clock.now());
        drop(state);
        tokio::select! {
            () = clock.sleep(Duration::try_from(left).unwrap_or_default()) => {}
            () = this.changed.notified() => {}
        }
    }
}

/// When half of the time is over that is left, or soon, where nobody says how long it is.
fn half(now: Timestamp, until: Option<Timestamp>) -> Timestamp {
    let left = until.and_then(|until| Duration::try_from(until.duration_since(now)).ok());
    now.checked_add(left.map_or(RENEW, |left| left / 2)).unwrap_or(Timestamp::MAX)
}
