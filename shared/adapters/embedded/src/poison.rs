//! A message that failed for good: it dies, or it is held at its session's front until a person decides.

use std::collections::BTreeMap;

use pointsman_core::port::{PortError, dead_letter};
use rusqlite::{Connection, params};

use crate::{
    holds::{Claim, Held},
    messages::{self, StoredRow},
    sessions::Slot,
    times::time,
    writer::{End, Incoming, Writer, decode_attributes, encode_attributes},
};

/// Longest error text that a dead letter keeps, in bytes.
const LONGEST_ERROR: usize = 4096;

/// What a person decides about a held message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict {
    /// It is tried again, as if it had never failed.
    Release,
    /// It dies after all.
    Bury,
}

impl Writer<'_> {
    /// Ends a message that a receiver has in hand, as its queue wants it.
    pub fn fail_for_good(
        &mut self,
        queue: usize,
        claim: Claim,
        held: Held,
        (reason, error): (&str, &str),
    ) -> rusqlite::Result<()> {
        let row = messages::one(self.conn, held.id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let mut attributes = decode_attributes(row.attributes.as_deref());
        attributes.insert(dead_letter::REASON.into(), reason.into());
        attributes.insert(dead_letter::ERROR.into(), shorten(error).into());
        attributes.insert(dead_letter::ATTEMPTS.into(), held.attempts.to_string());
        attributes.insert(dead_letter::TIME.into(), time(self.now).to_string());
        let row = StoredRow { attempts: held.attempts, attributes: encode_attributes(&attributes), ..row };
        let slot = self.state.holds.get(&claim.hold).and_then(|hold| hold.slot);
        match slot.filter(|_| self.state.queues[queue].holds()) {
            Some(slot) => self.hold_for_a_person(queue, slot, claim, &row),
            None => {
                self.bury(queue, &row)?;
                self.settle(claim, End::Gone)
            }
        }
    }

    /// Moves a row to its queue's dead letters.
    fn bury(&mut self, queue: usize, row: &StoredRow) -> rusqlite::Result<()> {
        let dead = self.state.queues[queue].name.dead_letters();
        let Ok(dead) = self.state.queue(&dead) else { return Err(rusqlite::Error::QueryReturnedNoRows) };
        let letter = Incoming {
            session: row.session.as_ref(),
            body: row.body,
            correlation: row.correlation.as_deref(),
            attributes: row.attributes.as_deref(),
            head: &row.head,
            tail: &row.tail,
            delay_ms: 0,
            enqueued_at: row.enqueued_at,
        };
        let id = self.enqueue(dead, &letter)?;
        messages::give_back(self.conn, id, row.attempts, 0)?;
        let reason = decode_attributes(row.attributes.as_deref()).remove(dead_letter::REASON);
        self.state.died.push((queue, reason.unwrap_or_default()));
        messages::delete(self.conn, row.id)
    }

    /// Keeps it where it is. Later ones that its receiver has in hand go back: their receipts are void, so that they
    /// cannot overtake it.
    fn hold_for_a_person(
        &mut self,
        queue: usize,
        slot: Slot,
        claim: Claim,
        row: &StoredRow,
    ) -> rusqlite::Result<()> {
        messages::rewrite(self.conn, row)?;
        let session = self.state.queues[queue].sessions.get(slot).map(|lane| lane.id);
        self.conn
            .prepare_cached("INSERT INTO held (session, message) VALUES (?1, ?2)")?
            .execute(params![session, row.id])?;
        let hold = self.state.holds.get(&claim.hold);
        let later = hold.into_iter().flat_map(|hold| &hold.messages);
        let later: Vec<i64> =
            later.filter(|held| !held.settled && held.id > row.id).map(|held| held.id).collect();
        for message in later.into_iter().rev() {
            self.settle(Claim { message, ..claim }, End::Back(0))?;
        }
        self.settle(claim, End::Stuck)
    }

    /// Does what a person decided about a held message; `NotFound` where none of this id is held.
    pub fn decide(
        &mut self,
        queue: usize,
        message: i64,
        verdict: Verdict,
    ) -> rusqlite::Result<Result<(), PortError>> {
        let Some((session, row)) = self.held_row(queue, message)? else {
            let queue = &self.state.queues[queue].name;
            return Ok(Err(PortError::not_found(format!(
                "no message {message} is held in `{queue}`: it was decided about, or never held"
            ))));
        };
        forget(self.conn, session, message)?;
        let name = row.session.clone().unwrap_or_default();
        match verdict {
            Verdict::Release => messages::rewrite(self.conn, &fresh(row))?,
            Verdict::Bury => {
                self.bury(queue, &row)?;
                if let Some(slot) = self.state.queues[queue].sessions.find(&name) {
                    let emptied = self.state.change_lane(queue, slot, |lane| lane.count -= 1);
                    self.forget_session(emptied)?;
                }
            }
        }
        let in_hands = self.state.in_hands(queue);
        self.recount(queue, (session, &name), &in_hands)?;
        Ok(Ok(()))
    }

    /// A held message of this queue, and its session's id.
    fn held_row(&self, queue: usize, message: i64) -> rusqlite::Result<Option<(i64, StoredRow)>> {
        let mut held = self.conn.prepare_cached(
            "SELECT h.session FROM messages m JOIN held h ON h.session = m.session AND h.message = m.id
             WHERE m.id = ?1 AND m.queue = ?2",
        )?;
        let mut held = held.query_map(params![message, self.state.queues[queue].id], |row| row.get(0))?;
        let Some(session) = held.next().transpose()? else { return Ok(None) };
        Ok(messages::one(self.conn, message)?.map(|row| (session, row)))
    }
}

/// It is not held any more.
pub(crate) fn forget(conn: &Connection, session: i64, message: i64) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM held WHERE session = ?1 AND message = ?2")?
        .execute([session, message])?;
    Ok(())
}

/// As it was before it failed.
fn fresh(row: StoredRow) -> StoredRow {
    let mut attributes: BTreeMap<_, _> = decode_attributes(row.attributes.as_deref());
    for own in [dead_letter::REASON, dead_letter::ERROR, dead_letter::ATTEMPTS, dead_letter::TIME] {
        attributes.remove(own);
    }
    StoredRow { attempts: 0, attributes: encode_attributes(&attributes), ..row }
}

fn shorten(error: &str) -> &str {
    &error[..error.floor_char_boundary(LONGEST_ERROR)]
}
