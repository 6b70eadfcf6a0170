//! `pointsman demo`: the main job on real input, over HTTP, in a temporary store; then a release. It checks what it shows.

mod consumer;
mod release;
mod show;
mod story;

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result};
use http::Request;
use pointsman_core::{
    config::{self, Config},
    port::{Named, Secret},
    rules::Rules,
};
use pointsman_embedded::{Options, Store};
use pointsman_env::{EnvSecrets, SystemClock};
use pointsman_github::Pace;
use pointsman_host_http::{Parts, Server};
use pointsman_intake::{Intake, Ports, handle};
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::{
    commands::send,
    context::Context,
    print,
    releases::{Crew, Terms, Tools, hire},
    sample::{self, Sample},
};
use consumer::Reception;
use release::Released;
use story::{CONFIG, How, STEPS, Step};

/// All that happened.
#[derive(Debug, Default, Serialize)]
pub struct Played {
    deliveries: Vec<Answered>,
    queues: Vec<Reception>,
    release: Released,
    /// What was not as it must be; empty = all that is shown is what happened.
    wrong: Vec<String>,
}

/// One step and its answer.
#[derive(Debug, Serialize)]
struct Answered {
    what: &'static str,
    event: &'static str,
    id: String,
    status: u16,
    session: Option<String>,
    subscriptions: Vec<String>,
    duplicate: bool,
    refused: Option<String>,
}

/// Plays it; exit status 0 only if everything came as it must.
pub async fn run(context: &Context) -> Result<ExitCode> {
    let house = House::open().await?;
    let intake = house.intake().await?;
    let stage = move |request| {
        let intake = intake.clone();
        async move { handle(request, &intake).await }
    };
    let server = Server::bind(([127, 0, 0, 1], 0).into(), Parts::new("intake", stage)).await?;
    let url = format!("http://{}", server.local_addr());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(async move { _ = stopped.await }));
    let played = house.play(&url).await;
    drop(stop);
    serving.await.context("the server failed")?;
    house.store.close().await;
    let played = played?;
    print::result(context.json, &played, || show::played(&played))?;
    Ok(if played.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All that the demo needs: gone with it.
struct House {
    folder: TempDir,
    secret: String,
    sample: Sample,
    config: Config,
    store: Store,
}

impl House {
    async fn open() -> Result<Self> {
        let folder = tempfile::tempdir().context("there is no place for a temporary store")?;
        let sample = Sample::serve().await?;
        let (secret, app) = (send::fresh_id(), &sample.app);
        sample::write_key(&folder.path().join("app.pem"))?;
        let text = CONFIG
            .replace("@SECRET@", &secret)
            .replace("@APP_SECRET@", &app.secret)
            .replace("@APP_ID@", &app.id.to_string())
            .replace("@GITHUB@", &sample.github.base_url());
        let config = config::parse(&text).context("the demo's configuration")?.config;
        let options = Options::new(Arc::new(SystemClock), "pointsman demo").with_queues(config.queues());
        let store = Store::open(folder.path(), options).await?;
        Ok(Self { folder, secret, sample, config, store })
    }

    async fn intake(&self) -> Result<Arc<Intake>> {
        let rules = Rules::load(&self.config, &self.secrets()).await?;
        let all = self.store.ports();
        let clock = Arc::new(SystemClock);
        let ports = Ports { ledger: all.ledger, archive: all.archive, clock, inline: Default::default() };
        Ok(Arc::new(Intake::new(ports, rules)))
    }

    fn secrets(&self) -> EnvSecrets {
        EnvSecrets::new(self.folder.path())
    }

    /// First what comes in, then what a release comes to.
    async fn play(&self, url: &str) -> Result<Played> {
        let mut played = Played::default();
        for step in STEPS {
            let answered = play(step, url, &self.secret, &played.deliveries).await?;
            played.wrong.extend(answered.differs(step));
            played.deliveries.push(answered);
        }
        let all = self.store.ports();
        for queue in ["triage-bot", "deploys", "audit"] {
            let expected = expected(queue, &played.deliveries);
            let reception = consumer::receive(&*all.receiver, &*all.admin, queue).await?;
            played.wrong.extend(reception.differs(&expected));
            played.queues.push(reception);
        }
        let hook = format!("{url}/webhooks/app");
        let (released, wrong) = release::play(&self.sample, &hook, self.crew()?, &*all.admin).await?;
        played.wrong.extend(wrong);
        played.release = released;
        Ok(played)
    }

    /// The release stages. This GitHub asks nobody to be slow.
    fn crew(&self) -> Result<Crew> {
        let all = self.store.ports();
        let tools = Tools {
            queue: all.queue,
            receiver: all.receiver,
            records: all.records,
            http: Arc::new(pointsman_http::Client::default()),
            secrets: Arc::new(self.secrets()),
            clock: Arc::new(SystemClock),
            pace: Pace::UNHURRIED,
        };
        hire(&Terms::of(&self.config).context("the demo's configuration releases nothing")?, &tools)
    }
}

/// Sends one payload as the step says.
async fn play(step: &Step, url: &str, secret: &str, earlier: &[Answered]) -> Result<Answered> {
    let id = if let How::Again(first) = step.how { earlier[first].id.clone() } else { send::fresh_id() };
    let source = if step.how == How::UnknownSource { "gitgub" } else { "github" };
    let used = if step.how == How::WrongSecret { "another secret" } else { secret };
    let (header, signature) = match step.how {
        How::Sha1Only => ("x-hub-signature", format!("sha1={}", "0".repeat(40))),
        _ => ("x-hub-signature-256", send::signature(&Secret::new(used), step.payload)),
    };
    let request = Request::post(format!("{url}/webhooks/{source}"))
        .extension(Named)
        .header("content-type", "application/json")
        .header("x-github-event", step.event)
        .header("x-github-delivery", &id)
        .header(header, signature)
        .body(step.payload.into())?;
    let (status, answer) = send::post(request).await?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    let names = answer.get("subscriptions").and_then(Value::as_array).into_iter().flatten();
    Ok(Answered {
        what: step.what,
        event: step.event,
        id,
        status: status.as_u16(),
        session: text("session"),
        subscriptions: names.filter_map(Value::as_str).map(str::to_owned).collect(),
        duplicate: answer.get("duplicate").and_then(Value::as_bool).unwrap_or_default(),
        refused: text("detail"),
    })
}

impl Answered {
    fn differs(&self, step: &Step) -> Option<String> {
        let again = matches!(step.how, How::Again(_));
        let session = self.session.as_deref().unwrap_or_default();
        // A duplicate names its subscriptions again, and goes to none of them.
        let right = self.status == step.status
            && session == step.session
            && self.duplicate == again
            && (again || self.subscriptions == step.queues);
        (!right).then(|| format!("{}: answered {self:?}", step.what))
    }
}

/// What a queue must hold, in order: the delivery's id, its session within the queue, its payload.
fn expected(queue: &str, deliveries: &[Answered]) -> Vec<(String, &'static [u8])> {
    let goes = |(step, _): &(&Step, &Answered)| step.queues.contains(&queue);
    STEPS
        .iter()
        .zip(deliveries)
        .filter(goes)
        .map(|(step, answered)| (answered.id.clone(), step.payload))
        .collect()
}
