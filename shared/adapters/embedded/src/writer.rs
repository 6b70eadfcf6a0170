//! Inside a transaction: each change to the rows beside the same change to the engine's memory.

use std::{collections::BTreeMap, sync::Arc};

use pointsman_core::port::PortError;
use rusqlite::{Connection, params};

use crate::{
    bodies,
    holds::{Claim, Held, void},
    messages::{self, NewRow},
    sessions::{Lane, NONE, Slot},
    state::State,
};

/// Ids reserved on disk at a time.
const RESERVE: i64 = 100_000;

/// A transaction at work.
pub(crate) struct Writer<'a> {
    pub conn: &'a Connection,
    pub state: &'a mut State,
    pub now: i64,
}

/// A message on its way into a queue.
#[derive(Debug)]
pub(crate) struct Incoming<'a> {
    pub session: Option<&'a Arc<str>>,
    pub body: Option<i64>,
    pub correlation: Option<&'a str>,
    pub attributes: Option<&'a str>,
    pub head: &'a [u8],
    pub tail: &'a [u8],
    pub delay_ms: i64,
    pub enqueued_at: i64,
}

/// How a held message ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// It is gone from this queue.
    Gone,
    /// It waits again, not before this time (0 = at once).
    Back(i64),
    /// It is held for a person, and its session waits behind it.
    Stuck,
}

impl Writer<'_> {
    /// A new id of a message or a record's version.
    pub fn next_id(&mut self) -> rusqlite::Result<i64> {
        if self.state.next_id >= self.state.high {
            let high = self.state.next_id + RESERVE;
            self.conn.execute("UPDATE meta SET value = ?1 WHERE name = 'high'", [high])?;
            self.state.raise_high(high);
        }
        self.state.next_id += 1;
        Ok(self.state.next_id - 1)
    }

    /// Puts a message at its queue's end.
    pub fn enqueue(&mut self, queue: usize, message: &Incoming<'_>) -> rusqlite::Result<i64> {
        let id = self.next_id()?;
        let visible_at = if message.delay_ms > 0 { self.now.saturating_add(message.delay_ms) } else { 0 };
        let session = match message.session {
            Some(name) => self.append(queue, name, id)?,
            None => self.append_loose(queue, visible_at),
        };
        let row = NewRow {
            id,
            queue: self.state.queues[queue].id,
            session,
            visible_at,
            enqueued_at: message.enqueued_at,
            body: message.body,
            correlation: message.correlation,
            attributes: message.attributes,
            head: message.head,
            tail: message.tail,
        };
        messages::insert(self.conn, &row)?;
        Ok(id)
    }

    fn append(&mut self, queue: usize, name: &Arc<str>, message: i64) -> rusqlite::Result<i64> {
        let sessions = &self.state.queues[queue].sessions;
        if let Some((slot, id)) = sessions.find(name).and_then(|slot| Some((slot, sessions.get(slot)?.id))) {
            self.state.change_lane(queue, slot, |lane| {
                lane.count += 1;
                lane.first = lane.first.min(message);
            });
            return Ok(id);
        }
        let id = self.state.next_session;
        self.state.next_session += 1;
        self.conn
            .prepare_cached("INSERT INTO sessions (id, queue, name) VALUES (?1, ?2, ?3)")?
            .execute(params![id, self.state.queues[queue].id, name])?;
        let lane = Lane {
            name: name.clone(),
            id,
            count: 1,
            first: message,
            hold: 0,
            until: 0,
            late: 0,
            stuck: NONE,
        };
        self.state.insert_lane(queue, lane);
        Ok(id)
    }

    fn append_loose(&mut self, queue: usize, visible_at: i64) -> i64 {
        self.state.change_loose(queue, |loose| {
            loose.count += 1;
            if visible_at > 0 {
                loose.delay(visible_at);
            }
        });
        self.state.queues[queue].loose_session()
    }

    /// What a receipt stands for, if it still counts.
    pub fn held(&self, queue: usize, claim: Claim) -> Result<Held, PortError> {
        let hold =
            self.state.holds.get(&claim.hold).filter(|hold| {
                claim.epoch == self.state.epoch && hold.queue == queue && hold.expires > self.now
            });
        hold.and_then(|hold| hold.find(claim.message)).ok_or_else(void)
    }

    /// Removes a held message for good.
    pub fn complete(&mut self, claim: Claim, held: Held) -> rusqlite::Result<()> {
        messages::delete(self.conn, held.id)?;
        if let Some(body) = held.body {
            bodies::release(self.conn, body)?;
        }
        self.settle(claim, End::Gone)
    }

    /// Gives a held message back; `failed` counts an attempt and may be its last.
    pub fn give_back(
        &mut self,
        queue: usize,
        claim: Claim,
        held: Held,
        (after_ms, failed): (i64, Option<&str>),
    ) -> rusqlite::Result<()> {
        let attempts = held.attempts + u32::from(failed.is_some());
        if let Some(error) = failed
            && attempts >= self.state.queues[queue].max_deliveries()
        {
            return self.fail_for_good(queue, claim, Held { attempts, ..held }, ("max_deliveries", error));
        }
        let until = if after_ms > 0 { self.now.saturating_add(after_ms) } else { 0 };
        if failed.is_some() || until > 0 {
            messages::give_back(self.conn, held.id, attempts, until)?;
        }
        self.settle(claim, End::Back(until))
    }

    /// Ends one message's hold, and with the last one its session's.
    pub fn settle(&mut self, claim: Claim, end: End) -> rusqlite::Result<()> {
        let Some(hold) = self.state.holds.get(&claim.hold) else { return Ok(()) };
        let (queue, slot, last) = (hold.queue, hold.slot, hold.left() == 1);
        self.state.change_hold(claim.hold, |hold| {
            hold.messages
                .iter_mut()
                .filter(|held| held.id == claim.message)
                .for_each(|held| held.settled = true);
        });
        match slot {
            Some(slot) => self.settle_ordered(queue, slot, claim.message, (end, last)),
            None => {
                self.settle_loose(queue, claim.message, end);
                Ok(())
            }
        }
    }

    fn settle_ordered(
        &mut self,
        queue: usize,
        slot: Slot,
        message: i64,
        (end, last): (End, bool),
    ) -> rusqlite::Result<()> {
        let now = self.now;
        let emptied = self.state.change_lane(queue, slot, |lane| {
            match end {
                End::Gone => lane.count -= 1,
                End::Back(until) => {
                    lane.first = lane.first.min(message);
                    lane.late += u64::from(until > 0);
                    lane.until = lane.until.max(until);
                }
                End::Stuck => {
                    lane.first = lane.first.min(message);
                    lane.stuck = lane.stuck.min(message);
                }
            }
            if last {
                lane.hold = 0;
                if lane.until <= now {
                    (lane.until, lane.late) = (0, 0);
                }
            }
        });
        self.forget_session(emptied)
    }

    /// Removes the row of a session that is left without messages.
    pub fn forget_session(&mut self, emptied: Option<i64>) -> rusqlite::Result<()> {
        if let Some(id) = emptied {
            self.conn.prepare_cached("DELETE FROM sessions WHERE id = ?1")?.execute([id])?;
        }
        Ok(())
    }

    fn settle_loose(&mut self, queue: usize, message: i64, end: End) {
        self.state.change_loose(queue, |loose| {
            loose.in_flight -= 1;
            match end {
                End::Gone => loose.count -= 1,
                End::Back(0) | End::Stuck => {}
                End::Back(until) => loose.delay(until),
            }
        });
        if let End::Back(0) = end {
            self.state.set_returned(queue, message, true);
        }
    }
}

/// A message's own attributes, from its row.
pub(crate) fn decode_attributes(json: Option<&str>) -> BTreeMap<String, String> {
    // The column is only ever written by `encode_attributes`.
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// The same for its row; nothing for none.
pub(crate) fn encode_attributes(attributes: &BTreeMap<String, String>) -> Option<String> {
    (!attributes.is_empty()).then(|| serde_json::to_string(attributes).expect("strings are always JSON"))
}
