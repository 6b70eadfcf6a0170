//! Handing out: which messages a receiver gets, and who waits for some.

use std::sync::Arc;

use pointsman_core::port::{Ask, PortError, QueueName};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{
    fault::Fault,
    holds::{Claim, Held, Hold},
    messages::{self, StoredRow},
    sessions::{NONE, Slot},
    state::State,
    times::millis_of,
    writer::{End, Writer},
};

/// About how many bytes one receive hands out at most; at least one message.
const MOST_BYTES: usize = 8 << 20;

/// Someone who asks for messages.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub queue: QueueName,
    pub ask: Ask,
    pub reply: oneshot::Sender<Result<Vec<Taken>, PortError>>,
}

/// A message handed out, as its row was.
#[derive(Debug)]
pub(crate) struct Taken {
    pub row: StoredRow,
    pub session: Option<Arc<str>>,
    pub claim: Claim,
    pub expires: i64,
}

impl State {
    /// Whether somebody waits for what is ready.
    pub fn can_serve(&self) -> bool {
        self.queues.iter().any(|queue| !queue.waiters.is_empty() && queue.is_ready())
    }

    /// Serves who waited first, then who asks now; who gets nothing and may wait is parked.
    pub fn hand_out(&mut self, conn: &Connection, asking: Vec<Waiter>, now: i64) {
        for queue in 0..self.queues.len() {
            if !self.queues[queue].waiters.is_empty() && self.queues[queue].is_ready() {
                let parked = std::mem::take(&mut self.queues[queue].waiters);
                let left =
                    parked.into_iter().filter_map(|waiter| self.serve(conn, queue, waiter, now)).collect();
                self.queues[queue].waiters = left;
            }
        }
        for waiter in asking {
            match self.queue(&waiter.queue) {
                Ok(queue) => {
                    if let Some(waiter) = self.serve(conn, queue, waiter, now) {
                        self.park(queue, waiter);
                    }
                }
                // Who asked may have gone.
                Err(error) => drop(waiter.reply.send(Err(error))),
            }
        }
    }

    fn park(&mut self, queue: usize, waiter: Waiter) {
        if waiter.ask.wait.is_zero() {
            // Who asked may have gone.
            let _ = waiter.reply.send(Ok(Vec::new()));
            return;
        }
        let waiters = &mut self.queues[queue].waiters;
        waiters.retain(|other| !other.reply.is_closed());
        waiters.push_back(waiter);
    }

    /// Hands out to one; nobody is returned once that one is served or gone.
    fn serve(&mut self, conn: &Connection, queue: usize, waiter: Waiter, now: i64) -> Option<Waiter> {
        if waiter.reply.is_closed() {
            return None;
        }
        let answer = match self.take(conn, queue, &waiter.ask, now) {
            Ok(taken) if taken.is_empty() => return Some(waiter),
            Ok(taken) => Ok(taken),
            Err(error) => Err(Fault::new(&error).to_error()),
        };
        if let Err(Ok(taken)) = waiter.reply.send(answer) {
            self.take_back(conn, taken.iter().map(|taken| taken.claim), now);
        }
        None
    }

    /// Puts back what was never seen by a handler.
    pub fn take_back(&mut self, conn: &Connection, claims: impl Iterator<Item = Claim>, now: i64) {
        let epoch = self.epoch;
        let mut writer = Writer { conn, state: self, now };
        for claim in claims.filter(|claim| claim.epoch == epoch) {
            let held = writer.state.holds.get(&claim.hold).and_then(|hold| hold.find(claim.message));
            if held.is_some() {
                writer.settle(claim, End::Back(0)).expect("giving back at once writes nothing");
            }
        }
    }

    fn take(&mut self, conn: &Connection, queue: usize, ask: &Ask, now: i64) -> rusqlite::Result<Vec<Taken>> {
        if self.queues[queue].paused {
            return Ok(Vec::new());
        }
        let mut taken = Vec::new();
        let (mut room, mut sessions) = ((ask.max, MOST_BYTES), ask.sessions.unwrap_or(usize::MAX));
        let visibility = ask.visibility.unwrap_or(self.queues[queue].settings.visibility);
        let expires = now.saturating_add(millis_of(visibility));
        while room.0 > 0 && room.1 > 0 && sessions > 0 {
            let more = match self.next(queue, ask) {
                Some(Next::Session(slot)) => self.take_session(conn, queue, slot, (expires, room)),
                Some(Next::Loose) => self.take_loose(conn, queue, expires, (room.0.min(sessions), room.1)),
                None => break,
            };
            match more {
                Ok(more) if more.is_empty() => break,
                Ok(more) => {
                    sessions -= if more[0].session.is_some() { 1 } else { more.len() };
                    room.0 -= more.len().min(room.0);
                    room.1 = room.1.saturating_sub(more.iter().map(|taken| taken.row.weight()).sum());
                    taken.extend(more);
                }
                // What was taken so far is good.
                Err(_) if !taken.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    fn next(&self, queue: usize, ask: &Ask) -> Option<Next> {
        let state = &self.queues[queue];
        if let Some(session) = &ask.session {
            let slot = state.sessions.find(session.as_str())?;
            return state.sessions.is_ready(slot).then_some(Next::Session(slot));
        }
        let loose = (state.loose.ready() > 0)
            .then(|| state.returned.first().copied().unwrap_or(state.loose.cursor + 1));
        match (state.sessions.oldest_ready(), loose) {
            (Some((first, slot)), loose) if loose.is_none_or(|loose| first < loose) => {
                Some(Next::Session(slot))
            }
            (_, Some(_)) => Some(Next::Loose),
            (_, None) => None,
        }
    }

    fn take_session(
        &mut self,
        conn: &Connection,
        queue: usize,
        slot: Slot,
        (expires, (limit, bytes)): (i64, (usize, usize)),
    ) -> rusqlite::Result<Vec<Taken>> {
        let Some(lane) = self.queues[queue].sessions.get(slot) else { return Ok(Vec::new()) };
        let name = lane.name.clone();
        let (rows, next) = messages::of_session(conn, lane.id, lane.first..lane.stuck, limit, bytes)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let hold = self.hold(queue, Some(slot), expires, &rows);
        self.change_lane(queue, slot, |lane| {
            lane.hold = hold;
            lane.first = next.unwrap_or(lane.stuck);
        });
        Ok(self.taken(rows, hold, expires, Some(&name)))
    }

    fn take_loose(
        &mut self,
        conn: &Connection,
        queue: usize,
        expires: i64,
        (limit, bytes): (usize, usize),
    ) -> rusqlite::Result<Vec<Taken>> {
        let state = &self.queues[queue];
        let mut rows = Vec::new();
        for id in state.returned.iter().take(limit) {
            rows.extend(messages::one(conn, *id)?);
        }
        if rows.is_empty() {
            rows = {
                let after = state.loose.cursor + 1..NONE;
                messages::of_loose(conn, state.loose_session(), after, limit, bytes)?.0
            };
        }
        let mut taken = Vec::new();
        for row in rows {
            let (id, rows) = (row.id, vec![row]);
            let hold = self.hold(queue, None, expires, &rows);
            self.set_returned(queue, id, false);
            self.change_loose(queue, |loose| {
                loose.in_flight += 1;
                loose.cursor = loose.cursor.max(id);
            });
            taken.extend(self.taken(rows, hold, expires, None));
        }
        Ok(taken)
    }

    fn hold(&mut self, queue: usize, slot: Option<Slot>, expires: i64, rows: &[StoredRow]) -> u64 {
        self.last_hold += 1;
        let held =
            |row: &StoredRow| Held { id: row.id, body: row.body, attempts: row.attempts, settled: false };
        let messages = rows.iter().map(held).collect();
        self.insert_hold(self.last_hold, Hold { queue, slot, expires, messages });
        self.last_hold
    }

    fn taken(&self, rows: Vec<StoredRow>, hold: u64, expires: i64, session: Option<&Arc<str>>) -> Vec<Taken> {
        let epoch = self.epoch;
        let taken = |row: StoredRow| {
            let claim = Claim { epoch, hold, message: row.id };
            Taken { row, session: session.cloned(), claim, expires }
        };
        rows.into_iter().map(taken).collect()
    }
}

/// Where the next messages come from.
enum Next {
    Session(Slot),
    Loose,
}
