//! Purging: an operator removes messages that no receiver holds, in steps, so that others are served between them.

use std::collections::BTreeSet;

use pointsman_core::port::{PortError, QueueName, Selection};
use rusqlite::{OptionalExtension as _, Row, params};

use crate::{bodies, engine::Engine, messages, poison, queue::parse_id, sessions::NONE, writer::Writer};

/// Messages in one transaction.
const STEP: usize = 500;

/// What a purge needs to know of a message.
struct Doomed {
    id: i64,
    session: i64,
    name: Option<String>,
    visible_at: i64,
    body: Option<i64>,
}

/// Removes them; says how many.
pub(crate) async fn purge(engine: &Engine, queue: &QueueName, which: Selection) -> Result<u64, PortError> {
    match which {
        Selection::All => purge_all(engine, queue).await,
        Selection::Only(ids) => {
            let ids = ids.iter().map(parse_id).collect::<Result<Vec<_>, _>>()?;
            let mut removed = 0;
            for ids in ids.chunks(STEP) {
                let (ids, queue) = (ids.to_vec(), queue.clone());
                removed += engine.write(ids.len() * 64, move |writer| only(writer, &queue, &ids)).await??;
            }
            Ok(removed)
        }
    }
}

async fn purge_all(engine: &Engine, queue: &QueueName) -> Result<u64, PortError> {
    // What is sent meanwhile stays.
    let end = engine.look(|_, state, _| Ok(state.next_id)).await?;
    let (mut after, mut removed) = (0, 0);
    loop {
        let queue = queue.clone();
        let (last, count) = engine.write(STEP * 64, move |writer| step(writer, &queue, after, end)).await??;
        removed += count;
        match last {
            Some(last) => after = last,
            None => return Ok(removed),
        }
    }
}

type Answer<T> = rusqlite::Result<Result<T, PortError>>;

fn step(writer: &mut Writer<'_>, queue: &QueueName, after: i64, end: i64) -> Answer<(Option<i64>, u64)> {
    let queue = match writer.state.queue(queue) {
        Ok(queue) => queue,
        Err(error) => return Ok(Err(error)),
    };
    let mut doomed = writer.conn.prepare_cached(
        "SELECT m.id, m.session, s.name, m.visible_at, m.body FROM messages m LEFT JOIN sessions s ON s.id = m.session
         WHERE m.queue = ?1 AND m.id > ?2 AND m.id < ?3 ORDER BY m.id LIMIT ?4",
    )?;
    let doomed: Vec<_> = doomed
        .query_map(params![writer.state.queues[queue].id, after, end, STEP], read)?
        .collect::<Result<_, _>>()?;
    let last = doomed.last().map(|doomed| doomed.id);
    Ok(Ok((last, remove(writer, queue, doomed)?)))
}

fn only(writer: &mut Writer<'_>, queue: &QueueName, ids: &[i64]) -> Answer<u64> {
    let queue = match writer.state.queue(queue) {
        Ok(queue) => queue,
        Err(error) => return Ok(Err(error)),
    };
    let mut doomed = Vec::new();
    for id in ids.iter().copied().collect::<BTreeSet<_>>() {
        let mut found = writer.conn.prepare_cached(
            "SELECT m.id, m.session, s.name, m.visible_at, m.body FROM messages m
             LEFT JOIN sessions s ON s.id = m.session WHERE m.id = ?1 AND m.queue = ?2",
        )?;
        doomed.extend(found.query_row(params![id, writer.state.queues[queue].id], read).optional()?);
    }
    Ok(Ok(remove(writer, queue, doomed)?))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Doomed> {
    Ok(Doomed {
        id: row.get(0)?,
        session: row.get(1)?,
        name: row.get(2)?,
        visible_at: row.get(3)?,
        body: row.get(4)?,
    })
}

/// Removes those that nobody holds.
fn remove(writer: &mut Writer<'_>, queue: usize, doomed: Vec<Doomed>) -> rusqlite::Result<u64> {
    let held = writer.state.in_hands(queue);
    let (mut removed, mut touched) = (0, BTreeSet::new());
    for message in doomed.into_iter().filter(|message| !held.contains(&message.id)) {
        messages::delete(writer.conn, message.id)?;
        if let Some(body) = message.body {
            bodies::release(writer.conn, body)?;
        }
        match &message.name {
            Some(name) if message.session > 0 => {
                forget_ordered(writer, queue, &message, name)?;
                touched.insert((message.session, name.clone()));
            }
            _ => forget_loose(writer, queue, &message),
        }
        removed += 1;
    }
    for (session, name) in touched {
        writer.recount(queue, (session, &name), &held)?;
    }
    Ok(removed)
}

fn forget_ordered(
    writer: &mut Writer<'_>,
    queue: usize,
    message: &Doomed,
    name: &str,
) -> rusqlite::Result<()> {
    let sessions = &writer.state.queues[queue].sessions;
    let Some(slot) = sessions.find(name) else { return Ok(()) };
    if sessions.get(slot).is_some_and(|lane| lane.stuck != NONE) {
        poison::forget(writer.conn, message.session, message.id)?;
    }
    let emptied = writer.state.change_lane(queue, slot, |lane| lane.count -= 1);
    writer.forget_session(emptied)
}

fn forget_loose(writer: &mut Writer<'_>, queue: usize, message: &Doomed) {
    writer.state.set_returned(queue, message.id, false);
    writer.state.change_loose(queue, |loose| {
        loose.count -= 1;
        loose.delayed -= u64::from(message.visible_at > 0);
    });
}
