//! A release through intake, orchestrator and automator, from pushes to the tag, every webhook twice at once.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use pointsman_env::SystemClock;
use pointsman_fake_github::{Delivery, FakeGithub, PRIVATE_KEY, Server, serve};
use pointsman_tests::{
    cloud::Cloud,
    founded::{REPO, founded},
    lambda::{Function, Mapping, mapping::Turn, url},
    leaks::Secrets,
    traces::{SENT, Traces},
};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::house::{Patience, function};

const QUEUES: [&str; 2] = ["release-orchestrator", "release-automator"];
/// GitHub asks for a second between two writes: some 20 s, on a busy machine more.
const PATIENCE: Duration = Duration::from_secs(150);
/// More than an invocation takes.
const HELD: Duration = Duration::from_secs(60);

/// A stack with releases, and the GitHub that it is an App of.
struct World {
    github: Arc<FakeGithub>,
    traces: Traces,
    secret: String,
    cloud: Cloud,
    intake: Function,
    stages: [Function; 2],
    _door: Server,
    _runtime: Runtime,
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let github = FakeGithub::new(Arc::new(SystemClock), 1);
        let traces = Traces::watch(&github);
        let door = runtime.block_on(serve(github.clone())).unwrap();
        let app = founded(&github);
        let cloud = Cloud::start(&format!(
            "backend: aws\nsources:\n  github:\n    secrets: ['aws-sm:stack/webhook-secret']\n    \
             app: {{ id: {}, private_key: 'aws-sm:stack/app-key', base_url: '{}' }}\nrelease: {{ enabled: true }}\n",
            app.id,
            github.base_url()
        ));
        cloud.deploy(&[("stack/webhook-secret", &app.secret), ("stack/app-key", &PRIVATE_KEY)]);
        QUEUES.iter().for_each(|name| cloud.queue_held(name, true, HELD));
        let intake = function(&cloud, "intake");
        let stages = QUEUES.map(|name| function(&cloud, name));
        Self { github, traces, secret: app.secret, cloud, intake, stages, _door: door, _runtime: runtime }
    }

    /// Hands over each webhook that waits, twice at the same moment: one of both is a duplicate.
    fn deliver(&self) -> usize {
        let waiting = self.github.take_deliveries();
        for delivery in &waiting {
            let told = thread::scope(|scope| {
                let both = [(); 2].map(|()| scope.spawn(|| self.post(delivery)));
                both.map(|one| one.join().unwrap())
            });
            assert_eq!(told.into_iter().filter(|duplicate| *duplicate).count(), 1, "{delivery:?}");
        }
        waiting.len()
    }

    /// Whether intake had it already.
    fn post(&self, delivery: &Delivery) -> bool {
        let mut headers: Vec<_> =
            delivery.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.push(("traceparent", SENT));
        let response = url::post(&self.intake, "/webhooks/github", &headers, &delivery.body, false);
        assert_eq!(response.status, 202, "{delivery:?} {response:?}\n{}", self.intake.log());
        response.body["duplicate"].as_bool().unwrap()
    }

    /// The stages work meanwhile.
    fn work<T>(&self, during: impl FnOnce() -> T) -> T {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for (queue, function) in QUEUES.iter().zip(&self.stages) {
                let mapping = Mapping { cloud: &self.cloud, queue, function, batch: 10 };
                let over = &over;
                let told =
                    |turn: &Turn| assert_eq!(turn.records, turn.deleted, "{turn:?}\n{}", function.log());
                scope.spawn(move || mapping.run(1, || over.load(Ordering::Relaxed), told));
            }
            let _ended = Ends(&over);
            during()
        })
    }

    fn waiting(&self) -> u64 {
        QUEUES.iter().map(|queue| self.cloud.waiting(queue)).sum()
    }

    fn log(&self) -> String {
        self.stages.iter().map(Function::log).collect()
    }
}

/// Also where what was done meanwhile panics.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn list<'a>(snapshot: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    snapshot[name].as_array().unwrap().iter()
}

fn is_ours(pull: &Value) -> bool {
    pull["head"]["ref"].as_str().unwrap().starts_with("pointsman--release--")
}

/// The person's part: merges what is proposed, when it is finished. Whether the release is out.
fn merged(world: &World, snapshot: &Value) -> bool {
    let open: Vec<_> =
        list(snapshot, "pulls").filter(|pull| pull["state"] == "open" && is_ours(pull)).collect();
    assert!(open.len() <= 1, "{open:#?}");
    if let Some(pull) = open.first()
        && pull["labels"][0]["name"] == "release: pending"
        && pull["body"].as_str().unwrap().contains("* greet (")
    {
        assert_eq!(pull["title"], "chore(main): release 1.1.0");
        world.github.person("alice").merge(REPO, pull["number"].as_u64().unwrap(), "merge");
    }
    list(snapshot, "releases").any(|release| release["draft"] == false)
}

#[test]
fn a_release_goes_through_the_functions_once_though_every_webhook_comes_twice() {
    let world = World::new();
    let alice = world.github.person("alice");
    // Its push is too large for a queue, and there is no other that would tell of it.
    let much = format!("feat: greet\n\n{}", "It has much to say. ".repeat(5_000));
    alice.commit(REPO, "main", &much, &[("greet.js", Some("hello\n"))]);
    let patience = Patience::new(PATIENCE);
    world.work(|| {
        let mut still = 0;
        // At the end two looks: between one look's parts something may have come.
        while still < 2 {
            assert!(!patience.is_over(), "{:#}\n{}", world.github.snapshot(REPO), world.log());
            let carried = world.deliver();
            let out = merged(&world, &world.github.snapshot(REPO));
            still = if out && carried == 0 && world.waiting() == 0 { still + 1 } else { 0 };
            thread::sleep(Duration::from_millis(50));
        }
    });

    let end = world.github.snapshot(REPO);
    let tags = end["refs"].as_object().unwrap().keys().filter(|name| name.starts_with("refs/tags/"));
    assert_eq!(tags.collect::<Vec<_>>(), ["refs/tags/v1.0.0", "refs/tags/v1.1.0"]);
    assert_eq!(end["refs"]["refs/tags/v1.1.0"], end["refs"]["refs/heads/main"]);
    let releases: Vec<_> = list(&end, "releases").map(|it| &it["tag_name"]).collect();
    assert_eq!(releases, ["v1.1.0"]);
    assert_eq!(list(&end, "pulls").filter(|pull| is_ours(pull)).count(), 1);
    let manifest = world.github.file(REPO, "v1.1.0", "package.json").unwrap();
    assert!(manifest.contains("\"version\": \"1.1.0\""), "{manifest}");
    for queue in QUEUES {
        assert_eq!(world.cloud.waiting(&format!("{queue}_dead")), 0, "{queue}\n{}", world.log());
    }
    assert_eq!(world.github.violations(), Vec::<String>::new());
    world.traces.assert_followed();
    let secrets =
        Secrets::new([("the webhook's secret", world.secret.as_str()), ("the App's key", &PRIVATE_KEY)]);
    secrets.assert_none_in("the functions' log", &format!("{}{}", world.log(), world.intake.log()));
    assert_eq!(world.intake.starts(), 2, "two at once are two processes, and no more");
    assert!(fs::read_dir(world.cloud.folder()).unwrap().count() == 1, "functions write no files");
}
