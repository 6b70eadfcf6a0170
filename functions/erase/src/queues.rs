//! Messages: of every queue and of its dead letters. What a receiver holds is left to it, and counted.

use std::collections::HashSet;

use pointsman_core::{
    event::Envelope,
    port::{ErrorKind, MessageId, Peeked, PortError, QueueName, Selection},
};

use crate::Work;

/// Messages in one go: a body may have 25 MB.
const PAGE: usize = 32;

impl Work<'_> {
    pub(crate) async fn queues(&mut self) -> Result<(), PortError> {
        for queue in self.ports.queues.list().await? {
            for queue in [queue.dead_letters(), queue] {
                self.queue(&queue).await?;
            }
        }
        Ok(())
    }

    async fn queue(&mut self, queue: &QueueName) -> Result<(), PortError> {
        let mut after = None;
        loop {
            let page = match self.ports.queues.peek(queue, after.as_ref(), PAGE).await {
                // A queue may go, and one without dead letters has none.
                Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
                // SQS shows what waits to its receivers alone.
                Err(error) if error.kind == ErrorKind::Invalid && !queue.is_dead_letters() => {
                    self.removed.unseen += 1;
                    return Ok(());
                }
                page => page?,
            };
            let (looked, last) = (page.len(), page.last().map(|message| message.id.clone()));
            let mut ours = Vec::new();
            for message in page {
                if Some(&message.id) != self.own && self.is_ours(&message).await? {
                    ours.push(message.id);
                }
            }
            let purged = self.purge(queue, after.as_ref(), ours).await?;
            self.tell(queue.as_str(), looked);
            // SQS shows of each session only so many: the next once these are gone.
            match (looked < PAGE, purged && !self.dry_run) {
                (true, false) => return Ok(()),
                (true, true) => {}
                (false, _) => after = last,
            }
        }
    }

    /// By its data; by the delivery that it refers to; where that is gone, by its attributes. What is no event is
    /// nobody's.
    async fn is_ours(&self, message: &Peeked) -> Result<bool, PortError> {
        let Ok(event) = Envelope::read(&message.body) else { return Ok(false) };
        let whose = match (event.data(), event.attribute("dataref")) {
            (Some(data), _) => self.sight.of_payload(data.as_bytes()),
            (None, Some(key)) => match self.ports.archive.get(&key).await {
                Err(error) if error.kind == ErrorKind::NotFound => None,
                object => self.sight.of_object(object?),
            },
            (None, None) => None,
        };
        Ok(whose.map_or_else(|| self.scope.holds_attributes(&event), |whose| self.scope.holds(&whose)))
    }

    /// Whether anything went.
    async fn purge(
        &mut self,
        queue: &QueueName,
        after: Option<&MessageId>,
        ours: Vec<MessageId>,
    ) -> Result<bool, PortError> {
        let found = ours.len() as u64;
        if found == 0 {
            return Ok(false);
        }
        let mut purged = found;
        if !self.dry_run {
            purged = self.ports.queues.purge(queue, Selection::Only(ours.clone())).await?;
            if purged < found {
                self.removed.held_back += self.left(queue, after, ours).await?;
            }
        }
        let count = if queue.is_dead_letters() { &mut self.removed.dead } else { &mut self.removed.waiting };
        *count += purged;
        Ok(purged > 0)
    }

    /// Those that a receiver holds are there still; those that it completed meanwhile are not.
    async fn left(
        &self,
        queue: &QueueName,
        after: Option<&MessageId>,
        ours: Vec<MessageId>,
    ) -> Result<u64, PortError> {
        let ours: HashSet<MessageId> = ours.into_iter().collect();
        let page = self.ports.queues.peek(queue, after, PAGE).await?;
        Ok(page.iter().filter(|message| ours.contains(&message.id)).count() as u64)
    }
}
