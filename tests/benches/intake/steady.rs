//! A steady load: requests leave by the clock, whether or not earlier ones were answered, and latency counts from when
//! a request should have left.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use pointsman_tests::delivery_id;

/// What was measured.
pub struct Steady {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// Sends `per_second` over `connections` for `time`.
pub fn run(
    url: &str,
    body: &[u8],
    signature: &str,
    connections: usize,
    per_second: f64,
    time: Duration,
) -> Steady {
    let address = url.trim_start_matches("http://").to_owned();
    let sender = Arc::new(Sender {
        address,
        body: Bytes::copy_from_slice(body),
        signature: signature.to_owned(),
        started: Instant::now(),
        per_second,
        time,
        next: AtomicU64::new(0),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut latencies: Vec<Duration> = runtime.block_on(async {
        let tasks: Vec<_> =
            (0..connections).map(|_| tokio::spawn(Arc::clone(&sender).connection())).collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.expect("a connection's task ends"));
        }
        all
    });
    latencies.sort_unstable();
    let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    Steady { per_second: latencies.len() as f64 / time.as_secs_f64(), p50_ms: at(0.5), p99_ms: at(0.99) }
}

struct Sender {
    address: String,
    body: Bytes,
    signature: String,
    started: Instant,
    per_second: f64,
    time: Duration,
    next: AtomicU64,
}

impl Sender {
    async fn connection(self: Arc<Self>) -> Vec<Duration> {
        let stream = tokio::net::TcpStream::connect(&self.address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a TCP connection");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        let driver = tokio::spawn(connection);
        let mut latencies = Vec::new();
        loop {
            let nth = self.next.fetch_add(1, Ordering::Relaxed);
            let due = Duration::from_secs_f64(nth as f64 / self.per_second);
            if due > self.time {
                break;
            }
            tokio::time::sleep_until((self.started + due).into()).await;
            let answer = sender.send_request(self.request(nth)).await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::ACCEPTED);
            let mut body = answer.into_body();
            while http_body_util::BodyExt::frame(&mut body).await.is_some() {}
            latencies.push(self.started.elapsed() - due);
        }
        driver.abort();
        latencies
    }

    fn request(&self, nth: u64) -> Request<Full<Bytes>> {
        Request::post("/webhooks/github")
            .header("host", &self.address)
            .header("content-type", "application/json")
            .header("x-github-event", "pull_request")
            .header("x-github-hook-id", "1")
            .header("x-github-delivery", delivery_id(jiff::Timestamp::now(), nth as u32))
            .header("x-hub-signature-256", &self.signature)
            .body(Full::new(self.body.clone()))
            .expect("a valid request")
    }
}
