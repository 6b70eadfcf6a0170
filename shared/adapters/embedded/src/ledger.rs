//! One delivery's archive object, messages and mark in one transaction.

use std::time::Instant;

use async_trait::async_trait;
use pointsman_core::{
    ledger::{Committed, Entry, Ledger, Mark},
    port::{PortError, QueueName},
    telemetry,
};

use crate::{
    archive::{self, ArchiveRow},
    bodies::{self, Bodies, Placing},
    outgoing::Outgoing,
    records,
    store::Store,
    times::millis,
    writer::Writer,
};

#[async_trait]
impl Ledger for Store {
    async fn commit(&self, entry: Entry) -> Result<Committed, PortError> {
        let weight = entry.object.body.len() + 1024 * (1 + entry.messages.len());
        let queues: Vec<_> = entry.messages.iter().map(|(queue, _)| queue.clone()).collect();
        let prepared = Prepared::new(entry)?;
        let begun = Instant::now();
        let done = self.engine().write(weight, move |writer| prepared.commit(writer)).await;
        let done = done.and_then(|done| done);
        let reached = |queue: &&QueueName| match &done {
            Ok(Committed::Stored { sent, .. }) => sent.contains(queue),
            Ok(Committed::OtherBytes { .. }) => false,
            Err(_) => true,
        };
        for queue in queues.iter().filter(reached) {
            telemetry::sent(queue, [&done], begun.elapsed());
        }
        done
    }
}

/// An entry without anything left to compute.
struct Prepared {
    archive_key: String,
    object: ArchiveRow,
    bodies: Bodies,
    mark_key: String,
    mark_expires: Option<i64>,
    messages: Vec<(QueueName, Outgoing)>,
    /// What the mark says when all is new.
    mark: Mark,
    encoded: bytes::Bytes,
}

impl Prepared {
    fn new(entry: Entry) -> Result<Self, PortError> {
        let mut bodies = Bodies::default();
        let object = ArchiveRow::new(&entry.object.body, &entry.object.metadata, &mut bodies);
        let outgoing = |(queue, message): &(QueueName, _)| {
            Ok((queue.clone(), Outgoing::new(message, &mut bodies).map_err(PortError::invalid)?))
        };
        let messages = entry.messages.iter().map(outgoing).collect::<Result<Vec<_>, PortError>>()?;
        let sent = entry.messages.iter().map(|(queue, _)| (queue.clone(), entry.now)).collect();
        let mark = Mark { archive: entry.archive_key.clone(), sent };
        Ok(Self {
            archive_key: entry.archive_key,
            object,
            bodies,
            mark_key: entry.mark_key,
            mark_expires: entry.mark_expires.map(millis),
            messages,
            encoded: mark.encode(),
            mark,
        })
    }

    /// The outer error fails the whole transaction, the inner one is this entry's answer: nothing of it is written.
    fn commit(&self, writer: &mut Writer<'_>) -> rusqlite::Result<Result<Committed, PortError>> {
        let targets = self.messages.iter().map(|(queue, _)| writer.state.queue(queue));
        let targets = match targets.collect::<Result<Vec<_>, _>>() {
            Ok(targets) => targets,
            Err(error) => return Ok(Err(error)),
        };
        let mark = match self.find_mark(writer)? {
            Ok(mark) => mark,
            Err(error) => return Ok(Err(error)),
        };
        let key = mark.as_ref().map_or(&self.archive_key, |mark| &mark.archive);
        let mut placing = Placing::new(&self.bodies);
        let found = archive::find(writer.conn, key)?;
        if let Some(row) = found {
            if !self.is_same(writer, row)? {
                return Ok(Ok(Committed::OtherBytes { key: key.clone() }));
            }
            if let (Some(place), Some(row)) = (self.object.place, row) {
                placing.is_at(place, row);
            }
        } else {
            archive::insert(writer, key, &self.object, &mut placing)?;
        }
        let sent = self.send(writer, mark, &targets, &mut placing)?;
        placing.finish(writer)?;
        Ok(Ok(Committed::Stored { duplicate: found.is_some(), sent }))
    }

    fn find_mark(&self, writer: &Writer<'_>) -> rusqlite::Result<Result<Option<Mark>, PortError>> {
        let found = records::find(writer.conn, &self.mark_key, writer.now)?;
        Ok(found.map(|record| Mark::decode(&record.value)).transpose())
    }

    /// Whether the archived bytes are this entry's. Compressed bytes are compared first: those of one program are equal.
    fn is_same(&self, writer: &Writer<'_>, row: Option<i64>) -> rusqlite::Result<bool> {
        let there = row.map(|row| bodies::get(writer.conn, row)).transpose()?.flatten();
        Ok(match (there, self.object.place) {
            (Some(there), Some(place)) => self.bodies.packed[place].same_bytes(&there),
            (there, place) => there.is_none() && place.is_none(),
        })
    }

    /// Sends to the queues that the mark lacks, and writes the mark.
    fn send(
        &self,
        writer: &mut Writer<'_>,
        mark: Option<Mark>,
        targets: &[usize],
        placing: &mut Placing<'_>,
    ) -> rusqlite::Result<Vec<QueueName>> {
        let mut sent = Vec::new();
        let mut added = mark.is_none();
        for ((queue, message), target) in self.messages.iter().zip(targets) {
            if mark.as_ref().is_some_and(|mark| mark.sent.contains_key(queue)) {
                continue;
            }
            added = true;
            if !message.send(writer, *target, placing)?.duplicate {
                sent.push(queue.clone());
            }
        }
        let encoded = match mark {
            None => self.encoded.clone(),
            Some(mut mark) => {
                for (queue, time) in &self.mark.sent {
                    mark.sent.entry(queue.clone()).or_insert(*time);
                }
                mark.encode()
            }
        };
        if added {
            records::put(writer, &self.mark_key, &encoded, self.mark_expires)?;
        }
        Ok(sent)
    }
}
