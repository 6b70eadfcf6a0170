//! The operator's side, as far as Service Bus has one: it shows messages without handing them out, but not who holds them.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use async_trait::async_trait;
use fe2o3_amqp_types::primitives::Value;
use pointsman_core::port::{
    Control, MessageId, Peeked, PortError, QueueAdmin, QueueName, QueueStats, Receipt, Selection,
};

use super::{
    ServiceBusReceiver,
    message::{Read, decode, read},
};

/// Messages in one look.
const PAGE: i32 = 100;
/// Messages of a session that are removed at once.
const BATCH: usize = 100;
/// How long what is removed is held at most.
const HELD: Duration = Duration::from_secs(60);
/// How long a session is waited for that can be emptied.
const WAIT: Duration = Duration::from_millis(500);

#[async_trait]
impl QueueAdmin for ServiceBusReceiver {
    async fn list(&self) -> Result<Vec<QueueName>, PortError> {
        self.names().await
    }

    /// Service Bus counts what is held among what waits.
    async fn stats(&self, queue: &QueueName) -> Result<QueueStats, PortError> {
        let own = self.counts(queue).await?;
        let dead = match queue.is_dead_letters() {
            true => own.active,
            false => self.counts(&queue.dead_letters()).await?.active,
        };
        let oldest = self.look(queue, 0, 1).await?.first().map(|read| read.enqueued);
        let attached = self.0.bus.attached(queue);
        let (depth, delayed) = (own.active, own.scheduled);
        Ok(QueueStats { depth, delayed, dead, oldest, attached, ..QueueStats::default() })
    }

    async fn peek(
        &self,
        queue: &QueueName,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<Vec<Peeked>, PortError> {
        let (mut shown, mut from, mut found) = (Vec::new(), 0, after.is_none());
        while shown.len() < limit {
            let page = self.look(queue, from, PAGE).await?;
            let Some(last) = page.last().map(|read| read.sequence) else { break };
            from = last + 1;
            for read in page {
                if found && shown.len() < limit {
                    shown.push(self.peeked(queue, read).await?);
                } else if after.is_some_and(|after| after.0 == read.id) {
                    found = true;
                }
            }
        }
        Ok(shown)
    }

    /// Takes sessions that nobody holds, and removes what is meant of them.
    async fn purge(&self, queue: &QueueName, which: Selection) -> Result<u64, PortError> {
        let mut removed = 0;
        match which {
            Selection::All => {
                while let Some(session) = self.empty(queue, None, None).await? {
                    removed += session;
                }
            }
            Selection::Only(ids) => {
                let wanted: HashSet<_> = ids.into_iter().map(|id| id.0).collect();
                for (session, ids) in self.sessions_of(queue, &wanted).await? {
                    removed += self.empty(queue, Some(&session), Some(&ids)).await?.unwrap_or_default();
                }
            }
        }
        Ok(removed)
    }

    async fn control(&self, queue: &QueueName, what: Control) -> Result<(), PortError> {
        self.look(queue, 0, 1).await?;
        let name = self.0.bus.physical(queue);
        Err(PortError::invalid(match what {
            Control::Pause | Control::Resume => format!(
                "`{queue}` is paused by whoever owns it: az servicebus queue update --name {name} --status \
                 ReceiveDisabled (or Active), or disable its function (AzureWebJobs.NAME.Disabled), or stop its workers"
            ),
            Control::Release(_) | Control::Bury(_) => format!(
                "Service Bus holds no message of `{queue}` for a person: what fails for good is in `{}`",
                queue.dead_letters()
            ),
        }))
    }
}

impl ServiceBusReceiver {
    /// Messages from this number on, in order; takes none.
    pub(super) async fn look(&self, queue: &QueueName, from: i64, most: i32) -> Result<Vec<Read>, PortError> {
        let body = vec![("from-sequence-number", Value::Long(from)), ("message-count", Value::Int(most))];
        let Some(Value::Map(answer)) = self.0.amqp.manage(queue, "peek-message", body).await? else {
            return Ok(Vec::new());
        };
        let Some(Value::List(all)) = answer.get(&Value::from("messages")) else { return Ok(Vec::new()) };
        let one = |entry: &Value| {
            let Value::Map(entry) = entry else { return None };
            let Some(Value::Binary(bytes)) = entry.get(&Value::from("message")) else { return None };
            Some(decode(bytes).map(read))
        };
        let wrong = |why| PortError::internal(format!("a message of `{queue}` cannot be read: {why}"));
        all.iter().filter_map(one).collect::<Result<_, _>>().map_err(wrong)
    }

    async fn peeked(&self, queue: &QueueName, read: Read) -> Result<Peeked, PortError> {
        let attempts = match read.deliveries {
            0 => 0,
            _ => self.0.attempts.read(queue, &read.sequence.to_string()).await?.failed,
        };
        Ok(Peeked {
            id: MessageId(read.id),
            body: read.content.body,
            session: read.session,
            attributes: read.content.attributes,
            correlation: read.content.correlation,
            attempts,
            enqueued: read.enqueued,
            held: false,
        })
    }

    /// The sessions in which these messages are.
    async fn sessions_of(
        &self,
        queue: &QueueName,
        wanted: &HashSet<String>,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, PortError> {
        let (mut found, mut from) = (BTreeMap::<String, BTreeSet<String>>::new(), 0);
        loop {
            let page = self.look(queue, from, PAGE).await?;
            let Some(last) = page.last().map(|read| read.sequence) else { return Ok(found) };
            from = last + 1;
            for read in page.into_iter().filter(|read| wanted.contains(&read.id)) {
                found.entry(read.group).or_default().insert(read.id);
            }
        }
    }

    /// Removes these messages of a session, or all; says how many, nothing where no session is free.
    async fn empty(
        &self,
        queue: &QueueName,
        session: Option<&str>,
        only: Option<&BTreeSet<String>>,
    ) -> Result<Option<u64>, PortError> {
        let Some(mut grant) = self.accept(queue, session, WAIT).await? else { return Ok(None) };
        let name = grant.name.clone();
        let mut removed = 0;
        let done = loop {
            match self.take(queue, &mut grant, BATCH, HELD, WAIT).await {
                Ok(holds) if holds.is_empty() => break Ok(()),
                Ok(holds) => {
                    let meant =
                        holds.iter().filter(|it| only.is_none_or(|ids| ids.contains(&it.message.id.0)));
                    let receipts: Vec<Receipt> = meant.map(|it| it.message.receipt.clone()).collect();
                    if !receipts.is_empty()
                        && let Err(error) = self.remove(queue, &name, &receipts).await
                    {
                        break Err(error);
                    }
                    removed += receipts.len() as u64;
                    self.untouched(queue, holds, &receipts).await?;
                }
                Err(error) => break Err(error),
            }
        };
        grant.release().await;
        done.map(|()| Some(removed))
    }
}
