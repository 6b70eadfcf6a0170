//! What memory knows of a session, found anew in its rows, after some went or were decided about.

use std::collections::HashSet;

use crate::{sessions::NONE, writer::Writer};

impl Writer<'_> {
    /// Finds the oldest message that no receiver has in hand, until when the session is held back, and behind which
    /// message it waits for a person.
    pub fn recount(
        &mut self,
        queue: usize,
        (session, name): (i64, &str),
        in_hands: &HashSet<i64>,
    ) -> rusqlite::Result<()> {
        let Some(slot) = self.state.queues[queue].sessions.find(name) else { return Ok(()) };
        let mut ids = self.conn.prepare_cached("SELECT id FROM messages WHERE session = ?1 ORDER BY id")?;
        let mut ids = ids.query_map([session], |row| row.get::<_, i64>(0))?;
        let first = loop {
            match ids.next().transpose()? {
                Some(id) if in_hands.contains(&id) => {}
                found => break found.unwrap_or(NONE),
            }
        };
        let (until, late): (Option<i64>, u64) = self
            .conn
            .prepare_cached(
                "SELECT max(visible_at), count(*) FROM messages WHERE session = ?1 AND visible_at > ?2",
            )?
            .query_row([session, self.now], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let stuck: Option<i64> = self
            .conn
            .prepare_cached("SELECT min(message) FROM held WHERE session = ?1")?
            .query_row([session], |row| row.get(0))?;
        self.state.change_lane(queue, slot, |lane| {
            (lane.first, lane.until, lane.late) = (first, until.unwrap_or(0), late);
            lane.stuck = stuck.unwrap_or(NONE);
        });
        Ok(())
    }
}
