//! The scene's consumers, as bots in another process: most of what they get goes well, some of it later, little of it never.

use std::{path::Path, sync::Arc, time::Duration};

use pointsman_core::{
    outcome::{Outcome, Reason, Rejection},
    port::{PortError, Received},
};
use pointsman_embedded::Ports;
use pointsman_env::SystemClock;
use pointsman_host_worker::Worker;
use tokio::{runtime::Runtime, time::sleep};

use crate::load::consumer::remote;

/// How a queue's consumer does.
struct Manner {
    queue: &'static str,
    /// Sessions at a time.
    concurrency: usize,
    /// How long an event takes.
    takes: Duration,
    /// Of a hundred events, how many come again later, and how many are refused.
    of_hundred: (u32, u32),
}

const MANNERS: [Manner; 4] = [
    Manner { queue: "audit", concurrency: 6, takes: Duration::from_millis(90), of_hundred: (0, 0) },
    Manner { queue: "triage", concurrency: 8, takes: Duration::from_millis(60), of_hundred: (9, 3) },
    Manner { queue: "deploys", concurrency: 4, takes: Duration::from_millis(200), of_hundred: (0, 0) },
    Manner { queue: "billing", concurrency: 4, takes: Duration::from_millis(30), of_hundred: (0, 60) },
];
/// When what comes again does.
const LATER: Duration = Duration::from_secs(4);

/// Each at work on the store in `data` for as long as the runtime lives.
pub fn start(runtime: &Runtime, data: &Path) {
    for manner in &MANNERS {
        let ports = runtime.block_on(remote(data, "a consumer of the scene"));
        runtime.spawn(consume(ports, manner));
    }
}

async fn consume(ports: Ports, manner: &'static Manner) {
    let queue = manner.queue.parse().expect("a queue's name");
    let mut worker = Worker::new(ports.receiver, Arc::new(SystemClock), queue);
    worker.concurrency = manner.concurrency;
    let handler = move |message: Received| async move {
        sleep(manner.takes.mul_f64(0.5 + fastrand::f64())).await;
        let (later, never) = manner.of_hundred;
        match fastrand::u32(0..100) {
            dice if dice < later => {
                Ok(Outcome::Retry { after: LATER, cause: PortError::unavailable("the tracker is away") })
            }
            dice if dice < later + never && message.attempt == 1 => {
                Ok(Outcome::Rejected(Rejection::new(Reason::Malformed, "of a kind that is not billed")))
            }
            _ => Ok(Outcome::Done(())),
        }
    };
    if let Err(error) = worker.run(handler, std::future::pending()).await {
        // The server has ended: so does the scene.
        eprintln!("the consumer of {}: {error}", manner.queue);
    }
}
