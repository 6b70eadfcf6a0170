//! Deliveries that are named one by one: by their ids, or by the dead letters behind a queue.

use std::collections::BTreeSet;

use pointsman_core::{
    event::Envelope,
    port::{Archive, Listed, MessageId, Peeked, PortError, QueueName},
    stored,
};
use tracing::warn;

use crate::{
    Ports,
    place::{Found, Place, hour, source, ticks},
    walk::{Few, Range},
};

/// How many dead letters are looked at in one go: a body may have 25 MB.
const PEEKED: usize = 32;

/// What was named and is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Missing {
    /// Not in the archive any more.
    pub gone: u64,
    /// A dead letter that is no event, or says not where its delivery lies.
    pub unreadable: u64,
}

/// Those of these ids (or keys), in order; one id may be several deliveries.
pub async fn by_ids(
    ids: &[String],
    range: &Range,
    ports: &Ports,
) -> Result<(Vec<Found>, Missing), PortError> {
    let (mut all, mut missing) = (BTreeSet::new(), Missing::default());
    for id in ids {
        let keys = stored::find(&*ports.archive, &*ports.records, id, &mut || {}).await?;
        let mut there = false;
        for (key, _) in keys {
            let Some(found) = exact(&*ports.archive, &key).await?.as_ref().and_then(Found::new) else {
                continue;
            };
            there = true;
            if range.takes(source(&key), found.place.ticks) {
                all.insert(found);
            }
        }
        if !there {
            warn!(
                delivery.id = id,
                "delivery {id} is not in the archive: retention removed it, or it never came"
            );
            missing.gone += 1;
        }
    }
    Ok((all.into_iter().collect(), missing))
}

/// The row of this very key.
async fn exact(archive: &dyn Archive, key: &str) -> Result<Option<Listed>, PortError> {
    Ok(archive.list(key, None, 1).await?.into_iter().find(|row| row.key == key))
}

/// The deliveries of a queue's dead letters, in order, by as many passes over them as it takes.
pub struct Dead<'a> {
    ports: &'a Ports,
    queue: QueueName,
    range: Range,
    most: usize,
    after: Option<Place>,
    /// What is missing is counted in the first pass alone.
    counts: bool,
    rest: bool,
    /// What is missing.
    pub missing: Missing,
}

impl<'a> Dead<'a> {
    /// Behind `cursor`; `most` bounds what is kept in memory.
    pub fn new(
        ports: &'a Ports,
        queue: &QueueName,
        range: Range,
        cursor: Option<&Place>,
        most: usize,
    ) -> Self {
        Self {
            ports,
            queue: queue.dead_letters(),
            range,
            most,
            after: cursor.cloned(),
            counts: cursor.is_none(),
            rest: true,
            missing: Missing::default(),
        }
    }

    /// The next few; none = that was all.
    pub async fn next(&mut self) -> Result<Vec<Found>, PortError> {
        if !self.rest {
            return Ok(Vec::new());
        }
        let after = self.after.take();
        let mut few = Few::new(self.most, after.as_ref());
        let mut seen = BTreeSet::new();
        let mut at: Option<MessageId> = None;
        loop {
            let page = self.ports.admin.peek(&self.queue, at.as_ref(), PEEKED).await?;
            at = page.last().map(|letter| letter.id.clone());
            let full = page.len() == PEEKED;
            for letter in &page {
                let Some(row) = self.delivery(letter).await? else { continue };
                let Some(hour) = hour(&row.key) else { continue };
                let ticks = ticks(&row.key, hour, row.stored);
                if self.range.takes(source(&row.key), ticks) && seen.insert(row.key.clone()) {
                    few.see(hour, ticks, &row);
                }
            }
            if !full {
                break;
            }
        }
        let (found, rest) = few.sorted();
        (self.rest, self.counts) = (rest, false);
        self.after = found.last().map(|found| found.place.clone());
        Ok(found)
    }

    /// The archive's row of a dead letter's delivery.
    async fn delivery(&mut self, letter: &Peeked) -> Result<Option<Listed>, PortError> {
        let key = Envelope::read(&letter.body).ok().and_then(|event| event.attribute("dataref"));
        let Some(key) = key else {
            if self.counts {
                warn!(letter = letter.id.0, "dead letter {} is no event: it is passed over", letter.id.0);
                self.missing.unreadable += 1;
            }
            return Ok(None);
        };
        if let Some(row) = exact(&*self.ports.archive, &key).await? {
            return Ok(Some(row));
        }
        // An id without a time of its own may have been archived first in another hour.
        let id = letter.correlation.as_deref().unwrap_or(&key);
        let keys = stored::find(&*self.ports.archive, &*self.ports.records, id, &mut || {}).await?;
        for (other, _) in keys {
            if source(&other) == source(&key)
                && let Some(row) = exact(&*self.ports.archive, &other).await?
            {
                return Ok(Some(row));
            }
        }
        if self.counts {
            warn!(letter = letter.id.0, "`{key}` of dead letter {} is no longer in the archive", letter.id.0);
            self.missing.gone += 1;
        }
        Ok(None)
    }
}
