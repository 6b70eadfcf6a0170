//! Messages through the fake host to a real program: in session order, once done, whatever fails or is killed.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use pointsman_fake_functions_host::{Encoding, FunctionsHost, Settings};
use pointsman_fake_servicebus::broker::{self, Broker, message};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::sleep;

const QUEUE: &str = "work";

/// The program, built beside the running test: `target/{profile}/examples/azure-consumer`.
fn program() -> PathBuf {
    let test = env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("examples/azure-consumer");
    assert!(program.exists(), "{} is missing: cargo build -p pointsman-tests --examples", program.display());
    program
}

struct Stand {
    folder: TempDir,
    broker: Arc<Broker>,
    settings: Settings,
    host: FunctionsHost,
}

impl Stand {
    /// The app over an empty queue. `idle` is how long a slot waits for more of its session.
    async fn start(encoding: Encoding, slots: u32, fails: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = json!({ "version": "2.0",
            "customHandler": { "description": { "defaultExecutablePath": "program" }, "enableProxyingHttpRequest": true },
            "extensions": { "serviceBus": { "maxConcurrentSessions": slots, "sessionIdleTimeout": "00:00:01" } } });
        let function = json!({ "bindings": [{ "type": "serviceBusTrigger", "queueName": "%QUEUE%", "connection": "BUS",
            "isSessionsEnabled": true }] });
        fs::write(folder.path().join("host.json"), host.to_string()).unwrap();
        fs::create_dir(folder.path().join("consumer")).unwrap();
        fs::write(folder.path().join("consumer/function.json"), function.to_string()).unwrap();
        // A copy could be busy: another test starts a process while it is written.
        std::os::unix::fs::symlink(program(), folder.path().join("program")).unwrap();
        let broker = Arc::new(Broker::default());
        let queue = broker::Settings { max_delivery: 2000, lock_ms: 1_000, ..broker::Settings::default() };
        broker.make(QUEUE, queue);
        let notes = folder.path().join("notes").display().to_string();
        let values = [
            ("QUEUE", QUEUE.to_owned()),
            ("BUS", "fake".to_owned()),
            ("CONSUMER_NOTES", notes),
            ("CONSUMER_FAILS", fails.to_string()),
        ];
        let values: BTreeMap<String, String> =
            values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let settings = Settings { folder: folder.path().into(), values, encoding };
        let host = FunctionsHost::start(settings.clone(), broker.clone()).await.unwrap();
        Self { folder, broker, settings, host }
    }

    /// The host goes in mid-flight, with its program and without a word: its locks end. Another one comes.
    async fn lose_host(&mut self) {
        let other = FunctionsHost::start(self.settings.clone(), self.broker.clone()).await.unwrap();
        drop(std::mem::replace(&mut self.host, other));
    }

    /// Sends so many messages to each of so many sessions, in turns.
    fn send(&self, sessions: u32, each: u32) {
        for number in 0..each {
            for session in 0..sessions {
                let mut sent = message::plain(json!({ "n": number }).to_string());
                let properties = message::properties(&mut sent);
                properties.message_id = Some(format!("{session}-{number}").into());
                properties.group_id = Some(format!("s{session}"));
                self.broker.send(QUEUE, vec![sent]).unwrap();
            }
        }
    }

    /// Waits until nothing is left; the lines of the notes: session, id, attempt, how it ended.
    async fn drained(&self, within: Duration) -> Vec<Vec<String>> {
        let started = Instant::now();
        loop {
            let counts = self.broker.counts(QUEUE).unwrap();
            if counts.active == 0 {
                assert_eq!(counts.dead, 0);
                break;
            }
            assert!(started.elapsed() < within, "{} messages are left after {within:?}", counts.active);
            sleep(Duration::from_millis(20)).await;
        }
        let notes = fs::read_to_string(self.folder.path().join("notes")).unwrap();
        notes.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    }
}

/// Each message was done, and within its session nothing was done, or begun, before what came before it was done.
fn in_order(notes: &[Vec<String>], messages: usize) {
    let mut next: HashMap<&str, u32> = HashMap::new();
    let mut done = HashSet::new();
    for note in notes {
        let number: u32 = note[1].split('-').nth(1).unwrap().parse().unwrap();
        let next = next.entry(&note[0]).or_default();
        // After a kill, what was done may be done again: nobody knew of it.
        assert!(number <= *next, "{}: {} before what is before it was done", note[0], note[1]);
        if note[3] == "done" {
            *next = (*next).max(number + 1);
            done.insert(&note[1]);
        }
    }
    assert_eq!(done.len(), messages);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_fail_come_again_in_order_in_every_encoding() {
    for encoding in [Encoding::PLAIN, Encoding::ONCE, Encoding::SEEN, Encoding::TWICE] {
        let stand = Stand::start(encoding, 16, 10).await;
        stand.send(12, 10);
        let notes = stand.drained(Duration::from_secs(60)).await;
        in_order(&notes, 120);
        let failed = notes.iter().filter(|note| note[3] == "failed").count();
        assert!((4..40).contains(&failed), "{failed} of {} failed: {encoding:?}", notes.len());
        assert_eq!(notes.len(), 120 + failed, "what was done once is not done again");
        assert!(stand.host.stop().await.unwrap().success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_loses_nothing_and_keeps_the_order() {
    let stand = Stand::start(Encoding::SEEN, 16, 7).await;
    stand.send(10, 20);
    for left in [150, 60] {
        while stand.broker.counts(QUEUE).unwrap().active > left {
            sleep(Duration::from_millis(2)).await;
        }
        stand.host.handler.crash().await.unwrap();
    }
    in_order(&stand.drained(Duration::from_secs(60)).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_that_are_lost_in_mid_flight_lose_nothing_and_keep_the_order() {
    let mut stand = Stand::start(Encoding::SEEN, 16, 7).await;
    stand.send(10, 20);
    while stand.broker.counts(QUEUE).unwrap().active > 120 {
        sleep(Duration::from_millis(2)).await;
    }
    stand.lose_host().await;
    in_order(&stand.drained(Duration::from_secs(60)).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_sessions_of_one_message_do_not_starve() {
    let stand = Stand::start(Encoding::SEEN, 128, 0).await;
    let started = Instant::now();
    stand.send(1000, 1);
    let notes = stand.drained(Duration::from_secs(60)).await;
    assert_eq!(notes.len(), 1000);
    println!("1,000 sessions of one message: {:.1} s", started.elapsed().as_secs_f64());
}
