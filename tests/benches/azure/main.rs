//! The function app's program on Azure, the release one: its start, its memory with every stage in use, and what it adds to a
//! warm webhook's way beyond what the services themselves take, over the fake Functions host, the fake Service Bus and
//! Azurite by TLS.
//!
//! `scripts/bench azure` builds it and starts this.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]

#[expect(dead_code, reason = "what the scenarios on Azure ask for beyond this")]
#[path = "../../tests/on_azure/cloud.rs"]
mod cloud;
mod floor;
#[path = "../../tests/on_azure/identity.rs"]
mod identity;

use std::{
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use cloud::{Cloud, until};
use floor::Floor;
use http::{Request, StatusCode, header::HOST};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use pointsman_env::SystemClock;
use pointsman_fake_github::{FakeGithub, PRIVATE_KEY, serve};
use pointsman_tests::{
    delivery_id, fixtures,
    founded::{REPO, founded},
    measure::{median, ms, on_processor, peak_mb, within},
    sign,
};
use tokio::net::TcpStream;

/// Starts of the program.
const STARTS: usize = 25;
/// Webhooks to one that is warm.
const WARM: u32 = 1_000;
/// Webhooks after which it is.
const COLD: u32 = 50;
/// Bytes of a payload.
const PAYLOAD: usize = 10_000;
const SECRET: &str = "a secret of the benchmark";
/// A wrong signature, and one of many.
const REFUSED: [StatusCode; 2] = [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS];

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if runtime.block_on(measured()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn measured() -> bool {
    println!("medians of {STARTS} starts and {WARM} webhooks of {PAYLOAD} bytes");
    let mut good = warm().await;
    let github = FakeGithub::new(Arc::new(SystemClock), 1);
    let _door = serve(github.clone()).await.unwrap();
    let app = founded(&github);
    let config = format!(
        "sources: {{ github: {{ secrets: ['env:HOOK_SECRET'], app: {{ id: {}, private_key: 'env:APP_KEY', base_url: '{}' }} }} }}\n\
         subscriptions: [{{ name: all, events: ['*'] }}]\nrelease: {{ enabled: true }}\n",
        app.id,
        github.base_url()
    );
    let cloud = Cloud::start(&config, &[("HOOK_SECRET", &app.secret), ("APP_KEY", &PRIVATE_KEY)]).await;
    let handler = cloud.host.handler.clone();
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        handler.crash().await.unwrap();
        starts.push(handler.started());
    }
    // All stages: what was lost is looked for, and a push asks for a release.
    github.person("alice").commit(REPO, "main", "feat: begin", &[("begin.js", Some("hello\n"))]);
    for delivery in github.take_deliveries() {
        let headers =
            delivery.headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let (status, told) = cloud.post(headers, delivery.body.to_vec()).await;
        assert_eq!(status, 202, "{told}");
    }
    let (done, told) = cloud.host.tick("recover").await;
    assert!(done, "{told}");
    until("a release is proposed", Duration::from_secs(120), async || {
        !github.snapshot(REPO)["pulls"].as_array().unwrap().is_empty()
    })
    .await;
    good &= within("from exec to the first answer, ms", median(starts.iter().map(ms)), 50.0);
    good &= within("peak memory with all stages, MB", peak_mb(handler.pid()), 40.0);
    good
}

/// A webhook's way through the program, and beside each the four calls to services that are the floor under it.
async fn warm() -> bool {
    let config = "sources: { github: { secrets: ['env:HOOK_SECRET'] } }\nsubscriptions: [{ name: all, events: ['*'] }]\n";
    let cloud = Cloud::start(config, &[("HOOK_SECRET", SECRET)]).await;
    let handler = cloud.host.handler.clone();
    let (body, floor) = (Bytes::from(fixtures::pull_request(PAYLOAD)), Floor::of(&cloud));
    let mut door = Door::open(handler.address()).await;
    let (mut whole, mut alone, mut costs, mut refused) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for nth in 0..COLD + WARM {
        let before = on_processor(handler.pid());
        let took = door.post(&body, nth, &sign(SECRET, &body), &[StatusCode::ACCEPTED]).await;
        let cost = on_processor(handler.pid()) - before;
        let services = floor.calls(nth, &body).await;
        let early = door.post(&body, nth, &sign("another", &body), &REFUSED).await;
        if nth >= COLD {
            whole.push(took);
            alone.push(services);
            costs.push(cost);
            refused.push(early);
        }
    }
    let [whole, alone, costs, refused] =
        [whole, alone, costs, refused].map(|all: Vec<Duration>| median(all.iter().map(ms)));
    println!("warm: answered in {whole:.2} ms; its four calls to services, sent bare, take {alone:.2} ms");
    println!("warm: {costs:.2} ms on a processor, sockets and TLS in it");
    let good = within("warm: a wrong signature is told in, ms", refused, 0.5);
    within("warm: added to its four calls to services, ms", whole - alone, 0.5) && good
}

/// A connection to the program that is kept, as the host keeps its own.
struct Door {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

impl Door {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { address, sender }
    }

    /// Sends a webhook; how long until its whole answer was there.
    async fn post(&mut self, body: &Bytes, nth: u32, signature: &str, expected: &[StatusCode]) -> Duration {
        let request = Request::post("/webhooks/github")
            .header(HOST, self.address.to_string())
            .header("content-type", "application/json")
            .header("x-github-event", "pull_request")
            .header("x-github-delivery", delivery_id(Timestamp::now(), nth))
            .header("x-hub-signature-256", signature)
            .body(Full::new(body.clone()))
            .unwrap();
        let begun = Instant::now();
        self.sender.ready().await.unwrap();
        let answer = self.sender.send_request(request).await.unwrap();
        let (status, told) = (answer.status(), answer.into_body().collect().await.unwrap().to_bytes());
        let took = begun.elapsed();
        assert!(expected.contains(&status), "{status}: {}", String::from_utf8_lossy(&told));
        took
    }
}
