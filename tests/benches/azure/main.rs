//! The function app's program on Azure, the release one: its start, its memory with every stage in use, and what a warm webhook
//! costs it, over the fake Functions host, the fake Service Bus and Azurite by TLS.
//!
//! `scripts/bench azure` builds it and starts this.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]

#[expect(dead_code, reason = "what the scenarios on Azure ask for beyond this")]
#[path = "../../tests/on_azure/cloud.rs"]
mod cloud;
#[path = "../../tests/on_azure/identity.rs"]
mod identity;

use std::{process::ExitCode, sync::Arc, time::Duration};

use cloud::{Cloud, until};
use jiff::Timestamp;
use pointsman_env::SystemClock;
use pointsman_fake_github::{FakeGithub, NewApp, PRIVATE_KEY, serve};
use pointsman_github::PERMISSIONS;
use pointsman_tests::{
    delivery_id, fixtures,
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
const REPO: &str = "acme/web";

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if runtime.block_on(measured()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn measured() -> bool {
    let github = FakeGithub::new(Arc::new(SystemClock), 1);
    let _door = serve(github.clone()).await.unwrap();
    github.create_repository(REPO);
    let alice = github.person("alice");
    let app = github.create_app("pointsman", "acme", PERMISSIONS, &["push"]);
    github.install(app.id, "acme", None);
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
    let mut costs = Vec::new();
    for nth in 0..WARM {
        let before = on_processor(handler.pid());
        webhook(&cloud, &app, nth).await;
        costs.push(on_processor(handler.pid()) - before);
    }
    // The other stages too: what was lost is looked for, and a push asks for a release.
    alice.commit(REPO, "main", "feat: begin", &[("begin.js", Some("hello\n"))]);
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
    println!("medians of {STARTS} starts and {WARM} webhooks of {PAYLOAD} bytes");
    let warm = median(costs.iter().skip(COLD as usize).map(ms));
    let mut good = within("from exec to the first answer, ms", median(starts.iter().map(ms)), 50.0);
    good &= within("peak memory with all stages, MB", peak_mb(handler.pid()), 40.0);
    good &= within("warm: on a processor, sockets and TLS in it, ms", warm, 0.5);
    good
}

async fn webhook(cloud: &Cloud, app: &NewApp, nth: u32) {
    let body = fixtures::pull_request(PAYLOAD);
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("x-github-event", "pull_request".to_owned()),
        ("x-github-delivery", delivery_id(Timestamp::now(), nth)),
        ("x-github-hook-id", "7".to_owned()),
        ("x-github-hook-installation-target-type", "integration".to_owned()),
        ("x-github-hook-installation-target-id", app.id.to_string()),
        ("x-hub-signature-256", sign(&app.secret, &body)),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let (status, told) = cloud.post(headers, body).await;
    assert_eq!(status, 202, "{told}");
}
