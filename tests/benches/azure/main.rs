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
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use cloud::{Cloud, until};
use floor::Floor;
use jiff::Timestamp;
use pointsman_env::SystemClock;
use pointsman_fake_github::{FakeGithub, PRIVATE_KEY, serve};
use pointsman_tests::{
    delivery_id, fixtures,
    founded::{REPO, founded},
    load::wire::Wire,
    measure::{median, ms, on_processor, peak_mb, within},
    sign,
};

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
const REFUSED: [u16; 2] = [401, 429];

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
    let mut wire = Wire::open(&handler.address().to_string()).await.unwrap();
    let (mut whole, mut alone, mut costs, mut refused) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for nth in 0..COLD + WARM {
        let before = on_processor(handler.pid());
        let took = post(&mut wire, &body, nth, &sign(SECRET, &body), &[202]).await;
        let cost = on_processor(handler.pid()) - before;
        let services = floor.calls(nth, &body).await;
        let early = post(&mut wire, &body, nth, &sign("another", &body), &REFUSED).await;
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

/// Sends a webhook on a connection that is kept, as the host keeps its own; how long until its whole answer was there.
async fn post(wire: &mut Wire, body: &Bytes, nth: u32, signature: &str, expected: &[u16]) -> Duration {
    let head = format!(
        "POST /webhooks/github HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         x-github-event: pull_request\r\nx-github-delivery: {}\r\nx-hub-signature-256: {signature}\r\n\r\n",
        body.len(),
        delivery_id(Timestamp::now(), nth),
    );
    let begun = Instant::now();
    let reply = wire.ask(head.as_bytes(), body).await.unwrap();
    let took = begun.elapsed();
    assert!(expected.contains(&reply.status), "{reply:?}");
    took
}
