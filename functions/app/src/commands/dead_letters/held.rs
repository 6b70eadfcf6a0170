//! What is held for a person in a queue: of each session that waits, the message that it waits behind.

use std::collections::HashSet;

use anyhow::Result;
use pointsman_core::port::{Control, ErrorKind, MessageId, Peeked, Selection};

use super::{Grave, PAGE, Which};
use crate::print::Progress;

/// What becomes of a held message.
#[derive(Debug, Clone, Copy)]
pub enum Held {
    /// Tried again where it is.
    Release,
    /// A dead letter.
    Bury,
    /// Gone.
    Purge,
}

impl Grave<'_> {
    /// The first held message of each session that waits. Reads the queue only as far as it must: they are usually its
    /// oldest ones.
    pub async fn held(&self) -> Result<Vec<Peeked>> {
        let waiting = self.store.admin.stats(&self.origin).await?.held;
        let (mut found, mut sessions) = (Vec::new(), HashSet::new());
        let (mut after, mut progress) = (None, Progress::new("messages looked at"));
        while (sessions.len() as u64) < waiting {
            let page = self.store.admin.peek(&self.origin, after.as_ref(), PAGE).await?;
            after = page.last().map(|message| message.id.clone());
            let full = page.len() == PAGE;
            for message in page {
                progress.step();
                if message.held && sessions.insert(message.session.clone()) {
                    found.push(message);
                }
            }
            if !full {
                break;
            }
        }
        Ok(found)
    }

    /// Decides about the held ones among those meant; says how many. A session may have more than one, each found once
    /// the one before it is decided about.
    pub async fn each_held(&self, which: &Which, what: Held) -> Result<u64> {
        let (mut done, mut decided) = (HashSet::new(), 0);
        loop {
            let held = self.held().await?.into_iter().map(|message| message.id);
            let next: Vec<_> = held.filter(|id| which.has(id) && !done.contains(id)).collect();
            if next.is_empty() {
                return Ok(decided);
            }
            for id in next {
                decided += u64::from(self.decide(&id, what).await?);
                done.insert(id);
            }
        }
    }

    /// Whether it was still there to be decided about.
    async fn decide(&self, id: &MessageId, what: Held) -> Result<bool> {
        let admin = &self.store.admin;
        let what = match what {
            Held::Release => Control::Release(id.clone()),
            Held::Bury => Control::Bury(id.clone()),
            Held::Purge => {
                return Ok(admin.purge(&self.origin, Selection::Only(vec![id.clone()])).await? > 0);
            }
        };
        match admin.control(&self.origin, what).await {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
            done => Ok(done.map(|()| true)?),
        }
    }
}
