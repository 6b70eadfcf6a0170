//! The operator's side, as far as SQS has one: it shows no message without handing it out.

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use aws_sdk_sqs::types::QueueAttributeName as Figure;
use pointsman_core::port::{
    Control, MessageId, Peeked, PortError, QueueAdmin, QueueName, QueueStats, Selection,
};

use super::{BATCH, Place, Sqs, held::Hold, lock, names};
use crate::fault::Asked;

/// How long messages are held that are looked through.
const LOOK: Duration = Duration::from_secs(60);
/// At most so many are held at once: SQS has a bound on what is in flight.
const MOST: usize = 1_000;

#[async_trait]
impl QueueAdmin for Sqs {
    async fn list(&self) -> Result<Vec<QueueName>, PortError> {
        self.names().await
    }

    /// SQS's own approximations; the age of the oldest message is told by its metric in CloudWatch alone.
    async fn stats(&self, queue: &QueueName) -> Result<QueueStats, PortError> {
        let place = self.place(queue).await?;
        let [depth, in_flight, delayed] = self.figures(queue, &place).await?;
        let dead = if queue.is_dead_letters() {
            depth
        } else {
            let letters = queue.dead_letters();
            let place = self.place(&letters).await?;
            self.figures(&letters, &place).await?.iter().sum()
        };
        let attached = lock(&self.0.settings).contains_key(&queue.origin());
        Ok(QueueStats { depth, in_flight, delayed, dead, attached, ..QueueStats::default() })
    }

    /// Dead letters alone, and of one session only the first ten: they are taken and given back.
    async fn peek(
        &self,
        queue: &QueueName,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<Vec<Peeked>, PortError> {
        let place = self.place(queue).await?;
        if !queue.is_dead_letters() {
            return Err(PortError::invalid(format!(
                "SQS shows no message of `{queue}` without handing it out, and holding up its session: receive from it, or \
                 look at `{}`",
                queue.dead_letters()
            )));
        }
        let mut holds = self.look(queue, &place, |_| false).await?.1;
        holds.sort_by_key(|hold| hold.message.enqueued);
        let known = after.and_then(|after| holds.iter().position(|hold| hold.message.id == *after));
        let from = known.map_or(0, |index| index + 1);
        let shown = holds.iter().skip(from).take(limit).map(peeked).collect();
        self.give_back(queue, &place, holds).await?;
        Ok(shown)
    }

    /// Takes what can be taken and removes it.
    async fn purge(&self, queue: &QueueName, which: Selection) -> Result<u64, PortError> {
        let place = self.place(queue).await?;
        let only: Option<HashSet<MessageId>> = match which {
            Selection::All => None,
            Selection::Only(ids) => Some(ids.into_iter().collect()),
        };
        let named = |hold: &Hold| only.as_ref().is_none_or(|ids| ids.contains(&hold.message.id));
        let (removed, others) = self.look(queue, &place, named).await?;
        self.give_back(queue, &place, others).await?;
        Ok(removed)
    }

    async fn control(&self, queue: &QueueName, what: Control) -> Result<(), PortError> {
        self.place(queue).await?;
        Err(PortError::invalid(match what {
            Control::Pause | Control::Resume => format!(
                "SQS cannot pause `{queue}`: disable or enable its function's trigger (aws lambda \
                 update-event-source-mapping --no-enabled), or stop its workers"
            ),
            Control::Release(_) | Control::Bury(_) => format!(
                "SQS holds no message of `{queue}` for a person: what fails for good is in `{}`",
                queue.dead_letters()
            ),
        }))
    }
}

fn peeked(hold: &Hold) -> Peeked {
    let message = hold.message.clone();
    Peeked {
        id: message.id,
        body: message.body,
        session: message.session,
        attributes: message.attributes,
        correlation: message.correlation,
        attempts: hold.tally.failed,
        enqueued: message.enqueued,
        held: false,
    }
}

impl Sqs {
    /// All queues but those of dead letters.
    pub(super) async fn names(&self) -> Result<Vec<QueueName>, PortError> {
        let on = format!("queues that begin with `{}`", self.0.prefix);
        let mut pages = self
            .0
            .client
            .list_queues()
            .queue_name_prefix(&self.0.prefix)
            .into_paginator()
            .page_size(1_000)
            .send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Asked { right: "sqs:ListQueues", on: &on }.failed(&error))?;
            for url in page.queue_urls.unwrap_or_default() {
                let name = url.rsplit('/').next().and_then(|name| names::logical(&self.0.prefix, name));
                found.extend(name.filter(|name| !name.is_dead_letters()));
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Waiting, held, delayed.
    async fn figures(&self, queue: &QueueName, place: &Place) -> Result<[u64; 3], PortError> {
        let asked = [
            Figure::ApproximateNumberOfMessages,
            Figure::ApproximateNumberOfMessagesNotVisible,
            Figure::ApproximateNumberOfMessagesDelayed,
        ];
        let call = self.0.client.get_queue_attributes().queue_url(&place.url);
        let answer = match call.set_attribute_names(Some(asked.to_vec())).send().await {
            Ok(answer) => answer.attributes.unwrap_or_default(),
            Err(error) => return Err(self.failed(queue, place, "sqs:GetQueueAttributes", error).await),
        };
        Ok(asked.map(|figure| answer.get(&figure).and_then(|text| text.parse().ok()).unwrap_or_default()))
    }

    /// Takes all that can be taken and removes what is to be removed; says how many, and holds the others.
    async fn look(
        &self,
        queue: &QueueName,
        place: &Place,
        remove: impl Fn(&Hold) -> bool,
    ) -> Result<(u64, Vec<Hold>), PortError> {
        let (mut removed, mut others) = (0, Vec::new());
        while others.len() < MOST {
            let wait = Duration::from_secs(1);
            let (messages, until) = self.poll(queue, place, BATCH, LOOK, wait).await?;
            if messages.is_empty() {
                break;
            }
            for hold in self.holds(queue, messages, until).await? {
                if remove(&hold) {
                    self.delete(queue, place, &hold.message.receipt).await?;
                    removed += 1;
                } else {
                    others.push(hold);
                }
            }
        }
        Ok((removed, others))
    }
}
