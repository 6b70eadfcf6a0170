//! Making queues: at the start, and when the configuration changes.

use std::collections::HashSet;

use pointsman_core::port::{OnPoison, PortError, QueueName, QueueSettings};
use rusqlite::{Connection, params};

use crate::{engine::Engine, queues::QueueState, state::State, times::millis_of};

/// Makes or changes these queues, each with its dead letters; the others are unattached from now on.
pub(crate) async fn ensure(
    engine: &Engine,
    queues: Vec<(QueueName, QueueSettings)>,
) -> Result<(), PortError> {
    engine
        .look(move |conn, state, _| {
            let dead =
                |(name, settings): &(QueueName, _)| (name.dead_letters(), QueueSettings::clone(settings));
            let all: Vec<_> = queues.iter().cloned().chain(queues.iter().map(dead)).collect();
            let ids = write(conn, &all)?;
            let named: HashSet<_> = all.iter().map(|(name, _)| name.clone()).collect();
            for ((name, settings), id) in all.into_iter().zip(ids) {
                set(state, name, settings, id);
            }
            for queue in &mut state.queues {
                queue.attached = named.contains(&queue.name);
            }
            Ok(())
        })
        .await
}

fn write(conn: &Connection, queues: &[(QueueName, QueueSettings)]) -> rusqlite::Result<Vec<i64>> {
    let transaction = conn.unchecked_transaction()?;
    let mut ids = Vec::new();
    for (name, settings) in queues {
        let id = transaction
            .prepare_cached(
                "INSERT INTO queues (name, max_deliveries, visibility_ms, dedup_ms, on_poison) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (name) DO UPDATE SET max_deliveries = excluded.max_deliveries,
                 visibility_ms = excluded.visibility_ms, dedup_ms = excluded.dedup_ms,
                 on_poison = excluded.on_poison RETURNING id",
            )?
            .query_row(
                params![
                    name.as_str(),
                    settings.max_deliveries,
                    millis_of(settings.visibility),
                    millis_of(settings.dedup_window),
                    settings.on_poison == OnPoison::Hold
                ],
                |row| row.get(0),
            )?;
        ids.push(id);
    }
    transaction.commit()?;
    Ok(ids)
}

fn set(state: &mut State, name: QueueName, settings: QueueSettings, id: i64) {
    match state.queue(&name) {
        Ok(place) => state.queues[place].settings = settings,
        Err(_) => {
            state.add_queue(QueueState::new(id, name, settings));
        }
    }
}
