//! A lease: at most one holder at a time of something that must not run twice, kept as a record with an expiry.
//!
//! Who does not renew it in time loses it: a crash blocks nobody for longer than the lease is long.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::port::{Clock, ErrorKind, Expect, PortError, Records, Version};

/// A lease that ends more than this many lengths ahead was taken by another time: two machines' clocks differ by less.
const CREDIBLE: i32 = 2;

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// What it says of itself, such as `pointsman recover (process 12)`.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when, unless it renews.
    pub until: Timestamp,
}

/// A lease that is ours.
pub struct Lease {
    records: Arc<dyn Records>,
    clock: Arc<dyn Clock>,
    key: String,
    length: SignedDuration,
    holder: Holder,
    version: Version,
}

/// What became of a try.
pub enum Taken {
    /// It is ours.
    Ours(Lease),
    /// Somebody has it.
    Held(Holder),
}

/// Who holds the lease `lease/{name}` now, if anybody does.
pub async fn holder(records: &dyn Records, name: &str) -> Result<Option<Holder>, PortError> {
    let record = records.get(&format!("lease/{name}")).await?;
    Ok(record.and_then(|record| serde_json::from_slice(&record.value).ok()))
}

impl Lease {
    /// Takes the lease `lease/{name}` for `length`, if nobody has it.
    pub async fn take(
        records: Arc<dyn Records>,
        clock: Arc<dyn Clock>,
        name: &str,
        holder: &str,
        length: Duration,
    ) -> Result<Taken, PortError> {
        let length = SignedDuration::try_from(length)
            .map_err(|error| PortError::invalid("a lease cannot be that long").caused_by(error))?;
        let since = clock.now();
        let mut lease = Self {
            key: format!("lease/{name}"),
            holder: Holder { name: holder.to_owned(), since, until: since },
            version: Version(String::new()),
            records,
            clock,
            length,
        };
        match lease.write(Expect::Absent).await {
            Ok(()) => Ok(Taken::Ours(lease)),
            Err(error) if error.kind == ErrorKind::Conflict => lease.taken().await,
            Err(error) => Err(error),
        }
    }

    /// Ours for its full length from now on. `Conflict`: it expired, and somebody else may have it.
    pub async fn renew(&mut self) -> Result<(), PortError> {
        self.write(Expect::Version(self.version.clone())).await
    }

    /// Anyone's, from now on. One that was lost already stays whoever's it is.
    pub async fn release(self) -> Result<(), PortError> {
        match self.records.delete(&self.key, Expect::Version(self.version)).await {
            Err(error) if error.kind == ErrorKind::Conflict => Ok(()),
            done => done,
        }
    }

    async fn write(&mut self, expect: Expect) -> Result<(), PortError> {
        self.holder.until = self
            .clock
            .now()
            .saturating_add(self.length)
            .map_err(|error| PortError::invalid("a lease cannot be that long").caused_by(error))?;
        let value = serde_json::to_vec(&self.holder).expect("strings and times are always JSON");
        let until = Some(self.holder.until);
        self.version = self.records.put_if(&self.key, value.into(), expect, until).await?;
        Ok(())
    }

    /// Somebody has it. Unless it ends later than any lease of this length can: then the clock was set back since, and who
    /// took it would keep everybody out for that long. If its holder still lives, it is told so when it renews.
    async fn taken(mut self) -> Result<Taken, PortError> {
        let record = self.records.get(&self.key).await?;
        let Some(record) = record else {
            // It was let go of just now: whoever asks comes again.
            return Ok(Taken::Held(self.holder));
        };
        let holder = serde_json::from_slice(&record.value).unwrap_or_else(|_| self.holder.clone());
        let ahead = holder.until.duration_since(self.clock.now());
        if ahead <= self.length * CREDIBLE {
            return Ok(Taken::Held(holder));
        }
        match self.write(Expect::Version(record.version)).await {
            Ok(()) => Ok(Taken::Ours(self)),
            Err(error) if error.kind == ErrorKind::Conflict => Ok(Taken::Held(holder)),
            Err(error) => Err(error),
        }
    }
}
