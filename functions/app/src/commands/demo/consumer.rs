//! A consumer as bots are: takes what it gets, fails once at the first event, and sees it again before its followers.

use std::{collections::HashMap, time::Duration};

use anyhow::{Result, anyhow};
use pointsman_core::{
    event::Envelope,
    port::{Abandon, Ask, QueueAdmin, QueueName, Received, Receiver},
};
use serde::Serialize;

/// What one queue's consumer saw.
#[derive(Debug, Serialize)]
pub struct Reception {
    /// The queue.
    pub queue: String,
    /// In order of reception.
    pub events: Vec<Seen>,
    /// What is left in the queue afterwards.
    pub left: u64,
}

/// One event, once handed over.
#[derive(Debug, Serialize)]
pub struct Seen {
    /// The delivery's id.
    pub id: String,
    /// The event's type.
    pub r#type: String,
    /// Its session in this queue; none where the subscription keeps no order.
    pub session: Option<String>,
    /// Which try this was.
    pub attempt: u32,
    /// Whether the consumer was done with it.
    pub completed: bool,
    #[serde(skip)]
    data: Vec<u8>,
}

/// Empties a queue; of one that keeps order, the very first event fails once.
pub async fn receive(receiver: &dyn Receiver, admin: &dyn QueueAdmin, queue: &str) -> Result<Reception> {
    let name: QueueName = queue.parse().map_err(|error: String| anyhow!(error))?;
    let mut events: Vec<Seen> = Vec::new();
    loop {
        let ask = Ask { max: 1, wait: Duration::ZERO, visibility: None, session: None, sessions: None };
        let Some(message) = receiver.receive(&name, ask).await?.pop() else { break };
        let completed = !(events.is_empty() && message.session.is_some());
        events.push(Seen::new(&message, completed)?);
        if completed {
            receiver.complete(&name, &[message.receipt]).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        } else {
            let failed = Abandon::failed("the demo's consumer fails once", Duration::ZERO);
            receiver.abandon(&name, &message.receipt, failed).await?;
        }
    }
    let stats = admin.stats(&name).await?;
    Ok(Reception {
        queue: queue.into(),
        events,
        left: stats.depth + stats.in_flight + stats.delayed + stats.dead,
    })
}

impl Seen {
    fn new(message: &Received, completed: bool) -> Result<Self> {
        let envelope = Envelope::read(&message.body)?;
        let text = |name: &str| envelope.attribute(name).unwrap_or_default();
        Ok(Self {
            id: text("id"),
            r#type: text("type"),
            session: message.session.as_ref().map(ToString::to_string),
            attempt: message.attempt,
            completed,
            data: envelope.data().unwrap_or_default().into(),
        })
    }
}

impl Reception {
    /// What is not as it must be: each expected event completed once, payload untouched, sessions in order, the failed
    /// one again before its followers.
    pub fn differs(&self, expected: &[(String, &'static [u8])]) -> Vec<String> {
        let mut wrong = Vec::new();
        let completed: Vec<&Seen> = self.events.iter().filter(|seen| seen.completed).collect();
        if completed.len() != expected.len() || self.left != 0 {
            wrong.push(format!(
                "{}: {} completed, {} expected, {} left",
                self.queue,
                completed.len(),
                expected.len(),
                self.left
            ));
        }
        let place = |id: &str| expected.iter().position(|(expected, _)| expected == id);
        let mut last: HashMap<&Option<String>, usize> = HashMap::new();
        for seen in completed {
            let Some(at) = place(&seen.id) else {
                wrong.push(format!("{}: {} should not be there", self.queue, seen.id));
                continue;
            };
            if seen.data != expected[at].1 {
                wrong.push(format!("{}: the payload of {} changed", self.queue, seen.id));
            }
            if seen.session.is_some() && last.insert(&seen.session, at).is_some_and(|before| before >= at) {
                wrong.push(format!("{}: {} came out of order", self.queue, seen.id));
            }
        }
        if let Some(failed) = self.events.first() {
            let again = self.events[1..].iter().find(|seen| seen.session == failed.session);
            if failed.session.is_some()
                && again.is_none_or(|again| again.id != failed.id || again.attempt != 2)
            {
                wrong.push(format!("{}: {} did not come again before its followers", self.queue, failed.id));
            }
        }
        wrong
    }
}
