//! The queue's three ports on the engine.

use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use pointsman_core::port::{
    Abandon, Ask, Body, Control, Message, MessageId, Peeked, PortError, Queue, QueueAdmin, QueueName,
    QueueStats, Receipt, Received, Receiver, Selection, Sent,
};
use pointsman_core::{session::Session, telemetry};
use tokio::sync::oneshot;

use crate::{
    bodies::{Bodies, Placing},
    command,
    engine::Op,
    holds::{Claim, Held},
    messages::StoredRow,
    outgoing::Outgoing,
    purge,
    receive::{Taken, Waiter},
    state::State,
    stats,
    store::Store,
    times::{millis_of, time},
    writer::{Writer, decode_attributes},
};

#[async_trait]
impl Queue for Store {
    async fn send(&self, queue: &QueueName, messages: Vec<Message>) -> Vec<Result<Sent, PortError>> {
        let count = messages.len();
        let mut bodies = Bodies::default();
        let outgoing: Vec<_> = messages.iter().map(|message| Outgoing::new(message, &mut bodies)).collect();
        let weight = messages.iter().map(|message| message.body.len() + 256).sum();
        drop(messages);
        let (name, begun) = (queue.clone(), Instant::now());
        let sent = self
            .engine()
            .write(weight, move |writer| {
                let queue = match writer.state.queue(&name) {
                    Ok(queue) => queue,
                    Err(error) => return Ok(repeat(count, &error)),
                };
                send_all(writer, queue, &outgoing, &bodies)
            })
            .await;
        let sent = sent.unwrap_or_else(|error| repeat(count, &error));
        telemetry::sent(queue, &sent, begun.elapsed());
        sent
    }
}

fn send_all(
    writer: &mut Writer<'_>,
    queue: usize,
    outgoing: &[Result<Outgoing, String>],
    bodies: &Bodies,
) -> rusqlite::Result<Vec<Result<Sent, PortError>>> {
    let mut placing = Placing::new(bodies);
    let mut answers = Vec::with_capacity(outgoing.len());
    for message in outgoing {
        answers.push(match message {
            Ok(message) => Ok(message.send(writer, queue, &mut placing)?),
            Err(invalid) => Err(PortError::invalid(invalid.clone())),
        });
    }
    placing.finish(writer)?;
    Ok(answers)
}

#[async_trait]
impl Receiver for Store {
    async fn receive(&self, queue: &QueueName, ask: Ask) -> Result<Vec<Received>, PortError> {
        let (reply, answer) = oneshot::channel();
        let wait = ask.wait;
        let mut pending = Pending { store: self, answer };
        self.engine().send(Op::Receive(Waiter { queue: queue.clone(), ask, reply })).await?;
        let taken = if wait.is_zero() {
            (&mut pending.answer).await
        } else {
            tokio::select! {
                biased;
                answer = &mut pending.answer => answer,
                () = self.clock().sleep(wait) => {
                    pending.answer.close();
                    pending.answer.try_recv().or(Ok(Ok(Vec::new())))
                }
            }
        };
        let taken = taken.unwrap_or_else(|_| Err(crate::engine::closed()))?;
        let claims: Vec<_> = taken.iter().map(|taken| taken.claim).collect();
        let received = taken.into_iter().map(received).collect::<Result<Vec<_>, _>>();
        if received.is_err() {
            self.take_back(claims);
        }
        received
    }

    async fn complete(&self, queue: &QueueName, receipts: &[Receipt]) -> Vec<Result<(), PortError>> {
        let (queue, count) = (queue.clone(), receipts.len());
        let claims: Vec<_> = receipts.iter().map(Claim::parse).collect();
        let done = self
            .engine()
            .write(count * 64, move |writer| {
                let queue = match writer.state.queue(&queue) {
                    Ok(queue) => queue,
                    Err(error) => return Ok(repeat(count, &error)),
                };
                let mut answers = Vec::with_capacity(count);
                for claim in claims {
                    let held = claim.and_then(|claim| Ok((claim, writer.held(queue, claim)?)));
                    answers.push(match held {
                        Ok((claim, held)) => Ok(writer.complete(claim, held)?),
                        Err(error) => Err(error),
                    });
                }
                Ok(answers)
            })
            .await;
        done.unwrap_or_else(|error| repeat(count, &error))
    }

    async fn abandon(&self, queue: &QueueName, receipt: &Receipt, how: Abandon) -> Result<(), PortError> {
        self.settle(queue, receipt, move |writer, queue, claim, held| {
            writer.give_back(queue, claim, held, (millis_of(how.after), how.failed.as_deref()))
        })
        .await
    }

    async fn dead_letter(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        reason: &str,
        error: &str,
    ) -> Result<(), PortError> {
        let (reason, error) = (reason.to_owned(), error.to_owned());
        self.settle(queue, receipt, move |writer, queue, claim, held| {
            // A handler was on it: that was an attempt.
            let held = Held { attempts: held.attempts + 1, ..held };
            writer.fail_for_good(queue, claim, held, (&reason, &error))
        })
        .await
    }

    async fn renew(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        visibility: std::time::Duration,
    ) -> Result<Timestamp, PortError> {
        let visibility = millis_of(visibility);
        self.settle(queue, receipt, move |writer, _, claim, _| {
            let expires = writer.now.saturating_add(visibility);
            writer.state.change_hold(claim.hold, |hold| hold.expires = expires);
            Ok(time(expires))
        })
        .await
    }
}

#[async_trait]
impl QueueAdmin for Store {
    async fn list(&self) -> Result<Vec<QueueName>, PortError> {
        self.engine()
            .look(|_, state, _| {
                let names = state.queues.iter().map(|queue| queue.name.clone());
                let mut names: Vec<_> = names.filter(|name| !name.is_dead_letters()).collect();
                names.sort();
                Ok(names)
            })
            .await
    }

    async fn stats(&self, queue: &QueueName) -> Result<QueueStats, PortError> {
        let queue = queue.clone();
        self.engine().look(move |conn, state, _| stats::of(conn, state, &queue)).await?
    }

    async fn peek(
        &self,
        queue: &QueueName,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<Vec<Peeked>, PortError> {
        let after = after.map_or(Ok(0), parse_id)?;
        let queue = queue.clone();
        let find =
            move |_: &_, state: &mut State, _| Ok(state.queue(&queue).map(|queue| state.queues[queue].id));
        let queue = self.engine().look(find).await??;
        let rows = self
            .readers()
            .read(move |conn| crate::messages::of_queue(conn, queue, after, limit.min(10_000)))
            .await?;
        rows.into_iter().map(|(row, held)| peeked(row, held)).collect()
    }

    async fn purge(&self, queue: &QueueName, which: Selection) -> Result<u64, PortError> {
        purge::purge(self.engine(), queue, which).await
    }

    async fn control(&self, queue: &QueueName, what: Control) -> Result<(), PortError> {
        command::control(self.engine(), queue, what).await
    }
}

impl Store {
    /// Does something to a message whose receipt still counts.
    async fn settle<T: Send + 'static>(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        how: impl FnOnce(&mut Writer<'_>, usize, Claim, Held) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        let claim = Claim::parse(receipt)?;
        let queue = queue.clone();
        self.engine()
            .write(256, move |writer| {
                let held =
                    writer.state.queue(&queue).and_then(|queue| Ok((queue, writer.held(queue, claim)?)));
                match held {
                    Ok((queue, held)) => Ok(Ok(how(writer, queue, claim, held)?)),
                    Err(error) => Ok(Err(error)),
                }
            })
            .await?
    }

    /// Gives back what was handed out and never arrived.
    pub(crate) fn give_back(&self, received: &[Received]) {
        let claims: Vec<_> =
            received.iter().filter_map(|message| Claim::parse(&message.receipt).ok()).collect();
        if !claims.is_empty() {
            self.take_back(claims);
        }
    }

    /// Gives back what its receiver never saw.
    pub(crate) fn take_back(&self, claims: Vec<Claim>) {
        let back = Op::Look(Box::new(move |conn, state, now| state.take_back(conn, claims.into_iter(), now)));
        // If the engine is too busy, they come back when their time runs out.
        let _ = self.engine().try_send(back);
    }
}

/// An answer that is waited for. When nobody waits any more, what it holds is given back.
struct Pending<'a> {
    store: &'a Store,
    answer: oneshot::Receiver<Result<Vec<Taken>, PortError>>,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.answer.close();
        if let Ok(Ok(taken)) = self.answer.try_recv() {
            self.store.take_back(taken.iter().map(|taken| taken.claim).collect());
        }
    }
}

/// One error for each of a call's parts.
pub(crate) fn repeat<T>(count: usize, error: &PortError) -> Vec<Result<T, PortError>> {
    (0..count).map(|_| Err(PortError::new(error.kind, error.to_string()))).collect()
}

/// The row's number in a message's name.
pub(crate) fn parse_id(id: &MessageId) -> Result<i64, PortError> {
    let wrong = |_| PortError::invalid(format!("`{}` is no message's id: it is a number", id.0));
    id.0.parse().map_err(wrong)
}

fn received(taken: Taken) -> Result<Received, PortError> {
    let Taken { row, session, claim, expires } = taken;
    Ok(Received {
        id: MessageId(row.id.to_string()),
        receipt: claim.to_receipt(),
        attempt: row.attempts + 1,
        enqueued: time(row.enqueued_at),
        visible_at: time(expires),
        session: session.map(Session::from_key),
        attributes: decode_attributes(row.attributes.as_deref()),
        body: body(&row)?,
        correlation: row.correlation,
    })
}

fn peeked(row: StoredRow, held: bool) -> Result<Peeked, PortError> {
    Ok(Peeked {
        id: MessageId(row.id.to_string()),
        attempts: row.attempts,
        enqueued: time(row.enqueued_at),
        session: row.session.clone().map(Session::from_key),
        attributes: decode_attributes(row.attributes.as_deref()),
        body: body(&row)?,
        correlation: row.correlation,
        held,
    })
}

fn body(row: &StoredRow) -> Result<Bytes, PortError> {
    let shared = row.packed.as_ref().map_or(Ok(Bytes::new()), |packed| packed.unpack())?;
    Ok(Body { head: row.head.clone().into(), shared, tail: row.tail.clone().into() }.to_bytes())
}
