//! Consumers of the embedded store, as a bot in another process has them: each queue through the worker library.

use std::{path::Path, sync::Arc, thread, time::Duration};

use pointsman_core::{
    outcome::Outcome,
    port::{QueueName, QueueStats},
};
use pointsman_embedded::{Attached, Options, Ports, attach};
use pointsman_env::SystemClock;
use pointsman_host_worker::Worker;
use tokio::{
    runtime::Builder,
    sync::{oneshot, watch},
};

use super::facts::Facts;

/// Sessions at work at the same time, a queue: as many as it takes to keep up with half of what comes in at most.
const CONCURRENCY: usize = 64;
/// As the store is told.
const PURPOSE: &str = "a consumer under load";
/// The wait after an error that a worker does not wait out itself.
const BREATH: Duration = Duration::from_millis(100);

/// Workers on a thread of their own; dropped, they end.
pub struct Consumer {
    stop: watch::Sender<bool>,
    thread: Option<thread::JoinHandle<()>>,
    queues: &'static [&'static str],
    ports: Ports,
}

impl Consumer {
    /// Of these queues, of the server that holds the store in `data` now and of those that hold it later.
    pub async fn start(data: &Path, queues: &'static [&'static str], facts: Arc<Facts>) -> Self {
        let (stop, stopping) = watch::channel(false);
        let (data, (tell, told)) = (data.to_owned(), oneshot::channel());
        let work = move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let ports = remote(&data, PURPOSE).await;
                let own = remote(&data, PURPOSE).await;
                let _ = tell.send(own);
                let each = (0u8..)
                    .zip(queues)
                    .map(|(number, queue)| consume(&ports, (number, queue), facts.clone(), stopping.clone()));
                futures::future::join_all(each).await;
            });
        };
        let thread = thread::Builder::new().name("consumer".into()).spawn(work).expect("a thread");
        let ports = told.await.expect("the consumer reaches the server");
        Self { stop, thread: Some(thread), queues, ports }
    }

    /// Messages that wait or are held, of all queues; none where nobody answers. None may be dead.
    pub async fn waiting(&self) -> Option<u64> {
        let mut waiting = 0;
        for queue in self.queues {
            let stats = self.ports.admin.stats(&name(queue)).await.ok()?;
            let QueueStats { depth, in_flight, delayed, dead, held, .. } = stats;
            assert_eq!((dead, held), (0, 0), "{queue}: nothing that is consumed may die");
            waiting += depth + in_flight + delayed;
        }
        Some(waiting)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The store of whoever holds it. Of our own it must not be: the server could not start again.
pub(crate) async fn remote(data: &Path, purpose: &str) -> Ports {
    let options = Options::new(Arc::new(SystemClock), purpose);
    match attach(data, options).await {
        Ok(Attached::Remote(ports)) => ports,
        Ok(Attached::Own(_)) => panic!("no server holds the store in {}", data.display()),
        Err(error) => panic!("{error}"),
    }
}

fn name(queue: &str) -> QueueName {
    queue.parse().expect("a queue's name")
}

async fn consume(
    ports: &Ports,
    (number, queue): (u8, &str),
    facts: Arc<Facts>,
    stopping: watch::Receiver<bool>,
) {
    while !*stopping.borrow() {
        let mut worker = Worker::new(ports.receiver.clone(), Arc::new(SystemClock), name(queue));
        worker.concurrency = CONCURRENCY;
        let (facts, mut stop) = (facts.clone(), stopping.clone());
        let handler = move |message| {
            facts.came(number, &message);
            async { Ok(Outcome::Done(())) }
        };
        let stop = async move { drop(stop.wait_for(|stop| *stop).await) };
        if let Err(error) = worker.run(handler, stop).await {
            eprintln!("the consumer of {queue}: {error}");
            tokio::time::sleep(BREATH).await;
        }
    }
}
