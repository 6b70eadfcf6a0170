//! The archive in order, with bounded memory: hour by hour over all sources, and of a large hour the next few, by as many
//! passes over its listing as it takes.

use std::collections::BinaryHeap;

use jiff::Timestamp;
use pointsman_core::{
    delivery::DeliveryId,
    port::{Archive, Listed, PortError},
    stored::{PAGE, folders},
};

use crate::{
    order::Selection,
    place::{Found, HOUR, Place, hour, hour_of, ticks},
};

/// So many are looked for at a time, over as many hours as that takes.
const ENOUGH: usize = 2_000;

/// Which places are meant at all, before anything is read.
#[derive(Debug, Clone)]
pub struct Range {
    since: Option<u64>,
    until: Option<u64>,
    first: String,
    last: Option<String>,
    source: Option<String>,
}

impl Range {
    /// Of a selection that was asked for at `started`: what came in since is not searched for, or there were no end.
    pub fn new(what: &Selection, started: Timestamp) -> Self {
        let until = if what.is_named() { what.until } else { what.until.or(Some(started)) };
        Self {
            since: what.since.map(DeliveryId::ticks_of),
            until: until.map(DeliveryId::ticks_of),
            first: what.since.map(hour_of).unwrap_or_default(),
            last: until.map(hour_of),
            source: what.source.clone(),
        }
    }

    /// Whether a delivery of this source and time is meant.
    pub fn takes(&self, name: &str, ticks: u64) -> bool {
        self.source.as_ref().is_none_or(|wanted| wanted == name)
            && self.since.is_none_or(|since| ticks >= since)
            && self.until.is_none_or(|until| ticks < until)
    }
}

/// The archive's deliveries in a range, in order.
pub struct Walk<'a> {
    archive: &'a dyn Archive,
    range: Range,
    sources: Vec<String>,
    most: usize,
    at: At,
}

/// How far it is.
enum At {
    /// Everything up to this hour was handed out.
    Before(String),
    /// In the midst of an hour.
    Within(Place),
    /// Nothing comes any more.
    End,
}

impl<'a> Walk<'a> {
    /// Behind `cursor`; `most` bounds what is kept in memory.
    pub async fn new(
        archive: &'a dyn Archive,
        range: Range,
        cursor: Option<&Place>,
        most: usize,
    ) -> Result<Self, PortError> {
        let sources = folders(archive, "deliveries/").await?;
        let wanted = |name: &String| range.source.as_ref().is_none_or(|source| source == name);
        let sources = sources.into_iter().filter(wanted).collect();
        let at = cursor.map_or(At::Before(String::new()), |place| At::Within(place.clone()));
        Ok(Self { archive, range, sources, most, at })
    }

    /// The next few; none = that was all.
    pub async fn next(&mut self) -> Result<Vec<Found>, PortError> {
        let mut all = Vec::new();
        let enough = ENOUGH.min(self.most);
        while all.len() < enough {
            let (hour, after) = match &self.at {
                At::End => break,
                At::Within(place) => (place.hour.clone(), Some(place.clone())),
                At::Before(hour) => match self.next_hour(hour).await? {
                    Some(hour) => (hour, None),
                    None => {
                        self.at = At::End;
                        break;
                    }
                },
            };
            let (found, rest) = self.smallest(&hour, after.as_ref()).await?;
            self.at = match found.last() {
                Some(last) if rest => At::Within(last.place.clone()),
                _ => At::Before(hour),
            };
            all.extend(found);
        }
        Ok(all)
    }

    /// How many there are in all, by listing keys alone; `look` is told the number now and then, and ends it by `false`.
    pub async fn count(mut self, mut look: impl FnMut(u64) -> bool) -> Result<u64, PortError> {
        let mut count = 0;
        let mut at = String::new();
        while let Some(hour) = self.next_hour(&at).await? {
            for name in std::mem::take(&mut self.sources) {
                let prefix = format!("deliveries/{name}/{hour}/");
                let mut pages = Pages::new(self.archive, prefix);
                while let Some(rows) = pages.next().await? {
                    let meant = |row: &&Listed| self.range.takes(&name, ticks(&row.key, &hour, row.stored));
                    count += rows.iter().filter(meant).count() as u64;
                    if !look(count) {
                        return Ok(count);
                    }
                }
                self.sources.push(name);
            }
            at = hour;
        }
        Ok(count)
    }

    /// The first hour after this one in which any source has something: a look each, however much lies in between.
    async fn next_hour(&self, hour: &str) -> Result<Option<String>, PortError> {
        let mut next: Option<String> = None;
        for name in &self.sources {
            let found = self.next_hour_of(name, hour).await?;
            next = match (next, found) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            };
        }
        Ok(next.filter(|hour| self.range.last.as_ref().is_none_or(|last| hour <= last)))
    }

    async fn next_hour_of(&self, name: &str, last: &str) -> Result<Option<String>, PortError> {
        let prefix = format!("deliveries/{name}/");
        // `0` comes right after `/`: beyond all of the last hour's.
        let mut after = if last.len() == HOUR && *last >= *self.range.first {
            format!("{prefix}{last}0")
        } else {
            format!("{prefix}{}", self.range.first)
        };
        loop {
            let Some(row) = self.archive.list(&prefix, Some(&after), 1).await?.pop() else { return Ok(None) };
            match hour(&row.key) {
                Some(hour) => return Ok(Some(hour.to_owned())),
                None => after = row.key,
            }
        }
    }

    /// Of an hour the `most` smallest behind this place, in order, and whether there are more.
    async fn smallest(&self, hour: &str, after: Option<&Place>) -> Result<(Vec<Found>, bool), PortError> {
        let mut few = Few::new(self.most, after);
        for name in &self.sources {
            let prefix = format!("deliveries/{name}/{hour}/");
            let mut pages = Pages::new(self.archive, prefix);
            while let Some(rows) = pages.next().await? {
                for row in &rows {
                    let ticks = ticks(&row.key, hour, row.stored);
                    if self.range.takes(name, ticks) {
                        few.see(hour, ticks, row);
                    }
                }
            }
        }
        Ok(few.sorted())
    }
}

/// A listing, page by page.
struct Pages<'a> {
    archive: &'a dyn Archive,
    prefix: String,
    after: Option<String>,
    more: bool,
}

impl<'a> Pages<'a> {
    fn new(archive: &'a dyn Archive, prefix: String) -> Self {
        Self { archive, prefix, after: None, more: true }
    }

    async fn next(&mut self) -> Result<Option<Vec<Listed>>, PortError> {
        if !self.more {
            return Ok(None);
        }
        let rows = self.archive.list(&self.prefix, self.after.as_deref(), PAGE).await?;
        self.more = rows.len() == PAGE;
        self.after = rows.last().map(|row| row.key.clone());
        Ok(Some(rows))
    }
}

/// The smallest places behind one, of however many are seen.
pub struct Few<'a> {
    most: usize,
    after: Option<&'a Place>,
    heap: BinaryHeap<Found>,
    rest: bool,
}

impl<'a> Few<'a> {
    /// Keeps at most `most`.
    pub fn new(most: usize, after: Option<&'a Place>) -> Self {
        Self { most: most.max(1), after, heap: BinaryHeap::new(), rest: false }
    }

    /// One more. Most of a large hour is passed over here, without a copy.
    pub fn see(&mut self, hour: &str, ticks: u64, row: &Listed) {
        let this = (hour, ticks, row.key.as_str());
        let of = |place: &Place| (place.hour.as_str(), place.ticks, place.key.as_str()).cmp(&this);
        if self.after.is_some_and(|after| of(after).is_ge()) {
            return;
        }
        let full = self.heap.len() >= self.most;
        if full {
            self.rest = true;
            if self.heap.peek().is_some_and(|largest| of(&largest.place).is_le()) {
                return;
            }
        }
        let place = Place { hour: hour.to_owned(), ticks, key: row.key.clone() };
        self.heap.push(Found { place, size: row.size });
        if full {
            self.heap.pop();
        }
    }

    /// Those kept, in order, and whether there were more.
    pub fn sorted(self) -> (Vec<Found>, bool) {
        (self.heap.into_sorted_vec(), self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str) -> Listed {
        Listed { key: key.into(), size: 1, stored: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_few_at_a_time_every_one_comes_once_and_in_order() {
        let rows: Vec<(u64, Listed)> = (0..1_000_u64)
            .map(|n| (n * 7_919 % 250, row(&format!("deliveries/a/2026/01/01/00/-.{n}"))))
            .collect();
        let mut expected: Vec<(u64, &str)> =
            rows.iter().map(|(ticks, row)| (*ticks, row.key.as_str())).collect();
        expected.sort_unstable();
        for most in [1, 3, 64, 999, 1_000, 5_000] {
            let (mut all, mut after) = (Vec::new(), None::<Place>);
            loop {
                let mut few = Few::new(most, after.as_ref());
                rows.iter().for_each(|(ticks, row)| {
                    few.see("2026/01/01/00", *ticks, row);
                    assert!(few.heap.len() <= most, "no more than {most} are kept");
                });
                let (found, rest) = few.sorted();
                all.extend(found.iter().map(|found| (found.place.ticks, found.place.key.clone())));
                assert_eq!(rest, all.len() < 1_000);
                if !rest {
                    break;
                }
                after = found.last().map(|found| found.place.clone());
            }
            assert!(
                all.iter().map(|(ticks, key)| (*ticks, key.as_str())).eq(expected.iter().copied()),
                "{most}"
            );
        }
    }
}
