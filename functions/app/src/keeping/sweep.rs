//! One sweep: raw deliveries stored too long ago, the oldest hours first, and letters that died too long ago. In batches,
//! so that others are served between them. Records expire by themselves.

use futures::future::join_all;
use jiff::Timestamp;
use pointsman_core::{
    port::{Archive, ErrorKind, Listed, Peeked, PortError, QueueAdmin, QueueName, Selection, dead_letter},
    stored::folders,
    telemetry::EXPIRED,
};

/// Rows in one listing.
const PAGE: usize = 512;

/// Deliveries removed at the same time: the embedded store makes one transaction of them.
const BATCH: usize = 64;

/// Dead letters looked at in one go: a body may have 25 MB.
const PEEKED: usize = 32;

/// What is older goes.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// By when it was stored.
    pub archive: Timestamp,
    /// By when it died.
    pub dead_letters: Timestamp,
}

/// What went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Raw deliveries.
    pub archive: u64,
    /// Raw deliveries that were signed and refused.
    pub rejected: u64,
    /// Dead letters.
    pub dead_letters: u64,
}

/// One sweep, and what it removed so far.
pub struct Sweep<'a> {
    /// Raw deliveries.
    pub archive: &'a dyn Archive,
    /// Dead letters.
    pub queues: &'a dyn QueueAdmin,
    /// So far.
    pub expired: Expired,
}

impl Sweep<'_> {
    /// Removes all that is older than the cut.
    pub async fn run(&mut self, cut: &Cut) -> Result<(), PortError> {
        self.dead_letters(cut.dead_letters).await?;
        for folder in ["deliveries/", "rejected/"] {
            for source in folders(self.archive, folder).await? {
                self.source(folder, &source, cut.archive).await?;
            }
        }
        Ok(())
    }

    /// Keys are in order of their hours: behind the cut's own hour nothing is old enough. An object's hour may be up to 8
    /// days before it was stored (a redelivery is filed by its id's own time): its own time counts, and it stays where it
    /// lies.
    ///
    /// Whether a waiting message refers to it (`dataref` without `data`) is not asked: on the embedded host no message
    /// does, its queues carry any size inline. Elsewhere the configuration's rule holds instead: an archive outlives
    /// `max_age` and `dead_letters` together.
    async fn source(&mut self, folder: &str, source: &str, cut: Timestamp) -> Result<(), PortError> {
        let root = format!("{folder}{source}/");
        let hour = cut.strftime("%Y/%m/%d/%H/").to_string();
        let reached = |row: &Listed| row.key.get(root.len()..root.len() + hour.len()) <= Some(&hour);
        let mut after = None::<String>;
        loop {
            let page = self.archive.list(&root, after.as_deref(), PAGE).await?;
            let within = page.iter().take_while(|row| reached(row)).count();
            let old: Vec<&Listed> = page[..within].iter().filter(|row| row.stored < cut).collect();
            for batch in old.chunks(BATCH) {
                self.remove(folder, batch).await?;
            }
            if within < PAGE {
                return Ok(());
            }
            after = page.into_iter().next_back().map(|row| row.key);
        }
    }

    async fn remove(&mut self, folder: &str, batch: &[&Listed]) -> Result<(), PortError> {
        let removed = join_all(batch.iter().map(|row| self.archive.delete(&row.key))).await;
        let count = removed.iter().filter(|removed| removed.is_ok()).count() as u64;
        let (total, what) = match folder {
            "rejected/" => (&mut self.expired.rejected, "rejected"),
            _ => (&mut self.expired.archive, "archive"),
        };
        *total += count;
        EXPIRED.add([what], count);
        removed.into_iter().collect()
    }

    async fn dead_letters(&mut self, cut: Timestamp) -> Result<(), PortError> {
        for queue in self.queues.list().await? {
            self.dead_letters_of(&queue.dead_letters(), cut).await?;
        }
        Ok(())
    }

    /// They lie in the order in which they died: a page without an old one is the last.
    async fn dead_letters_of(&mut self, queue: &QueueName, cut: Timestamp) -> Result<(), PortError> {
        let mut after = None;
        loop {
            let page = match self.queues.peek(queue, after.as_ref(), PEEKED).await {
                Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
                page => page?,
            };
            let old = page.iter().filter(|letter| died(letter) < cut);
            let old: Vec<_> = old.map(|letter| letter.id.clone()).collect();
            if old.is_empty() {
                return Ok(());
            }
            // One that a receiver holds stays until the next sweep.
            let purged = self.queues.purge(queue, Selection::Only(old)).await?;
            self.expired.dead_letters += purged;
            EXPIRED.add(["dead_letters"], purged);
            if page.len() < PEEKED {
                return Ok(());
            }
            after = page.into_iter().next_back().map(|letter| letter.id);
        }
    }
}

/// One that was sent there and never died tells no time of death.
fn died(letter: &Peeked) -> Timestamp {
    let told = letter.attributes.get(dead_letter::TIME).and_then(|text| text.parse().ok());
    told.unwrap_or(letter.enqueued)
}
