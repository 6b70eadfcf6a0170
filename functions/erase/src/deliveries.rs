//! Raw deliveries, accepted and refused ones, and the marks beside them.

use futures::future::join_all;
use pointsman_core::{
    ledger::{Mark, Unrouted},
    port::{ErrorKind, Expect, Listed, PortError},
};

use crate::{Ports, Work, scope::Whose};

/// Keys in one listing.
const PAGE: usize = 500;

/// Deliveries read at the same time: a body may have 25 MB.
const READ: usize = 4;

/// Deliveries removed at the same time, so that a store which can makes one transaction of them.
const REMOVED: usize = 32;

const ACCEPTED: &str = "deliveries/";
const REFUSED: &str = "rejected/";

/// Whose a delivery is, as far as can be told.
enum Seen {
    Gone,
    Unreadable,
    Of(Whose),
}

impl Work<'_> {
    pub(crate) async fn deliveries(&mut self) -> Result<(), PortError> {
        for folder in [ACCEPTED, REFUSED] {
            let mut after = None::<String>;
            loop {
                let page = self.ports.archive.list(folder, after.as_deref(), PAGE).await?;
                for some in page.chunks(REMOVED) {
                    let ours = self.ours(some).await?;
                    self.forget(folder, &ours).await?;
                    self.tell(&some[0].key, some.len());
                }
                let full = page.len() == PAGE;
                after = page.into_iter().next_back().map(|row| row.key);
                if !full {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The keys of those that are erased.
    async fn ours(&mut self, rows: &[Listed]) -> Result<Vec<String>, PortError> {
        let mut ours = Vec::new();
        for rows in rows.chunks(READ) {
            let seen = join_all(rows.iter().map(|row| self.look(&row.key))).await;
            for (row, seen) in rows.iter().zip(seen) {
                match seen? {
                    Seen::Gone => {}
                    Seen::Unreadable => self.removed.unreadable += 1,
                    Seen::Of(whose) if self.scope.holds(&whose) => {
                        if let Some(repository) = &whose.repository {
                            self.named(repository).await?;
                        }
                        ours.push(row.key.clone());
                    }
                    Seen::Of(_) => {}
                }
            }
        }
        Ok(ours)
    }

    async fn look(&self, key: &str) -> Result<Seen, PortError> {
        match self.ports.archive.get(key).await {
            Ok(object) => Ok(self.sight.of_object(object).map_or(Seen::Unreadable, Seen::Of)),
            // Retention, or another run, was faster.
            Err(error) if error.kind == ErrorKind::NotFound => Ok(Seen::Gone),
            Err(error) => Err(error),
        }
    }

    async fn forget(&mut self, folder: &str, keys: &[String]) -> Result<(), PortError> {
        let (ports, dry_run) = (self.ports, self.dry_run);
        for records in join_all(keys.iter().map(|key| forget(ports, key, dry_run))).await {
            self.removed.records += records?;
            let count =
                if folder == REFUSED { &mut self.removed.rejected } else { &mut self.removed.archive };
            *count += 1;
        }
        Ok(())
    }
}

/// Marks first: what is left of a run that was broken off is a delivery that the next one finds. Says how many records
/// there were.
async fn forget(ports: &Ports, key: &str, dry_run: bool) -> Result<u64, PortError> {
    let mut found = 0;
    for record in marks_of(key) {
        let Some(kept) = ports.records.get(&record).await? else { continue };
        // An id that was used twice has one mark: it may be the other one's.
        if !names(&record, &kept.value, key) {
            continue;
        }
        if !dry_run {
            ports.records.delete(&record, Expect::Anything).await?;
        }
        found += 1;
    }
    if !dry_run {
        ports.archive.delete(key).await?;
    }
    Ok(found)
}

/// Where a delivery's mark is, and where what could not be sent of it; nowhere for one that was refused.
fn marks_of(key: &str) -> Vec<String> {
    let mut parts = key.split('/');
    let (Some("deliveries"), Some(source), Some(name)) = (parts.next(), parts.next(), parts.next_back())
    else {
        return Vec::new();
    };
    let mark = format!("{}{source}/{name}", Mark::FOLDER);
    vec![Unrouted::key(&mark), mark]
}

fn names(record: &str, value: &[u8], key: &str) -> bool {
    let named = if record.starts_with(Mark::FOLDER) {
        Mark::decode(value).map(|mark| mark.archive)
    } else {
        Unrouted::decode(value).map(|unrouted| unrouted.archive)
    };
    // One that cannot be read is of no use to anybody.
    named.map_or(true, |named| named == key)
}
