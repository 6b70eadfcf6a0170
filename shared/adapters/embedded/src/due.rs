//! What time alone brings about: holds run out, held back messages come due, what is forgotten goes. Found lazily, at
//! the head of a transaction, in small steps.

use rusqlite::params;

use crate::{
    holds::{Claim, Held},
    state::State,
    writer::{End, Writer},
};

/// Holds that run out, and messages of a queue that come due, in one transaction at most.
const STEP: usize = 256;

/// How often what is forgotten is removed, in ms, and how many rows of each kind at once.
const SWEEP_EVERY: i64 = 200;
const SWEEP_ROWS: usize = 256;

/// What a dead letter says whose handler never came back.
const RAN_OUT: &str = "its receiver neither settled nor renewed it in time";

impl State {
    /// Sessions whose time has come are ready: known in memory alone.
    pub fn wake(&mut self, now: i64) {
        self.queues.iter_mut().for_each(|queue| queue.sessions.wake(now));
    }

    /// Whether something is due that must be written.
    pub fn is_due(&self, now: i64) -> bool {
        self.expiries.first().is_some_and(|(at, _)| *at <= now)
            || self.queues.iter().any(|queue| queue.loose.next_due != 0 && queue.loose.next_due <= now)
            || self.sweep_left && self.next_sweep <= now
    }

    /// When time alone will make something ready that somebody waits for, or what a sweep left is to go.
    pub fn next_alarm(&self) -> Option<i64> {
        let sweep = self.sweep_left.then_some(self.next_sweep);
        self.next_waited().into_iter().chain(sweep).min()
    }

    fn next_waited(&self) -> Option<i64> {
        let mut waited = self.queues.iter().filter(|queue| !queue.waiters.is_empty()).peekable();
        waited.peek()?;
        let expiry = self.expiries.first().map(|(at, _)| *at);
        waited.filter_map(|queue| queue.next_due()).chain(expiry).min()
    }
}

impl Writer<'_> {
    /// Does what is due.
    pub fn due(&mut self) -> rusqlite::Result<()> {
        for _ in 0..STEP {
            let Some((_, hold)) = self.state.expiries.first().filter(|(at, _)| *at <= self.now).copied()
            else {
                break;
            };
            self.expire(hold)?;
        }
        for queue in 0..self.state.queues.len() {
            let next = self.state.queues[queue].loose.next_due;
            if next != 0 && next <= self.now {
                self.promote(queue)?;
            }
        }
        self.tidy_dedup()?;
        if self.now >= self.state.next_sweep {
            self.sweep()?;
            self.state.next_sweep = self.now + SWEEP_EVERY;
        }
        Ok(())
    }

    /// Gives back what a hold still has. Its first message is the one that a handler was on: that counts an attempt.
    fn expire(&mut self, id: u64) -> rusqlite::Result<()> {
        let Some(hold) = self.state.holds.get(&id) else { return Ok(()) };
        let queue = hold.queue;
        let left: Vec<Held> = hold.messages.iter().filter(|held| !held.settled).copied().collect();
        for (place, held) in left.into_iter().enumerate() {
            let claim = Claim { epoch: self.state.epoch, hold: id, message: held.id };
            if place == 0 {
                self.give_back(queue, claim, held, (0, Some(RAN_OUT)))?;
            } else {
                self.settle(claim, End::Back(0))?;
            }
        }
        Ok(())
    }

    /// Unordered messages whose time has come are ready.
    fn promote(&mut self, queue: usize) -> rusqlite::Result<()> {
        let session = self.state.queues[queue].loose_session();
        let mut due = self.conn.prepare_cached(
            "SELECT id FROM messages WHERE session = ?1 AND visible_at > 0 AND visible_at <= ?2
             ORDER BY visible_at LIMIT ?3",
        )?;
        let due: Vec<i64> =
            due.query_map(params![session, self.now, STEP], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for id in &due {
            self.conn.prepare_cached("UPDATE messages SET visible_at = 0 WHERE id = ?1")?.execute([id])?;
            // What lies after the cursor is found there.
            if *id <= self.state.queues[queue].loose.cursor {
                self.state.set_returned(queue, *id, true);
            }
        }
        let next: Option<i64> = self
            .conn
            .prepare_cached("SELECT min(visible_at) FROM messages WHERE session = ?1 AND visible_at > 0")?
            .query_row([session], |row| row.get(0))?;
        self.state.change_loose(queue, |loose| {
            loose.delayed -= due.len() as u64;
            loose.next_due = next.unwrap_or(0);
        });
        Ok(())
    }

    fn sweep(&mut self) -> rusqlite::Result<()> {
        let removed = self
            .conn
            .prepare_cached(
                "DELETE FROM records WHERE key IN
                 (SELECT key FROM records WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
            )?
            .execute(params![self.now, SWEEP_ROWS])?;
        self.state.sweep_left = removed == SWEEP_ROWS;
        self.forget()
    }
}
