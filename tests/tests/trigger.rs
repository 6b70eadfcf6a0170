//! The trigger suite over the embedded host: the front of `serve` on a free port, workers over the embedded queues.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{future::pending, net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use pointsman_conformance::{
    Subject, Time, TurnedClock,
    trigger::{Flags, Handler, Host, LOOSE, ORDERED, Ports, Webhooks},
};
use pointsman_core::{answer::Answer, port::QueueName};
use pointsman_host_http::{Limits, Parts, Server};
use pointsman_host_worker::Worker;
use pointsman_tests::{
    http,
    queues::{Queues, queues},
};
use tokio::sync::oneshot;

const EMBEDDED: Flags = Flags {
    // `serve` runs recover and replays as tasks of its own (functions/app/src/task.rs): nothing outside triggers them.
    runs: false,
    ..Flags::ALL
};

struct Embedded {
    queues: Queues,
    clock: Arc<TurnedClock>,
}

#[async_trait(?Send)]
impl Host for Embedded {
    async fn request(&self, request: ::http::Request<Bytes>, stage: Webhooks) -> Answer {
        let limits = Limits { body: EMBEDDED.largest_request, ..Limits::default() };
        let trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        let parts = Parts { limits, trusted_proxies, ..Parts::new("intake", move |request| stage(request)) };
        let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), parts).await.unwrap();
        let url = format!("http://{}{}", server.local_addr(), request.uri());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.serve(async { drop(stopped.await) }));
        let answer = tokio::task::spawn_blocking(move || asked(&url, &request)).await.unwrap();
        stop.send(()).unwrap();
        serving.await.unwrap();
        answer
    }

    async fn drain(&self, queue: &QueueName, stage: Handler) {
        let receiver = self.queues.receiver.clone();
        let worker = Worker { once: true, ..Worker::new(receiver, self.clock.clone(), queue.clone()) };
        let run = stage.run;
        let ended = if stage.together {
            worker.run_batches(move |turn| run(turn), pending()).await
        } else {
            worker.run(move |message| run(vec![message]), pending()).await
        };
        ended.unwrap();
    }
}

/// The answer to a request, over a connection of its own.
fn asked(url: &str, request: &::http::Request<Bytes>) -> Answer {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let headers: Vec<_> = headers.collect();
    let told = http::request(request.method().as_str(), url, &headers, request.body()).unwrap();
    let mut answer = ::http::Response::builder().status(told.status);
    for (name, value) in &told.headers {
        answer = answer.header(name, value);
    }
    answer.body(told.body).unwrap()
}

async fn embedded() -> Subject<Ports, Flags> {
    let clock = Arc::new(TurnedClock::default());
    let queues = queues(clock.clone(), &[ORDERED, LOOSE]).await;
    let (queue, receiver) = (queues.queue.clone(), queues.receiver.clone());
    let host = Arc::new(Embedded { queues, clock: clock.clone() });
    Subject {
        ports: Ports { host, queue, receiver },
        time: Time::ByHand(clock),
        capabilities: EMBEDDED,
        reopen: None,
        keep: Box::new(()),
    }
}

pointsman_conformance::trigger_suite! { cases: 33, subject: embedded }
