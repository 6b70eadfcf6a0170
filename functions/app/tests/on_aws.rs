//! The real `pointsman` on what is deployed: LocalStack for SQS, moto for S3, DynamoDB and Secrets Manager.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "on_aws/cloud.rs"]
mod cloud;

use std::{env, net::Ipv4Addr, path::Path, sync::Arc};

use cloud::Cloud;
use hmac::{Hmac, KeyInit as _, Mac as _};
use pointsman_aws::{Connection, DynamoDb, S3, SecretsManager, Sqs, inline};
use pointsman_core::{
    breaker::Breakers, config::FILE, outcome::Outcome, pipeline::Request, rules::Rules, stepwise::Stepwise,
};
use pointsman_env::{Loader, SystemClock};
use pointsman_intake::{Intake, Ports, handle};
use serde_json::Value;

const CONFIG: &str = r#"
backend: aws
sources: { github: { secrets: ["aws-sm:stack/webhook-secret"] } }
subscriptions:
  - { name: bot, events: ["issues.*"] }
  - { name: logs, events: [push], session: none }
queues: { bot: { max_deliveries: 1 } }
"#;

const SECRET: &str = "it is kept in Secrets Manager";
/// More of one session than SQS shows at once.
const ISSUES: usize = 12;

fn id(number: usize) -> String {
    format!("{number:08}-1111-4111-8111-111111111111")
}

/// What GitHub sends: edits of one issue, then a push.
fn deliveries() -> Vec<(&'static str, String)> {
    let issue = |at: usize| {
        format!(
            r#"{{"action":"edited","at":{at},"issue":{{"number":7}},"repository":{{"full_name":"acme/web"}}}}"#
        )
    };
    let push = r#"{"ref":"refs/heads/main","repository":{"full_name":"acme/web"}}"#.to_owned();
    let issues = (0..ISSUES).map(|at| ("issues", issue(at)));
    issues.chain([("push", push)]).collect()
}

/// As the intake function: it has its places from the environment, and its secret from Secrets Manager.
async fn intake() {
    let loaded = Loader::default().load().await.unwrap();
    let places = loaded.config.aws_places().unwrap();
    let (connection, clock) = (Connection::from_environment().await, Arc::new(SystemClock));
    let records = Arc::new(DynamoDb::new(&connection, places.table, clock.clone()));
    let archive = Arc::new(S3::new(&connection, places.bucket));
    let queue = Arc::new(Sqs::new(&connection, places.prefix, records.clone(), clock.clone()));
    let secrets = SecretsManager::new(&connection, clock.clone(), Arc::new(loaded.secrets.clone()));
    let rules = Rules::load(&loaded.config, &secrets).await.unwrap();
    let breakers = Breakers::default();
    let ledger = Stepwise { archive: archive.clone(), queue, records, clock: clock.clone(), breakers };
    let ports = Ports { ledger: Arc::new(ledger), archive, clock, inline: inline() };
    let intake = Intake::new(ports, rules);
    for (number, (event, body)) in deliveries().into_iter().enumerate() {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("x-github-event", event.to_owned()),
            ("x-github-delivery", id(number)),
            ("x-hub-signature-256", format!("sha256={}", hex::encode(mac.finalize().into_bytes()))),
        ];
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let peer = Ipv4Addr::LOCALHOST.into();
        let request = Request { source: "github".into(), headers, body: body.into(), peer };
        let outcome = handle(request, &intake).await;
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    }
}

/// Of each JSON line.
fn told(lines: &str, pointer: &str) -> Vec<String> {
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| line.pointer(pointer).map_or("-".into(), ToString::to_string)).collect()
}

fn length(rows: &Value) -> usize {
    rows.as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deployed_is_looked_at_received_retried_replayed_and_erased() {
    // Run again by itself, as the intake function: a test must not change its own environment.
    if Path::new(FILE).exists() {
        return intake().await;
    }
    let cloud = Cloud::start(CONFIG);
    cloud.deploy(SECRET).await;
    cloud.queue("bot", true).await;
    let told = cloud.fails(&["doctor"]);
    assert!(told.contains("there is no queue `logs` on SQS") && told.contains("a standard queue"), "{told}");
    cloud.queue("logs", false).await;
    cloud.ok(&["doctor"]);
    cloud.ok(&["config", "check"]);
    let child = cloud
        .command(env::current_exe().unwrap())
        .args(["--exact", "what_is_deployed_is_looked_at_received_retried_replayed_and_erased"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");

    looked_at(&cloud);
    died_and_retried(&cloud);
    replayed(&cloud);
    erased(&cloud);
}

fn looked_at(cloud: &Cloud) {
    let queues = cloud.json(&["queues"]);
    let figures: Vec<_> = queues
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["queue"].to_string(), row["depth"].to_string()))
        .collect();
    assert_eq!(figures, [("\"bot\"".into(), ISSUES.to_string()), ("\"logs\"".into(), "1".into())]);
    assert_eq!(length(&cloud.json(&["events"])), ISSUES + 1);
    let shown = cloud.json(&["show", &id(0)]);
    let shown = &shown[0];
    assert_eq!(shown["sent"][0]["queue"], "bot", "{shown}");
    assert!(shown["sent"][0]["state"].to_string().contains("still waiting"), "{shown}");
    let refused = cloud.fails(&["subscriptions", "pause", "bot"]);
    assert!(refused.contains("update-event-source-mapping"), "{refused}");
    assert!(cloud.ok(&["subscriptions", "list"]).contains("ok"));
    assert!(cloud.ok(&["recover"]).contains("nothing to do"));
}

fn died_and_retried(cloud: &Cloud) {
    cloud.ok(&["receive", "bot", "--exec", "exit 1"]);
    let dead = cloud.json(&["dead-letters"]);
    assert_eq!((&dead[0]["queue"], &dead[0]["reason"]), (&"bot".into(), &"failed".into()), "{dead}");
    let unseen = cloud.log(&["dead-letters", "bot"]);
    assert!(unseen.contains("`bot` has 2 more dead letters"), "{unseen}");
    let letters = cloud.json(&["dead-letters", "bot"]);
    let shown = cloud.json(&["dead-letters", "bot", "show", letters[0]["id"].as_str().unwrap()]);
    assert!(shown.to_string().contains("acme/web"), "{shown}");
    let retried = cloud.json(&["dead-letters", "bot", "retry", "--all"]);
    assert_eq!(retried["retried"], ISSUES, "also those that SQS did not show at first");
    let events = cloud.ok(&["receive", "bot"]);
    let order: Vec<_> = (0..ISSUES).map(|at| at.to_string()).collect();
    assert_eq!(told(&events, "/data/at"), order);
    assert!(told(&events, "/cause").iter().all(|cause| cause == "\"retried\""), "{events}");
    assert_eq!(length(&cloud.json(&["dead-letters"])), 0);
}

fn replayed(cloud: &Cloud) {
    assert_eq!(told(&cloud.ok(&["receive", "logs"]), "/data/ref"), ["\"refs/heads/main\""]);
    let push = id(ISSUES);
    cloud.ok(&["replay", "--delivery", &push, "--to", "logs", "--apply"]);
    assert_eq!(told(&cloud.ok(&["receive", "logs"]), "/cause"), ["\"replayed\""]);
}

fn erased(cloud: &Cloud) {
    let told = cloud.ok(&["erase", "--repo", "acme/web", "--apply", "--yes"]);
    assert!(told.contains("2 queues show what waits to receivers alone"), "{told}");
    assert_eq!(length(&cloud.json(&["events"])), 0);
}
