//! Every figure of core's table is written: by the real program where it can be brought to it, by the same code in this process
//! where that takes a cloud, a queue that is down, or an hour.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use pointsman_core::{
    breaker::Breakers,
    ledger::{Entry, Ledger as _},
    port::{Message, Object, PortError, Queue, QueueName, Sent},
    stepwise::Stepwise,
    telemetry::{self, ALL},
};
use pointsman_embedded::{Options, Store};
use pointsman_env::SystemClock;
use pointsman_host_azfunc::{Calls, Fault};
use pointsman_tests::{house::root, http};
use serde_json::json;

use crate::{house::House, story::merged};

/// What is wanted beside releases: a condition that fails, replays, erasure.
const MORE: &str = "subscriptions:
  - { name: bot, events: [issues] }
  - { name: odd, events: [issues], when: 'data.nothing.there == 1' }
admin: { token: 'literal:an-operator' }
retention: { erase_on_uninstall: true }
";

/// Written by code that only its own package can call: the test that asks for it.
const ELSEWHERE: [(&str, &str); 2] = [
    ("pointsman.expired", "functions/app/src/keeping/tests.rs"),
    ("pointsman.retention.failures", "functions/app/src/keeping/tests.rs"),
];

#[test]
fn every_figure_of_the_table_is_written() {
    let shown = by_the_program();
    let here = in_this_process();
    for about in ALL {
        let name = about.prometheus();
        let suffix = if about.kind == telemetry::Kind::Histogram { "_count" } else { "" };
        let is_shown = [format!("{name}{suffix} "), format!("{name}{suffix}{{")];
        let is_shown =
            shown.lines().any(|line| is_shown.iter().any(|begin| line.starts_with(begin.as_str())));
        let elsewhere = ELSEWHERE.iter().find(|(it, _)| *it == about.name);
        let elsewhere = elsewhere.is_some_and(|(name, file)| {
            std::fs::read_to_string(root().join(file)).unwrap().contains(&format!("\"{name}\""))
        });
        assert!(is_shown || here.contains(about.name) || elsewhere, "{} is never written", about.name);
        if is_shown {
            let help = format!("# HELP {name} {}", about.tells);
            assert!(shown.contains(&help), "{help}");
        }
    }
    for line in shown.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        assert!(ALL.iter().any(|about| about.prometheus() == name), "{name} is not in the table");
    }
    assert!(
        shown.contains("source=\"unknown\",result=\"unknown_source\""),
        "a source that nobody configured"
    );
    for name in ["acme", "alice", "greet", "unknown-source"] {
        let labels: String = shown.lines().filter_map(|line| line.split_once('{')).map(|it| it.1).collect();
        assert!(!labels.contains(name), "a label names {name}");
    }
}

/// `/metrics` of a server that has made a release, sent again, failed, erased, and looked for what was lost.
fn by_the_program() -> String {
    let mut house = House::with(MORE);
    house.start();
    house.merge(&["feat: greet", "feat: greet twice", "fix: greet once"]);
    house.until("a release", |now| merged(&house, now));
    house.post("issues", &json!({ "action": "opened", "issue": { "number": 1 } }));
    let unknown = format!("{}/webhooks/unknown-source", house.url());
    assert_eq!(http::post(&unknown, &[], b"{}").unwrap().status, 404);
    let order =
        json!({ "since": "2020-01-01T00:00:00Z", "events": ["issues"], "to": ["bot"], "apply": true });
    let replays = format!("{}/admin/replays", house.url());
    let token = [("authorization", "Bearer an-operator")];
    assert_eq!(http::post(&replays, &token, order.to_string().as_bytes()).unwrap().status, 202);
    // The first is none of an uninstalled App: it dies. The second erases what another account left.
    house.post("installation", &json!({ "action": "deleted", "installation": { "id": 4711 } }));
    let account = json!({ "login": "gone", "id": 5, "type": "Organization" });
    let gone = json!({ "action": "deleted", "installation": { "id": 4711, "account": account } });
    house.post("installation", &gone);
    let awaited = [
        "release_publishings_total",
        "replayed_total",
        "dead_letters_total",
        "erased_total",
        "unrouted_left",
    ];
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let shown = http::get(&format!("{}/metrics", house.url())).unwrap().text();
        match awaited.iter().find(|name| !shown.contains(&format!("\npointsman_{name}"))) {
            None => {
                house.stop();
                return shown;
            }
            Some(missing) => house.in_time(until, missing),
        }
    }
}

/// The names of what the same code writes here.
fn in_this_process() -> BTreeSet<String> {
    let (names, runtime) =
        (Names::default(), tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
    metrics::with_local_recorder(&names, || {
        runtime.block_on(async {
            a_queue_is_down().await;
            a_cloud_calls().await;
        });
    });
    names.0.into_inner().unwrap()
}

/// Three sends in a row fail: its circuit opens.
async fn a_queue_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Options::new(Arc::new(SystemClock), "a test")).await.unwrap();
    let ledger = Stepwise {
        archive: Arc::new(store.clone()),
        queue: Arc::new(Down),
        records: Arc::new(store.clone()),
        clock: Arc::new(SystemClock),
        breakers: Breakers::default(),
    };
    for number in 0..3 {
        let entry = Entry {
            archive_key: format!("deliveries/github/{number}"),
            object: Object { body: Bytes::from_static(b"{}"), metadata: Default::default() },
            mark_key: format!("routed/github/{number}"),
            messages: vec![("slow".parse().unwrap(), Message::default())],
            now: jiff::Timestamp::now(),
            mark_expires: None,
        };
        ledger.commit(entry).await.unwrap();
    }
    store.close().await;
}

struct Down;

#[async_trait]
impl Queue for Down {
    async fn send(&self, _: &QueueName, messages: Vec<Message>) -> Vec<Result<Sent, PortError>> {
        messages
            .iter()
            .map(|_| Err(PortError::new(pointsman_core::port::ErrorKind::Denied, "no right")))
            .collect()
    }
}

/// A function that fails.
async fn a_cloud_calls() {
    let failing = |_| async { Err(Fault::new("Malformed", "no order").into()) };
    let calls = Calls::new(Arc::new(SystemClock)).on("recover-order", failing);
    let answer =
        calls.answer("recover-order".into(), Bytes::from_static(b"{\"Data\":{},\"Metadata\":{}}")).await;
    assert_eq!(answer.status().as_u16(), 500);
}

/// Whatever is written is named.
#[derive(Default)]
struct Names(Mutex<BTreeSet<String>>);

impl Names {
    fn heard(&self, key: &metrics::Key) {
        self.0.lock().unwrap().insert(key.name().to_owned());
    }
}

impl metrics::Recorder for Names {
    fn describe_counter(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_gauge(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_histogram(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}

    fn register_counter(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        self.heard(key);
        metrics::Counter::noop()
    }

    fn register_gauge(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        self.heard(key);
        metrics::Gauge::noop()
    }

    fn register_histogram(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Histogram {
        self.heard(key);
        metrics::Histogram::noop()
    }
}
