//! Azure under load, as far as emulators go (some tens of requests a second): the app's program behind the fake Functions
//! host, Service Bus and Blob Storage behind doors that close and jam, and a function app that consumes.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use pointsman_fake_functions_host::FunctionsHost;
use pointsman_tests::{
    load::{
        facts::Facts,
        figures::Figures,
        hostile::BROKEN,
        is_recovered,
        judge::{Verdict, judge},
        proxy::Proxy,
        sender::Sender,
        traffic::{Bodies, Traffic},
    },
    sign,
};
use serde_json::Value;

use crate::cloud::{Cloud, until};

const SECRET: &str = "a secret under load";
const CONFIG: &str =
    "sources: { github: { secrets: ['env:HOOK_SECRET'] } }\nsubscriptions: [{ name: all, events: ['*'] }]\n";
/// How slow the archive is while it is slow.
const SLOW: Duration = Duration::from_millis(400);
/// How long what was taken may wait for its consumer at the end.
const PATIENCE: Duration = Duration::from_secs(120);

/// A function app and its consumer.
pub struct App {
    cloud: Cloud,
    consumer: FunctionsHost,
    notes: PathBuf,
    queues: Proxy,
    archive: Proxy,
    sender: Arc<Sender>,
    facts: Arc<Facts>,
}

impl App {
    /// Starts emulators, and what stands before them.
    pub async fn start(seed: u64) -> Self {
        let cloud = Cloud::start(CONFIG, &[("HOOK_SECRET", SECRET)]).await;
        let config = cloud.folder.path().join("azure/pointsman.yaml");
        let text = fs::read_to_string(&config).unwrap();
        let place = |mark: &str| {
            let rest = &text[text.find(mark).unwrap() + mark.len()..];
            rest[..rest.find(['/', '\'']).unwrap()].to_owned()
        };
        let [bus, account] = ["namespace: 'http://", "account: 'https://"].map(place);
        let (queues, archive) = (Proxy::open(&bus).await, Proxy::open(&account).await);
        let doors = text.replace(&bus, &queues.address.to_string());
        fs::write(&config, doors.replace(&account, &archive.address.to_string())).unwrap();
        // Its configuration is read when it starts.
        cloud.host.handler.crash().await.unwrap();
        let (consumer, notes) = cloud.consumer().await;
        let facts = Arc::new(Facts::new(Bodies::new(SECRET, seed)));
        let address = cloud.host.url.trim_start_matches("http://");
        let sender = Arc::new(Sender::new(address, facts.clone(), sign(SECRET, BROKEN)));
        Self { cloud, consumer, notes, queues, archive, sender, facts }
    }

    /// So many a second for so long; meanwhile both programs are killed, the queues refuse and the archive is slow.
    pub async fn soak(
        &self,
        traffic: &mut Traffic,
        time: Duration,
        per_second: f64,
    ) -> (Arc<Figures>, Verdict) {
        let figures = Arc::<Figures>::default();
        let sending = self.sender.run(traffic, &figures, |at| (at < time).then_some(per_second));
        tokio::join!(sending, self.trouble(time));
        self.recover().await;
        until("all is consumed", PATIENCE, async || self.cloud.waiting() == 0).await;
        let notes = fs::read_to_string(&self.notes).unwrap();
        for note in notes.lines() {
            let [session, id, _, "done", cause @ ..] = &note.split('\t').collect::<Vec<_>>()[..] else {
                continue;
            };
            self.facts.noted(session, id, !cause.is_empty());
        }
        let verdict = self.facts.with(|facts| judge(facts, 1, |_, _| true));
        (figures, verdict)
    }

    async fn trouble(&self, time: Duration) {
        let pause = async |parts: f64| tokio::time::sleep(time.mul_f64(parts)).await;
        pause(0.1).await;
        self.cloud.host.handler.crash().await.unwrap();
        pause(0.1).await;
        self.queues.close();
        pause(0.3).await;
        self.queues.mend();
        pause(0.1).await;
        self.archive.slow(SLOW);
        pause(0.2).await;
        self.archive.mend();
        self.consumer.handler.crash().await.unwrap();
    }

    /// Until nothing is left to do.
    async fn recover(&self) {
        until("nothing is left to recover", PATIENCE, async || {
            let (ran, told) = self.cloud.host.tick("recover").await;
            assert!(ran, "{told}");
            let told: Value = serde_json::from_str(&told).unwrap();
            assert!(told["done"].is_object(), "{told:#}");
            is_recovered(&told)
        })
        .await;
    }
}
