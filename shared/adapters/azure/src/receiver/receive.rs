//! Receiving: session after session, until there is enough. A message that is tried too often dies here.

use std::time::Duration;

use fe2o3_amqp_types::{messaging::Body, primitives::Value};
use futures::future::join_all;
use jiff::Timestamp;
use pointsman_core::{
    attempts::{NOBODY, TOO_OFTEN, Tally},
    port::{Ask, MessageId, PortError, QueueName, Receipt, Received},
    session::Session,
};
use tokio::time::timeout;

use super::{
    ServiceBusReceiver,
    accept::Grant,
    holder::{Hold, Holder},
    message::read,
};

/// Also who does not want to wait asks for this long: Service Bus has to look.
const SHORTEST: Duration = Duration::from_millis(100);
/// In one attach; then it is asked again.
const LONGEST: Duration = Duration::from_secs(20);
/// A session that was granted gives its first message within this time.
const FIRST: Duration = Duration::from_millis(500);
/// A session's messages come without a pause longer than this.
const QUIET: Duration = Duration::from_millis(20);
/// Sessions that are asked for at once.
const AT_ONCE: usize = 32;
/// What was on its way when we said that it is enough.
const REST: Duration = Duration::from_millis(10);

impl ServiceBusReceiver {
    pub(super) async fn receive_some(&self, queue: &QueueName, ask: Ask) -> Result<Vec<Received>, PortError> {
        let visibility = ask.visibility.unwrap_or_else(|| self.0.bus.settings(queue).visibility);
        let mut received = self.first(queue, &ask, visibility).await?;
        let mut sessions = ask.sessions.unwrap_or(usize::MAX).saturating_sub(1);
        if ask.session.is_some() || received.is_empty() {
            return Ok(received);
        }
        // Others that are free now, several at once: each takes the time of a few round trips.
        loop {
            let left = ask.max.saturating_sub(received.len());
            let at_once = left.min(AT_ONCE).min(sessions);
            if at_once == 0 {
                return Ok(received);
            }
            let share = left / at_once;
            let more = (0..at_once).map(|_| self.one(queue, None, SHORTEST, share, visibility));
            let mut none = true;
            for found in
                join_all(more).await.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten()
            {
                none = false;
                sessions -= 1;
                received.extend(found);
            }
            if none {
                return Ok(received);
            }
        }
    }

    /// The first session that has something, waited for.
    async fn first(
        &self,
        queue: &QueueName,
        ask: &Ask,
        visibility: Duration,
    ) -> Result<Vec<Received>, PortError> {
        let clock = &self.0.bus.0.clock;
        let begun = clock.now();
        let named = ask.session.as_ref().map(Session::as_str);
        loop {
            let waited = Duration::try_from(clock.now().duration_since(begun)).unwrap_or_default();
            let left = ask.wait.saturating_sub(waited);
            let wait = left.clamp(SHORTEST, LONGEST);
            let found = match ask.max {
                0 => return Ok(Vec::new()),
                most => self.one(queue, named, wait, most, visibility).await?,
            };
            // Where all that came has died, those behind it are free now.
            match found {
                Some(found) if !found.is_empty() || named.is_some() => return Ok(found),
                None if left <= wait => return Ok(Vec::new()),
                // A session that another holds is told at once.
                None if named.is_some() => clock.sleep(SHORTEST).await,
                _ => {}
            }
        }
    }

    /// Messages of one session; nothing where none is free.
    async fn one(
        &self,
        queue: &QueueName,
        named: Option<&str>,
        wait: Duration,
        most: usize,
        visibility: Duration,
    ) -> Result<Option<Vec<Received>>, PortError> {
        let Some(mut grant) = self.accept(queue, named, wait).await? else { return Ok(None) };
        // A session that is named may have nothing yet.
        let patience = if named.is_some() { wait.max(FIRST) } else { FIRST };
        let holds = self.take(queue, &mut grant, most, visibility, patience).await?;
        let holds = self.living(queue, &grant, holds).await?;
        Ok(Some(Holder::start(self, queue, grant, holds).await))
    }

    /// The session's first messages, as many as there are now.
    pub(super) async fn take(
        &self,
        queue: &QueueName,
        grant: &mut Grant,
        most: usize,
        visibility: Duration,
        patience: Duration,
    ) -> Result<Vec<Hold>, PortError> {
        let broke =
            |error: String| PortError::unavailable(format!("receiving from `{queue}` broke off: {error}"));
        let credit = u32::try_from(most).unwrap_or(u32::MAX).min(1_000);
        grant.link.set_credit(credit).await.map_err(|error| broke(error.to_string()))?;
        let (mut holds, mut wait, mut drained) = (Vec::new(), patience, false);
        while holds.len() < credit as usize {
            match timeout(wait, grant.link.recv::<Body<Value>>()).await {
                Ok(Ok(delivery)) => {
                    let token = uuid::Uuid::from_slice_le(delivery.delivery_tag()).unwrap_or_default();
                    let until = self.0.bus.0.clock.now().checked_add(visibility);
                    let until =
                        until.map_err(|error| PortError::invalid("a hold for ever").caused_by(error))?;
                    let receipt = Receipt(token.simple().to_string());
                    let first = holds.is_empty();
                    holds.push(self.hold(queue, receipt, delivery.into_message(), until, first).await?);
                    wait = if drained { REST } else { QUIET };
                }
                Ok(Err(error)) => return Err(broke(error.to_string())),
                Err(_) if drained => break,
                Err(_) => {
                    drained = true;
                    wait = REST;
                    grant.link.drain().await.map_err(|error| broke(error.to_string()))?;
                }
            }
        }
        Ok(holds)
    }

    async fn hold(
        &self,
        queue: &QueueName,
        receipt: Receipt,
        message: super::message::Raw,
        until: Timestamp,
        first: bool,
    ) -> Result<Hold, PortError> {
        let read = read(message);
        let (receives, sequence) = (read.deliveries + 1, read.sequence.to_string());
        let mut tally = Tally::default();
        // A dead letter has died: it counts no more attempts.
        if receives > 1 && !queue.is_dead_letters() {
            tally = self.0.attempts.read(queue, &sequence).await?;
            if tally.arrive(receives, first) {
                self.0.attempts.write(queue, &sequence, &tally, self.0.bus.0.clock.now()).await?;
            }
        }
        let message = Received {
            id: MessageId(read.id),
            receipt,
            body: read.content.body,
            session: read.session,
            attributes: read.content.attributes,
            correlation: read.content.correlation,
            attempt: tally.failed + 1,
            enqueued: read.enqueued,
            visible_at: until,
        };
        Ok(Hold { message, sequence, receives, tally })
    }

    /// Keeps what may be tried once more; the rest become dead letters.
    async fn living(
        &self,
        queue: &QueueName,
        grant: &Grant,
        holds: Vec<Hold>,
    ) -> Result<Vec<Hold>, PortError> {
        let most = self.0.bus.settings(queue).max_deliveries.max(1);
        let mut living = Vec::new();
        for hold in holds {
            if hold.tally.failed >= most && !queue.is_dead_letters() {
                self.bury(queue, &hold, TOO_OFTEN, NOBODY, hold.tally.failed).await?;
                self.remove(queue, &grant.name, std::slice::from_ref(&hold.message.receipt)).await?;
            } else {
                living.push(hold);
            }
        }
        Ok(living)
    }
}
