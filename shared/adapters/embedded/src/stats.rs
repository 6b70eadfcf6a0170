//! A queue's figures: counted in memory, but for the time of the oldest message.

use pointsman_core::port::{PortError, QueueName, QueueStats};
use rusqlite::{Connection, OptionalExtension as _};

use crate::{queues::QueueState, sessions::NONE, state::State, times::time};

/// The figures now.
pub(crate) fn of(
    conn: &Connection,
    state: &State,
    name: &QueueName,
) -> rusqlite::Result<Result<QueueStats, PortError>> {
    let place = match state.queue(name) {
        Ok(place) => place,
        Err(error) => return Ok(Err(error)),
    };
    let queue = &state.queues[place];
    let holds = state.holds.values().filter(|hold| hold.queue == place);
    let in_flight: u64 = holds.map(|hold| hold.left() as u64).sum();
    let delayed = queue.loose.delayed + queue.sessions.delayed().map(|lane| lane.late).sum::<u64>();
    let dead = state.queue(&name.dead_letters()).map_or(0, |dead| count(&state.queues[dead]));
    let all = count(queue);
    Ok(Ok(QueueStats {
        depth: all.saturating_sub(in_flight + delayed),
        in_flight,
        delayed,
        dead,
        held: queue.sessions.iter().filter(|(_, lane)| lane.stuck != NONE).count() as u64,
        paused: queue.paused,
        oldest: oldest(conn, queue.id)?.map(time),
        attached: queue.attached,
    }))
}

fn count(queue: &QueueState) -> u64 {
    queue.loose.count + queue.sessions.iter().map(|(_, lane)| lane.count).sum::<u64>()
}

fn oldest(conn: &Connection, queue: i64) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached("SELECT enqueued_at FROM messages WHERE queue = ?1 ORDER BY id LIMIT 1")?
        .query_row([queue], |row| row.get(0))
        .optional()
}
