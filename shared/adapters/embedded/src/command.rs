//! What an operator tells a queue: pause, resume, and what becomes of a held message.

use pointsman_core::port::{Control, MessageId, PortError, QueueName};

use crate::{engine::Engine, poison::Verdict, queue::parse_id};

/// Does it.
pub(crate) async fn control(engine: &Engine, queue: &QueueName, what: Control) -> Result<(), PortError> {
    match what {
        Control::Pause => pause(engine, queue, true).await,
        Control::Resume => pause(engine, queue, false).await,
        Control::Release(id) => decide(engine, queue, &id, Verdict::Release).await,
        Control::Bury(id) => decide(engine, queue, &id, Verdict::Bury).await,
    }
}

/// On disk first, then in memory; who waits is served right after.
async fn pause(engine: &Engine, queue: &QueueName, paused: bool) -> Result<(), PortError> {
    let queue = queue.clone();
    let done = engine.look(move |conn, state, _| {
        let place = match state.queue(&queue) {
            Ok(place) => place,
            Err(error) => return Ok(Err(error)),
        };
        let queue = &mut state.queues[place];
        conn.prepare_cached("UPDATE queues SET paused = ?1 WHERE id = ?2")?.execute((paused, queue.id))?;
        queue.paused = paused;
        Ok(Ok(()))
    });
    done.await?
}

async fn decide(
    engine: &Engine,
    queue: &QueueName,
    id: &MessageId,
    verdict: Verdict,
) -> Result<(), PortError> {
    let (queue, id) = (queue.clone(), parse_id(id)?);
    engine
        .write(256, move |writer| match writer.state.queue(&queue) {
            Ok(queue) => writer.decide(queue, id, verdict),
            Err(error) => Ok(Err(error)),
        })
        .await?
}
