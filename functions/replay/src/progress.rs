//! How far a replay is: its record, written after each batch that was sent, so that one that was killed goes on.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pointsman_core::port::{ErrorKind, Expect, PortError, Records, Version};
use serde::{Deserialize, Serialize};

use crate::{order::Order, place::Place};

/// Where all of them lie.
const FOLDER: &str = "replay/";
/// So many subscriptions are counted by name; a record is small.
const NAMED: usize = 200;
/// What is counted under this name belongs to the others.
const OTHERS: &str = "(others)";

/// A replay's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What was asked for.
    pub order: Order,
    /// Where it stands.
    pub state: State,
    /// What came of it so far.
    pub counts: Counts,
    /// What came of it so far for each subscription.
    pub subscriptions: BTreeMap<String, Tally>,
    /// When it was asked for.
    pub started: Timestamp,
    /// When this was written.
    pub updated: Timestamp,
    /// The last delivery that is dealt with; none before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Place>,
    /// How often it was handed on or begun again.
    pub turns: u64,
}

/// Where a replay stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits for its turn.
    Queued,
    /// It is under way, or was broken off.
    Running,
    /// Everything was looked at.
    Done,
    /// Somebody stopped it; it can go on.
    Stopped,
}

/// What came of the deliveries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Looked at: in the range, or named.
    pub looked: u64,
    /// Let through by every filter and wanted by a subscription.
    pub matched: u64,
    /// Let through by every filter, and wanted by none (or by none that was named).
    pub unwanted: u64,
    /// Messages enqueued.
    pub sent: u64,
    /// Messages that this replay had sent before.
    pub duplicates: u64,
    /// No longer in the archive.
    pub gone: u64,
    /// In the archive, but not to be read as a delivery.
    pub unreadable: u64,
    /// The condition could not be evaluated, which is no match.
    pub undecided: u64,
    /// Messages that a queue refused for good.
    pub failed: u64,
}

/// What came of it for one subscription.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Deliveries that go to it.
    pub deliveries: u64,
    /// Of those, how many its queue had before.
    pub had: u64,
}

impl Progress {
    /// At the beginning.
    pub fn new(order: Order, now: Timestamp) -> Self {
        Self {
            order,
            state: State::Queued,
            counts: Counts::default(),
            subscriptions: BTreeMap::new(),
            started: now,
            updated: now,
            cursor: None,
            turns: 0,
        }
    }

    /// One more delivery for this subscription.
    pub fn count(&mut self, subscription: &str, had: bool) {
        let room = self.subscriptions.len() < NAMED || self.subscriptions.contains_key(subscription);
        let tally = self.subscriptions.entry(if room { subscription } else { OTHERS }.to_owned());
        let tally = tally.or_default();
        tally.deliveries += 1;
        tally.had += u64::from(had);
    }

    /// One line for people.
    pub fn told(&self) -> String {
        let Counts { looked, matched, sent, .. } = self.counts;
        let mut line = format!("{looked} looked at, {matched} wanted, {sent} messages sent");
        for (count, what) in [
            (self.counts.unwanted, "wanted by nobody"),
            (self.counts.duplicates, "sent by it before"),
            (self.counts.gone, "no longer in the archive"),
            (self.counts.unreadable, "not readable"),
            (self.counts.undecided, "for which the condition failed"),
            (self.counts.failed, "refused by a queue"),
        ] {
            if count > 0 {
                line.push_str(&format!(", {count} {what}"));
            }
        }
        line
    }
}

/// A record in our hands: what is written takes for granted that nobody else wrote.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What it says.
    pub progress: Progress,
    /// None: it is kept nowhere.
    version: Option<Version>,
}

/// The record of this id.
pub async fn find(records: &dyn Records, id: &str) -> Result<Option<Kept>, PortError> {
    let Some(record) = records.get(&key(id)).await? else { return Ok(None) };
    let progress = read(&record.value)?;
    Ok(Some(Kept { progress, version: Some(record.version) }))
}

/// All that are kept, newest first.
pub async fn list(records: &dyn Records) -> Result<Vec<Progress>, PortError> {
    const PAGE: usize = 100;
    let mut all: Vec<Progress> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = records.list(FOLDER, after.as_deref(), PAGE).await?;
        all.extend(page.iter().filter_map(|record| read(&record.value).ok()));
        if page.len() < PAGE {
            break;
        }
        after = page.last().map(|record| record.key.clone());
    }
    all.sort_by_key(|progress| std::cmp::Reverse(progress.started));
    Ok(all)
}

/// Writes a first record. `Conflict`: there is one of this id.
pub async fn create(
    records: &dyn Records,
    progress: Progress,
    expires: Option<Timestamp>,
) -> Result<Kept, PortError> {
    let version = put(records, &progress, Expect::Absent, expires).await?;
    Ok(Kept { progress, version: Some(version) })
}

impl Kept {
    /// One that is kept nowhere: of a dry run.
    pub fn loose(progress: Progress) -> Self {
        Self { progress, version: None }
    }

    /// Whether there is a record.
    pub fn is_kept(&self) -> bool {
        self.version.is_some()
    }

    /// Writes what it says now. `Conflict`: somebody else wrote meanwhile.
    pub async fn save(&mut self, records: &dyn Records, expires: Option<Timestamp>) -> Result<(), PortError> {
        if let Some(version) = self.version.clone() {
            self.version = Some(put(records, &self.progress, Expect::Version(version), expires).await?);
        }
        Ok(())
    }

    /// After each batch. Where somebody stopped it meanwhile, that counts.
    pub async fn advance(
        &mut self,
        records: &dyn Records,
        expires: Option<Timestamp>,
    ) -> Result<(), PortError> {
        loop {
            match self.save(records, expires).await {
                Err(error) if error.kind == ErrorKind::Conflict => {}
                done => return done,
            }
            let id = &self.progress.order.id;
            let Some(other) = find(records, id).await? else {
                return Err(PortError::conflict(format!(
                    "the record of replay {id} was removed: it ends here"
                )));
            };
            if other.progress.cursor > self.progress.cursor {
                let what = format!("replay {id} is run by somebody else, too: this run ends");
                return Err(PortError::conflict(what));
            }
            self.version = other.version;
            if other.progress.state == State::Stopped {
                self.progress.state = State::Stopped;
            }
        }
    }
}

async fn put(
    records: &dyn Records,
    progress: &Progress,
    expect: Expect,
    expires: Option<Timestamp>,
) -> Result<Version, PortError> {
    let value = serde_json::to_vec(progress).expect("texts, numbers and times are always JSON");
    records.put_if(&key(&progress.order.id), value.into(), expect, expires).await
}

fn key(id: &str) -> String {
    format!("{FOLDER}{id}")
}

fn read(value: &[u8]) -> Result<Progress, PortError> {
    serde_json::from_slice(value)
        .map_err(|error| PortError::internal("a replay's record cannot be read").caused_by(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> Progress {
        let order = Order::read(br#"{"id":"a","events":["*"]}"#, Timestamp::UNIX_EPOCH).unwrap();
        Progress::new(order, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_line_tells_what_there_is_to_tell() {
        let mut progress = progress();
        progress.counts = Counts { looked: 9, matched: 5, sent: 7, gone: 2, ..Counts::default() };
        assert_eq!(progress.told(), "9 looked at, 5 wanted, 7 messages sent, 2 no longer in the archive");
    }

    #[test]
    fn however_many_subscriptions_there_are_the_record_stays_small() {
        let mut progress = progress();
        for n in 0..10_000 {
            progress.count(&format!("{n:0>60}"), n % 2 == 0);
        }
        assert_eq!(progress.subscriptions.len(), NAMED + 1);
        assert_eq!(progress.subscriptions[OTHERS].deliveries, 10_000 - NAMED as u64);
        assert!(serde_json::to_vec(&progress).unwrap().len() < 22 * 1024);
    }
}
