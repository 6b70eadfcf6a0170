//! AWS under load, as far as emulators go (some ten requests a second): intake's program as a function behind its URL, SQS
//! and S3 behind doors that close and jam, recover by its schedule, and a consumer of the queue.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    facts::Facts,
    figures::Figures,
    hostile::BROKEN,
    is_recovered,
    judge::{Verdict, judge},
    proxy::Proxy,
    sender::Sender,
    traffic::{Bodies, Traffic},
};
use crate::{
    cloud::Cloud,
    house,
    lambda::{Answer, Function, program, url},
    serving::{Asked, Reply, Serving, serve},
    sign,
};

const SECRET: &str = "a secret under load";
const QUEUE: &str = "everything";
/// As the template gives intake.
const TIME: Duration = Duration::from_secs(30);
/// How slow the archive is while it is slow.
const SLOW: Duration = Duration::from_millis(100);
/// How long what was taken may wait for its consumer at the end.
const PATIENCE: Duration = Duration::from_secs(120);

/// A stack.
pub struct Lambda {
    cloud: Arc<Cloud>,
    intake: Arc<Function>,
    _front: Serving,
    queues: Proxy,
    archive: Proxy,
    sender: Arc<Sender>,
    facts: Arc<Facts>,
}

impl Lambda {
    /// Starts emulators, and what stands before them.
    pub async fn start(seed: u64) -> Self {
        let cloud = Cloud::start(&format!(
            "backend: aws\nsources: {{ github: {{ secrets: ['aws-sm:stack/webhook-secret'] }} }}\n\
             subscriptions: [{{ name: {QUEUE}, events: ['*'] }}]\n"
        ));
        cloud.deploy(&[("stack/webhook-secret", SECRET)]);
        cloud.queue(QUEUE, true);
        let [sqs, aws] = cloud.endpoints().map(|url| url.trim_start_matches("http://").to_owned());
        let (queues, archive) = (Proxy::open(&sqs).await, Proxy::open(&aws).await);
        let (start, at) = (cloud.commands(program("intake")), [queues.address, archive.address]);
        let intake = Arc::new(Function::new("intake", TIME, move || {
            let mut command = start();
            command.env("AWS_ENDPOINT_URL_SQS", format!("http://{}", at[0]));
            command.env("AWS_ENDPOINT_URL", format!("http://{}", at[1]));
            command
        }));
        let function = intake.clone();
        let front = serve(move |asked| Some(answer(&asked, &function)));
        let facts = Arc::new(Facts::new(Bodies::new(SECRET, seed)));
        let address = front.address.to_string();
        let sender = Arc::new(Sender::new(&address, facts.clone(), sign(SECRET, BROKEN)));
        Self { cloud: Arc::new(cloud), intake, _front: front, queues, archive, sender, facts }
    }

    /// So many a second for so long; meanwhile intake is killed, its queues refuse and its archive is slow.
    pub async fn soak(
        &self,
        traffic: &mut Traffic,
        time: Duration,
        per_second: f64,
    ) -> (Arc<Figures>, Verdict) {
        let (figures, over) = (Arc::<Figures>::default(), Arc::<AtomicBool>::default());
        let consumers: Vec<_> = (0..2).map(|_| self.consume(over.clone())).collect();
        let sending = self.sender.run(traffic, &figures, |at| (at < time).then_some(per_second));
        tokio::join!(sending, self.trouble(time));
        tokio::task::block_in_place(|| self.recover());
        over.store(true, Ordering::Relaxed);
        for consumer in consumers {
            tokio::task::block_in_place(|| consumer.join()).expect("a consumer ends");
        }
        let verdict = self.facts.with(|facts| judge(facts, 1, |_, _| true));
        (figures, verdict)
    }

    /// What intake has said.
    pub fn log(&self) -> String {
        self.intake.log()
    }

    async fn trouble(&self, time: Duration) {
        let pause = async |parts: f64| tokio::time::sleep(time.mul_f64(parts)).await;
        pause(0.1).await;
        self.intake.kill_busy();
        pause(0.1).await;
        self.queues.close();
        pause(0.3).await;
        self.queues.mend();
        pause(0.1).await;
        self.archive.slow(SLOW);
        pause(0.2).await;
        self.archive.mend();
        pause(0.1).await;
        self.intake.kill_busy();
    }

    /// Until nothing is left to do.
    fn recover(&self) {
        let recover = Function::new("recover", TIME, self.cloud.commands(program("recover")));
        let schedule = house::root().join("tests/fixtures/events/schedule.json");
        let schedule = fs::read(schedule).expect("the fixture is there");
        let began = Instant::now();
        loop {
            let answer = recover.invoke(&schedule).answer;
            assert!(matches!(answer, Answer::Done(_)), "{answer:?}\n{}", recover.log());
            let told = answer.json();
            if is_recovered(&told) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "recover does not come to an end: {told:#}");
        }
    }

    /// Takes what comes, until the load is over and nothing is left.
    fn consume(&self, over: Arc<AtomicBool>) -> thread::JoinHandle<()> {
        let (cloud, facts) = (self.cloud.clone(), self.facts.clone());
        let work = move || {
            let mut since: Option<Instant> = None;
            loop {
                let messages = cloud.receive(QUEUE, 10);
                for it in &messages {
                    facts.came_as(0, it.id(), it.group(), it.body().as_bytes());
                }
                cloud.delete(QUEUE, &messages.iter().collect::<Vec<_>>());
                if over.load(Ordering::Relaxed) && messages.is_empty() {
                    if cloud.waiting(QUEUE) == 0 {
                        return;
                    }
                    let since = *since.get_or_insert_with(Instant::now);
                    assert!(since.elapsed() < PATIENCE, "{} still wait", cloud.waiting(QUEUE));
                }
            }
        };
        thread::Builder::new().name("consumer".into()).spawn(work).expect("a thread")
    }
}

/// A Function URL, as far as a sender sees it.
fn answer(asked: &Asked, intake: &Function) -> Reply {
    let headers: Vec<(&str, &str)> =
        asked.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let told = url::post(intake, &asked.path, &headers, &asked.body, false);
    let status = match told.status {
        202 => "202 Accepted",
        400 => "400 Bad Request",
        401 => "401 Unauthorized",
        404 => "404 Not Found",
        413 => "413 Content Too Large",
        429 => "429 Too Many Requests",
        503 => "503 Service Unavailable",
        _ => "502 Bad Gateway",
    };
    Reply { status, headers: Vec::new(), body: told.body.to_string().into_bytes() }
}
