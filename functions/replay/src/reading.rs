//! Places become batches: deliveries read from the archive side by side, filtered, and made into today's messages.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    vec::IntoIter,
};

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use pointsman_core::{
    again::{Again, To, Why, again},
    condition::{Condition, Subject},
    event::Event,
    facts::Facts,
    ledger::Mark,
    pattern::List,
    port::{ErrorKind, PortError, QueueName, Version},
    rules::Rules,
    sending::Inline,
    stored::Stored,
};
use tracing::warn;

use crate::{
    Ports,
    named::{Dead, Missing, by_ids},
    order::{Order, Selection},
    place::{Found, Place},
    walk::{Range, Walk},
};

/// A batch has so many deliveries, of about so many bytes, at most.
const BATCH: usize = 256;
const BATCH_BYTES: u64 = 2 << 20;
/// How many are read side by side.
const SIDE_BY_SIDE: usize = 16;

/// Deliveries that are sent in one go.
#[derive(Debug)]
pub struct Batch {
    /// The last one that was looked at.
    pub last: Place,
    /// How many were looked at.
    pub looked: u64,
    /// Those that go somewhere.
    pub items: Vec<Item>,
    /// Let through by every filter, and wanted by nobody.
    pub unwanted: u64,
    /// The condition failed.
    pub undecided: u64,
    /// What is missing or cannot be read.
    pub missing: Missing,
}

/// One delivery that goes somewhere.
#[derive(Debug)]
pub struct Item {
    /// Its key.
    pub key: String,
    /// Its mark's key.
    pub mark_key: String,
    /// When it came in.
    pub received: Timestamp,
    /// Its routing mark, where there still is one.
    pub mark: Option<(Mark, Version)>,
    /// What it becomes.
    pub again: Again,
}

impl Item {
    /// When this queue got it first.
    pub fn had(&self, queue: &QueueName) -> Option<Timestamp> {
        self.mark.as_ref().and_then(|(mark, _)| mark.sent.get(queue)).copied()
    }
}

/// What became of one delivery.
enum Read {
    Goes(Box<Item>),
    Filtered,
    Unwanted,
    Undecided,
    Gone,
    Unreadable,
}

/// The filters that look into a delivery.
struct Filter {
    events: List,
    repositories: List,
    session: Option<String>,
    when: Option<Condition>,
}

impl Filter {
    fn new(what: &Selection) -> Result<Self, PortError> {
        let list =
            |patterns: &[String]| List::new(patterns.iter().map(String::as_str)).map_err(PortError::invalid);
        Ok(Self {
            events: list(&what.events)?,
            repositories: list(&what.repositories)?,
            session: what.session.clone(),
            when: what.when.as_deref().map(Condition::parse).transpose().map_err(PortError::invalid)?,
        })
    }

    fn takes(&self, facts: &Facts, event: &Event) -> Result<bool, String> {
        let repository = facts.repository.as_ref().map(|repository| repository.full_name());
        if !self.events.matches(&facts.event_names())
            || !self.repositories.matches(repository.as_deref().as_slice())
            || self.session.as_ref().is_some_and(|session| *session != Stored::session(facts))
        {
            return Ok(false);
        }
        let holds = |when: &Condition| when.holds(&Subject::new(event, &facts.delivery.payload));
        self.when.as_ref().map_or(Ok(true), holds)
    }
}

/// Where places come from.
enum Finder<'a> {
    Walk(Walk<'a>),
    Ids(Vec<Found>),
    Dead(Dead<'a>),
}

/// The batches of one order, one after another.
pub struct Batches<'a> {
    ports: &'a Ports,
    rules: Arc<Rules>,
    inline: Inline,
    id: String,
    to: BTreeSet<String>,
    filter: Filter,
    finder: Finder<'a>,
    waiting: std::iter::Peekable<IntoIter<Found>>,
    missing: Missing,
    most: usize,
    /// Each subscription's queue.
    pub queues: HashMap<String, QueueName>,
}

/// How batches are made.
pub struct Terms {
    /// Who wants what today.
    pub rules: Arc<Rules>,
    /// What the queues carry; the rest goes without `data`.
    pub inline: Inline,
    /// How many places are kept in memory.
    pub most: usize,
}

impl<'a> Batches<'a> {
    /// Of an order that was begun at `started`, behind `cursor`.
    pub async fn new(
        order: &Order,
        (started, cursor): (Timestamp, Option<&Place>),
        ports: &'a Ports,
        terms: Terms,
    ) -> Result<Self, PortError> {
        let what = &order.what;
        let range = Range::new(what, started);
        let mut missing = Missing::default();
        let finder = if let Some(queue) = &what.dead_letters {
            Finder::Dead(Dead::new(ports, queue, range, cursor, terms.most))
        } else if what.deliveries.is_empty() {
            Finder::Walk(Walk::new(&*ports.archive, range, cursor, terms.most).await?)
        } else {
            let (mut found, not_there) = by_ids(&what.deliveries, &range, ports).await?;
            match cursor {
                Some(cursor) => found.retain(|found| found.place > *cursor),
                None => missing = not_there,
            }
            Finder::Ids(found)
        };
        let queues = terms.rules.router.targets().map(|(name, queue)| (name.to_owned(), queue.clone()));
        Ok(Self {
            ports,
            inline: terms.inline,
            id: order.id.clone(),
            to: order.to.iter().cloned().collect(),
            filter: Filter::new(what)?,
            finder,
            waiting: Vec::new().into_iter().peekable(),
            missing,
            most: batch(order.rate),
            queues: queues.collect(),
            rules: terms.rules,
        })
    }

    /// The next one; none = that was all.
    pub async fn next(&mut self) -> Result<Option<Batch>, PortError> {
        if self.waiting.peek().is_none() {
            self.waiting = self.find().await?.into_iter().peekable();
        }
        let (mut places, mut bytes) = (Vec::new(), 0);
        while places.len() < self.most
            && let Some(found) =
                self.waiting.next_if(|found| places.is_empty() || bytes + found.size <= BATCH_BYTES)
        {
            bytes += found.size;
            places.push(found.place);
        }
        let Some(last) = places.last().cloned() else { return Ok(None) };
        let mut batch = Batch {
            last,
            looked: places.len() as u64,
            items: Vec::with_capacity(places.len()),
            unwanted: 0,
            undecided: 0,
            missing: std::mem::take(&mut self.missing),
        };
        let mut read = stream::iter(places).map(|place| self.read(place)).buffered(SIDE_BY_SIDE);
        while let Some(read) = read.next().await {
            match read? {
                Read::Goes(item) => batch.items.push(*item),
                Read::Filtered => {}
                Read::Unwanted => batch.unwanted += 1,
                Read::Undecided => batch.undecided += 1,
                Read::Gone => batch.missing.gone += 1,
                Read::Unreadable => batch.missing.unreadable += 1,
            }
        }
        Ok(Some(batch))
    }

    /// What was named and is not there, where no batch came to tell it.
    pub fn missing(&mut self) -> Missing {
        std::mem::take(&mut self.missing)
    }

    async fn find(&mut self) -> Result<Vec<Found>, PortError> {
        match &mut self.finder {
            Finder::Walk(walk) => walk.next().await,
            Finder::Ids(found) => Ok(std::mem::take(found)),
            Finder::Dead(dead) => {
                let found = dead.next().await?;
                let Missing { gone, unreadable } = std::mem::take(&mut dead.missing);
                self.missing.gone += gone;
                self.missing.unreadable += unreadable;
                Ok(found)
            }
        }
    }

    async fn read(&self, place: Place) -> Result<Read, PortError> {
        let object = match self.ports.archive.get(&place.key).await {
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(Read::Gone),
            object => object?,
        };
        let made = Stored::new(&place.key, object).and_then(|stored| {
            let made = stored.with_facts(&self.rules, |facts, event| self.make(facts, event))?;
            Ok((made, stored.delivery.mark_key(), stored.delivery.received))
        });
        let (again, mark_key, received) = match made {
            Ok((Ok(Some(again)), mark_key, received)) => (again, mark_key, received),
            Ok((Ok(None), ..)) => return Ok(Read::Filtered),
            Ok((Err(why), ..)) => {
                tracing::debug!(why, "`when` failed for {}: no match", place.key);
                return Ok(Read::Undecided);
            }
            Err(error) => {
                warn!("{} is passed over: {error}", place.key);
                return Ok(Read::Unreadable);
            }
        };
        if again.messages.is_empty() {
            return Ok(Read::Unwanted);
        }
        let record = self.ports.records.get(&mark_key).await?;
        let mark = record.and_then(|record| Some((Mark::decode(&record.value).ok()?, record.version)));
        Ok(Read::Goes(Box::new(Item { key: place.key, mark_key, received, mark, again })))
    }

    /// What it becomes, where every filter lets it through.
    fn make(&self, facts: &Facts, event: Event) -> Result<Option<Again>, String> {
        if !self.filter.takes(facts, &event)? {
            return Ok(None);
        }
        let to = if self.to.is_empty() { To::Matching } else { To::Subscriptions(&self.to) };
        let why = Why::Replayed(&self.id);
        Ok(Some(again(facts, event, &self.rules, (why, to), self.inline)))
    }
}

/// So many at a time that even a slow replay goes evenly: about four batches a second.
fn batch(rate: u32) -> usize {
    if rate == 0 { BATCH } else { BATCH.min(usize::try_from(rate / 4).unwrap_or(BATCH)).max(1) }
}
