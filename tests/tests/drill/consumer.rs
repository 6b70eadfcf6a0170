//! Who gets the events: a real worker on each queue, that keeps what it was handed, in order.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use pointsman_conformance::TurnedClock;
use pointsman_core::{event::Envelope, outcome::Outcome, port::Received};
use pointsman_host_worker::Worker;

use crate::process::Process;

pub const QUEUES: [&str; 2] = ["consumer", "comments"];

/// One event, handed over.
#[derive(Debug, Clone)]
pub struct Seen {
    pub queue: &'static str,
    pub id: String,
    pub session: String,
    pub cause: Option<String>,
    pub enqueued: Timestamp,
}

/// All of them.
#[derive(Clone, Default)]
pub struct Consumer(Arc<Mutex<Vec<Seen>>>);

impl Consumer {
    /// Takes all that waits.
    pub async fn take(&self, process: &Process, clock: &Arc<TurnedClock>) {
        for queue in QUEUES {
            let mut worker =
                Worker::new(process.gate.store.receiver.clone(), clock.clone(), queue.parse().unwrap());
            worker.once = true;
            let seen = self.clone();
            let handler = move |received: Received| {
                seen.0.lock().unwrap().push(read(queue, &received));
                async { Ok(Outcome::Done(())) }
            };
            worker.run(handler, std::future::pending()).await.unwrap();
        }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
    }
}

fn read(queue: &'static str, received: &Received) -> Seen {
    let event = Envelope::read(&received.body).unwrap();
    Seen {
        queue,
        id: event.attribute("id").unwrap(),
        session: event.attribute("session").unwrap(),
        cause: event.attribute("cause"),
        enqueued: received.enqueued,
    }
}
