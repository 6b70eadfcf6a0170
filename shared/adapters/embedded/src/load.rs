//! At the start: the engine's memory from the rows. Reads indexes, no message.

use std::{collections::HashMap, sync::Arc, time::Duration};

use pointsman_core::port::{OnPoison, QueueName, QueueSettings};
use rusqlite::Connection;

use crate::{
    dedup,
    queues::QueueState,
    sessions::{Lane, NONE},
    state::State,
};

/// Reads everything; all is free to hand out.
pub(crate) fn load(conn: &Connection, now: i64) -> rusqlite::Result<State> {
    let mut state = State::default();
    state.epoch = fastrand::u64(..);
    let next = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    state.high = next("SELECT value FROM meta WHERE name = 'high'")?;
    state.next_id = state.high;
    state.next_session = next("SELECT coalesce(max(id), 0) + 1 FROM sessions")?;
    state.next_body = next("SELECT coalesce(max(id), 0) + 1 FROM bodies")?;
    let queues = load_queues(conn, &mut state)?;
    load_sessions(conn, &mut state, &queues, now)?;
    dedup::load(conn, &mut state, now)?;
    Ok(state)
}

fn load_queues(conn: &Connection, state: &mut State) -> rusqlite::Result<HashMap<i64, usize>> {
    let mut queues = HashMap::new();
    let mut statement = conn
        .prepare("SELECT id, name, max_deliveries, visibility_ms, dedup_ms, on_poison, paused FROM queues")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
        let Ok(name) = name.parse::<QueueName>() else {
            tracing::warn!(queue = name, "a queue's name in the store is none; it is left alone");
            continue;
        };
        let settings = QueueSettings {
            max_deliveries: row.get(2)?,
            visibility: Duration::from_millis(row.get(3)?),
            dedup_window: Duration::from_millis(row.get(4)?),
            on_poison: if row.get(5)? { OnPoison::Hold } else { OnPoison::DeadLetter },
            ..QueueSettings::default()
        };
        let paused = row.get(6)?;
        let queue = QueueState { paused, ..QueueState::new(id, name, settings) };
        queues.insert(id, state.add_queue(queue));
    }
    Ok(queues)
}

fn load_sessions(
    conn: &Connection,
    state: &mut State,
    queues: &HashMap<i64, usize>,
    now: i64,
) -> rusqlite::Result<()> {
    let mut counted =
        conn.prepare("SELECT session, count(*), min(id) FROM messages GROUP BY session ORDER BY session")?;
    let mut counted = counted.query([])?;
    let mut named = conn.prepare("SELECT id, queue, name FROM sessions ORDER BY id")?;
    let mut named = named.query([])?;
    let delayed = delayed_sessions(conn, now)?;
    let held = held_sessions(conn)?;
    while let Some(row) = counted.next()? {
        let (id, count, first): (i64, u64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if id < 0 {
            if let Some(queue) = queues.get(&-id) {
                state.queues[*queue].loose.count = count;
            }
            continue;
        }
        while let Some(row) = named.next()? {
            if row.get::<_, i64>(0)? < id {
                continue;
            }
            let (queue, name): (i64, Arc<str>) = (row.get(1)?, row.get(2)?);
            let (until, late) = delayed.get(&id).copied().unwrap_or_default();
            let stuck = held.get(&id).copied().unwrap_or(NONE);
            if let Some(queue) = queues.get(&queue) {
                let lane = Lane { name, id, count, first, hold: 0, until, late, stuck };
                state.queues[*queue].sessions.insert(lane);
            }
            break;
        }
    }
    load_loose_delays(conn, state)?;
    Ok(())
}

/// Of each session that was given back with a time: until when, and how many messages.
fn delayed_sessions(conn: &Connection, now: i64) -> rusqlite::Result<HashMap<i64, (i64, u64)>> {
    conn.prepare(
        "SELECT session, max(visible_at), count(*) FROM messages
         WHERE visible_at > 0 AND visible_at > ?1 AND session > 0 GROUP BY session",
    )?
    .query_map([now], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
    .collect()
}

/// Of each session that waits for a person: the first message that is held.
fn held_sessions(conn: &Connection) -> rusqlite::Result<HashMap<i64, i64>> {
    conn.prepare("SELECT session, min(message) FROM held GROUP BY session")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn load_loose_delays(conn: &Connection, state: &mut State) -> rusqlite::Result<()> {
    for queue in &mut state.queues {
        let (next, delayed): (Option<i64>, u64) = conn
            .prepare_cached(
                "SELECT min(visible_at), count(*) FROM messages WHERE session = ?1 AND visible_at > 0",
            )?
            .query_row([queue.loose_session()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        queue.loose.next_due = next.unwrap_or(0);
        queue.loose.delayed = delayed;
    }
    Ok(())
}
