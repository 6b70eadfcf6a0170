//! Eight producers and eight consumers on one queue.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use pointsman_core::port::{Ask, Message, Queue as _, QueueName, Received, Receiver as _};
use pointsman_embedded::Store;

const SESSIONS: usize = 1_000;
const PRODUCERS: usize = 8;
const CONSUMERS: usize = 8;

/// Megabytes of this process that are in memory.
pub fn resident_mb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap_or(0) / 1024
}

/// Figures as another process printed them.
pub struct Figures;

impl Figures {
    /// The number after this name.
    pub fn read(text: &str, name: &str) -> f64 {
        let after = text.split(name).nth(1).unwrap_or("").trim_start_matches(':').trim_start();
        after.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(f64::NAN)
    }
}

/// What is to be driven through a queue.
#[derive(Clone)]
pub struct Load {
    pub store: Store,
    pub queue: QueueName,
    pub messages: usize,
}

impl Load {
    /// Sends, receives and completes all as fast as it goes; messages a second.
    pub async fn throughput(&self) -> f64 {
        let start = Instant::now();
        let consumers = self.consumers(self.messages);
        let each = self.messages / PRODUCERS;
        let producers = (0..PRODUCERS).map(|producer| {
            let load = self.clone();
            tokio::spawn(async move {
                let mut left = each;
                while left > 0 {
                    let batch = fastrand::usize(1..=10).min(left);
                    load.send(batch, start, producer).await;
                    left -= batch;
                }
            })
        });
        for producer in producers.collect::<Vec<_>>() {
            producer.await.expect("a producer that ends");
        }
        consumers.await.expect("consumers that end");
        self.messages as f64 / start.elapsed().as_secs_f64()
    }

    /// Sends at a steady rate; milliseconds from when a message was due to be sent until it was completed, p50 and p99.
    pub async fn latency(&self, rate: usize, duration: Duration) -> (f64, f64) {
        let start = Instant::now();
        let batch = 5;
        let every = Duration::from_secs_f64((batch * PRODUCERS) as f64 / rate as f64);
        let rounds = (duration.as_secs_f64() / every.as_secs_f64()) as usize;
        let consumers = self.consumers(rounds * batch * PRODUCERS);
        let producers = (0..PRODUCERS).map(|producer| {
            let load = self.clone();
            let begin = start + every.mul_f64(producer as f64 / PRODUCERS as f64);
            tokio::spawn(async move {
                for round in 0..rounds {
                    let due = begin + every * u32::try_from(round).expect("a small number");
                    tokio::time::sleep_until(due.into()).await;
                    load.send(batch, start, producer).await;
                }
            })
        });
        for producer in producers.collect::<Vec<_>>() {
            producer.await.expect("a producer that ends");
        }
        let mut times = consumers.await.expect("consumers that end");
        times.sort_by(f64::total_cmp);
        (times[times.len() / 2], times[times.len() * 99 / 100])
    }

    async fn send(&self, batch: usize, start: Instant, producer: usize) {
        let sent_at = u64::try_from(start.elapsed().as_nanos()).expect("a short run");
        let message = |_| {
            let mut body = vec![b'y'; 1024];
            body[..8].copy_from_slice(&sent_at.to_be_bytes());
            let session = fastrand::usize(..SESSIONS / PRODUCERS) * PRODUCERS + producer;
            Message {
                body: body.into(),
                session: Some(format!("acme/service/pull_request/{session}").as_str().into()),
                dedup_id: format!("{:032x}", fastrand::u128(..)),
                ..Message::default()
            }
        };
        for sent in self.store.send(&self.queue, (0..batch).map(message).collect()).await {
            sent.expect("room on the disk");
        }
    }

    /// Receives and completes until all are; how long each was on its way, in ms.
    fn consumers(&self, messages: usize) -> tokio::task::JoinHandle<Vec<f64>> {
        let (load, start) = (self.clone(), Instant::now());
        let left = Arc::new(AtomicUsize::new(messages));
        tokio::spawn(async move {
            let consumers: Vec<_> =
                (0..CONSUMERS).map(|_| tokio::spawn(load.clone().consume(start, left.clone()))).collect();
            let mut times = Vec::new();
            for consumer in consumers {
                times.extend(consumer.await.expect("a consumer that ends"));
            }
            times
        })
    }

    async fn consume(self, start: Instant, left: Arc<AtomicUsize>) -> Vec<f64> {
        let mut times = Vec::new();
        while left.load(Ordering::Relaxed) > 0 {
            let max = fastrand::usize(10..=32);
            let ask = Ask {
                max,
                wait: Duration::from_millis(100),
                visibility: None,
                session: None,
                sessions: None,
            };
            let received = self.store.receive(&self.queue, ask).await.expect("a queue");
            let receipts: Vec<_> = received.iter().map(|message| message.receipt.clone()).collect();
            for done in self.store.complete(&self.queue, &receipts).await {
                done.expect("a receipt that counts");
            }
            let now = start.elapsed();
            times.extend(received.iter().map(|message| millis_on_its_way(message, now)));
            let done = received.len().min(left.load(Ordering::Relaxed));
            left.fetch_sub(done, Ordering::Relaxed);
        }
        times
    }
}

fn millis_on_its_way(message: &Received, now: Duration) -> f64 {
    let sent = message.body[..8].try_into().map(u64::from_be_bytes).unwrap_or_default();
    now.saturating_sub(Duration::from_nanos(sent)).as_secs_f64() * 1e3
}
