//! The packaged app: its functions are the program's, its settings are what many small sessions need.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use pointsman_fake_functions_host::{App, Encoding, FunctionsHost, Settings, Trigger};
use pointsman_fake_servicebus::broker::{self, Broker};
use pointsman_tests::{house::root, http};
use serde_json::Value;
use tempfile::TempDir;

/// What lies beside the running test: `target/{profile}/azure`.
fn program() -> PathBuf {
    let test = env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("azure");
    assert!(program.exists(), "{} is missing: cargo build -p pointsman-app --bin azure", program.display());
    program
}

/// As scripts/package-azure lays it.
fn package() -> (TempDir, PathBuf) {
    let (folder, app, _) = packed();
    (folder, app)
}

/// The same, and what the script says of it.
fn packed() -> (TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    let app = folder.path().join("azure");
    let mut script = Command::new(root().join("scripts/package-azure"));
    let packed = script.arg("x86_64").arg(program()).arg(&app).output().unwrap();
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    (folder, app, String::from_utf8(packed.stdout).unwrap())
}

fn values() -> BTreeMap<String, String> {
    let values = [
        ("POINTSMAN_AZURE_QUEUE_PREFIX", "pointsman-"),
        ("POINTSMAN_SERVICEBUS__fullyQualifiedNamespace", "127.0.0.1"),
    ];
    values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn every_function_is_there_with_the_trigger_that_its_stage_takes() {
    let (_folder, folder) = package();
    let app = App::read(&folder, &values()).unwrap();
    let queues = app.functions.iter().filter_map(|function| match &function.trigger {
        Trigger::ServiceBus { queue, sessions: true } => Some((function.name.clone(), queue.clone())),
        _ => None,
    });
    let own = ["erase", "release-automator", "release-orchestrator", "replay"];
    let own = own.map(|name| (name.to_owned(), format!("pointsman-{name}")));
    assert_eq!(queues.collect::<Vec<_>>(), own);
    let of = |wanted: &Trigger| -> Vec<&str> {
        app.functions.iter().filter(|it| it.trigger == *wanted).map(|it| it.name.as_str()).collect()
    };
    assert_eq!(of(&Trigger::Timer), ["recover", "release-orchestrator-schedule"]);
    assert_eq!(of(&Trigger::Manual), ["recover-order", "replay-order"]);
    // A route that took more would let anybody call functions by name.
    let webhooks = Trigger::Http { route: "webhooks/{source}".into(), methods: vec!["POST".into()] };
    assert_eq!(of(&webhooks), ["intake"]);
    assert_eq!(app.functions.len(), 9);
}

#[test]
fn the_glibc_that_the_program_needs_is_told_and_is_not_newer_than_this_machines() {
    let (_folder, app, told) = packed();
    let needs = told.split("(glibc ").nth(1).and_then(|rest| rest.split(')').next()).unwrap();
    let symbols = Command::new("objdump").arg("-T").arg(app.join("azure")).output().unwrap();
    let symbols = String::from_utf8(symbols.stdout).unwrap();
    let version = |text: &str| -> Vec<u32> { text.split('.').map(|part| part.parse().unwrap()).collect() };
    let asked = symbols.split("GLIBC_").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        version(&rest[..end])
    });
    assert_eq!(asked.max(), Some(version(needs)), "{told}");
    // What is deployed is linked for an older one still: the script refuses a program that is not.
    let script = fs::read_to_string(root().join("scripts/package-azure")).unwrap();
    assert!(script.contains("\nFLOOR=2.31\n"), "Debian 11's, the oldest of the plans' images");
}

#[test]
fn the_hosts_settings_are_what_many_small_sessions_need() {
    let host: Value = serde_json::from_slice(&fs::read(root().join("host.json")).unwrap()).unwrap();
    let bus = &host["extensions"]["serviceBus"];
    assert_eq!(
        (&bus["maxConcurrentSessions"], &bus["maxConcurrentCallsPerSession"]),
        (&128.into(), &1.into())
    );
    assert_eq!((&bus["sessionIdleTimeout"], &bus["prefetchCount"]), (&"00:00:01".into(), &0.into()));
    // The program counts on ten minutes (shared/hosts/azfunc/src/host.rs); a lock lasts longer than a call.
    assert_eq!(
        (&host["functionTimeout"], &bus["maxAutoLockRenewalDuration"]),
        (&"00:10:00".into(), &"00:11:00".into())
    );
    assert_eq!(host["extensionBundle"]["version"], "[4.*, 5.0.0)");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_answers_at_once_is_small_and_completes_nothing_that_it_could_not_do() {
    let (_folder, folder) = package();
    let broker = Arc::new(Broker::default());
    for queue in ["release-orchestrator", "release-automator", "replay", "erase"] {
        broker.make(&format!("pointsman-{queue}"), broker::Settings::default());
    }
    let settings = Settings { folder, values: values(), encoding: Encoding::SEEN };
    let host = FunctionsHost::start(settings, broker).await.unwrap();
    let started = host.handler.started();
    assert!(
        started < Duration::from_millis(500),
        "{started:?}, and an unoptimised program starts in far less"
    );
    let status = fs::read_to_string(format!("/proc/{}/status", host.handler.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("exec to first answer: {started:?}; peak memory:{peak}");
    // It has no configuration that names Azure's places: each function says so for itself.
    let url = format!("{}/webhooks/github", host.url);
    let answer = tokio::task::spawn_blocking(move || http::post(&url, &[], b"{}")).await.unwrap().unwrap();
    assert_eq!(answer.status, 503, "{}", answer.text());
    let (done, why) = host.tick("recover").await;
    assert!(!done && !why.is_empty(), "{why}");
    let url = format!("{}/recover", host.url);
    let outside = tokio::task::spawn_blocking(move || http::post(&url, &[], b"{}")).await.unwrap().unwrap();
    assert_eq!(outside.status, 404, "nobody outside calls functions by name");
    assert!(host.stop().await.unwrap().success());
}
