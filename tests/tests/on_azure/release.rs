//! A release through intake, orchestrator and automator, the program killed on the way.

use std::{sync::Arc, time::Duration};

use pointsman_env::SystemClock;
use pointsman_fake_github::{Delivery, FakeGithub, PRIVATE_KEY, serve};
use pointsman_tests::{
    founded::{REPO, founded},
    traces::{SENT, Traces},
};
use serde_json::Value;

use crate::cloud::{Cloud, until};

/// GitHub asks for a second between two writes: some 20 s, on a busy machine more.
const PATIENCE: Duration = Duration::from_secs(150);

async fn deliver(cloud: &Cloud, waiting: Vec<Delivery>) -> usize {
    let count = waiting.len();
    for delivery in waiting {
        let mut headers: Vec<(String, String)> =
            delivery.headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        headers.push(("traceparent".to_owned(), SENT.to_owned()));
        let (status, told) = cloud.post(headers, delivery.body.to_vec()).await;
        assert_eq!(status, 202, "{} {told}", delivery.event);
    }
    count
}

fn list<'a>(snapshot: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    snapshot[name].as_array().unwrap().iter()
}

fn is_ours(pull: &Value) -> bool {
    pull["head"]["ref"].as_str().unwrap().starts_with("pointsman--release--")
}

/// The person's part: merges what is proposed, when it is finished. Whether the release is out.
fn merged(github: &FakeGithub) -> bool {
    let snapshot = github.snapshot(REPO);
    let open: Vec<_> =
        list(&snapshot, "pulls").filter(|pull| pull["state"] == "open" && is_ours(pull)).collect();
    assert!(open.len() <= 1, "{open:#?}");
    if let Some(pull) = open.first()
        && pull["labels"][0]["name"] == "release: pending"
        && pull["body"].as_str().unwrap().contains("* greet (")
    {
        assert_eq!(pull["title"], "chore(main): release 1.1.0");
        github.person("alice").merge(REPO, pull["number"].as_u64().unwrap(), "merge");
    }
    list(&snapshot, "releases").any(|release| release["draft"] == false)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_goes_through_both_stages_though_the_program_is_killed() {
    let github = FakeGithub::new(Arc::new(SystemClock), 1);
    let traces = Traces::watch(&github);
    let _door = serve(github.clone()).await.unwrap();
    let app = founded(&github);
    let config = format!(
        "sources:\n  github:\n    secrets: ['env:HOOK_SECRET']\n    \
         app: {{ id: {}, private_key: 'env:APP_KEY', base_url: '{}' }}\nrelease: {{ enabled: true }}\n",
        app.id,
        github.base_url()
    );
    let cloud = Cloud::start(&config, &[("HOOK_SECRET", &app.secret), ("APP_KEY", &PRIVATE_KEY)]).await;
    // Its push is too large for a queue, and there is no other that would tell of it.
    let much = format!("feat: greet\n\n{}", "It has much to say. ".repeat(5_000));
    github.person("alice").commit(REPO, "main", &much, &[("greet.js", Some("hello\n"))]);
    let mut killed = false;
    until("a release", PATIENCE, async || {
        deliver(&cloud, github.take_deliveries()).await;
        let proposed = list(&github.snapshot(REPO), "pulls").any(is_ours);
        if proposed && !killed {
            killed = true;
            cloud.host.handler.crash().await.unwrap();
        }
        merged(&github)
    })
    .await;
    let mut still = 0;
    until("nothing to do", PATIENCE, async || {
        let carried = deliver(&cloud, github.take_deliveries()).await;
        still = if carried == 0 && cloud.waiting() == 0 { still + 1 } else { 0 };
        still > 2
    })
    .await;
    let end = github.snapshot(REPO);
    let tags = end["refs"].as_object().unwrap().keys().filter(|name| name.starts_with("refs/tags/"));
    assert_eq!(tags.collect::<Vec<_>>(), ["refs/tags/v1.0.0", "refs/tags/v1.1.0"]);
    assert_eq!(end["refs"]["refs/tags/v1.1.0"], end["refs"]["refs/heads/main"]);
    assert_eq!(list(&end, "pulls").filter(|pull| is_ours(pull)).count(), 1);
    assert_eq!(github.violations(), Vec::<String>::new());
    traces.assert_followed();
    assert!(killed && cloud.host.stop().await.unwrap().success());
}
