//! Replays in the running server: asked for at `/admin/replays`, run by a worker on their queue.

use std::{process, sync::Arc, time::Duration};

use futures::FutureExt as _;
use http::{Method, StatusCode};
use jiff::Timestamp;
use pointsman_core::{
    config::{self, Config, REPLAY},
    outcome::Outcome,
    port::{QueueSettings, Secrets},
};
use pointsman_embedded::Store;
use pointsman_env::SystemClock;
use pointsman_host_http::{Admin, Asked, Told};
use pointsman_host_worker::Worker;
use pointsman_intake::Intake;
use pointsman_replay::{MOST, Order, Ports, Progress, Refused, Replay, State, handle};
use serde_json::{Value, json};
use tokio::sync::watch;
use tracing::error;

use crate::{
    releases::{self, Crew, Handle, Stage},
    task::Task,
};

/// How long one turn takes: a stop of the server waits no longer.
const TURN: Duration = Duration::from_secs(5);

/// All of the configuration that replays depend on.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    admin: config::Admin,
    queue: QueueSettings,
}

impl Terms {
    /// None where nobody may ask for one.
    pub fn of(config: &Config) -> Option<Self> {
        let admin = config.admin.clone()?;
        let queue = config.queues().into_iter().find(|(name, _)| name.as_str() == REPLAY)?;
        Some(Self { admin, queue: queue.1 })
    }
}

/// The worker, idle until it is told its terms.
pub fn start(intake: &Arc<Intake>, store: &Store) -> Task<Terms> {
    let (intake, store) = (intake.clone(), store.clone());
    releases::start("`replay`", None, move |terms: &Terms| {
        let queue = REPLAY.parse().expect("a built-in queue has a name that queues may have");
        let worker = Worker {
            visibility: terms.queue.visibility,
            max_attempts: terms.queue.max_deliveries,
            ..Worker::new(store.ports().receiver, Arc::new(SystemClock), queue)
        };
        let (intake, store) = (intake.clone(), store.clone());
        let handle: Handle = Arc::new(move |turn| {
            let stage = stage(&intake, &store);
            async move {
                for message in &turn {
                    match handle(message, &stage).await? {
                        Outcome::Done(_) | Outcome::Skipped(_) => {}
                        other => return Ok(other.map(drop)),
                    }
                }
                Ok(Outcome::Done(()))
            }
            .boxed()
        });
        Some(Crew { stages: vec![Stage { worker, handle }], rounds: None })
    })
}

/// By the rules of now.
fn stage(intake: &Intake, store: &Store) -> Replay {
    let all = store.ports();
    Replay {
        ports: Ports {
            archive: all.archive,
            records: all.records,
            queue: all.queue,
            admin: all.admin,
            clock: Arc::new(SystemClock),
        },
        rules: intake.rules(),
        inline: Default::default(),
        budget: Some(TURN),
        most: MOST,
        holder: format!("pointsman serve (process {})", process::id()),
    }
}

/// What is behind `/admin/`: not there unless a token is configured, which is read anew each time.
pub fn admin(
    intake: &Arc<Intake>,
    store: &Store,
    terms: watch::Receiver<Option<Terms>>,
    secrets: Arc<dyn Secrets>,
) -> Admin {
    let (intake, store) = (intake.clone(), store.clone());
    let tokens = move || {
        let token = terms.borrow().as_ref().map(|terms| terms.admin.token.clone());
        let secrets = secrets.clone();
        async move {
            match token {
                Some(token) => secrets.get(&token).await.map(Some),
                None => Ok(None),
            }
        }
    };
    Admin::new(tokens, move |asked| {
        let stage = stage(&intake, &store);
        async move { answer(&stage, asked).await }
    })
}

async fn answer(stage: &Replay, asked: Asked) -> Told {
    let path: Vec<&str> = asked.path.split('/').collect();
    let done = match (&asked.method, &path[..]) {
        (&Method::POST, ["replays"]) => submit(stage, &asked.body).await,
        (&Method::GET, ["replays"]) => stage.list().await.map(|all| json(&json!({ "replays": all }))),
        (&Method::GET, ["replays", id]) => stage.status(id).await.map(|progress| json(&progress)),
        (&Method::DELETE, ["replays", id]) => stage.stop(id).await.map(|progress| json(&progress)),
        (_, ["replays"]) => return not_allowed("POST and GET"),
        (_, ["replays", _]) => return not_allowed("GET and DELETE"),
        _ => {
            let detail = "There is nothing here. Replays are at /admin/replays and /admin/replays/{id}.";
            return Told::Problem(StatusCode::NOT_FOUND, detail.into());
        }
    };
    done.unwrap_or_else(|refused| problem(&refused))
}

async fn submit(stage: &Replay, body: &[u8]) -> Result<Told, Refused> {
    let progress = stage.submit(Order::read(body, Timestamp::now())?).await?;
    let Progress { order, state, .. } = &progress;
    let look = format!("/admin/replays/{}", order.id);
    let status = if *state == State::Done { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok(Told::Json(status, json!({ "id": order.id, "state": state, "apply": order.apply, "look": look })))
}

fn json(value: &impl serde::Serialize) -> Told {
    let value = serde_json::to_value(value).unwrap_or(Value::Null);
    Told::Json(StatusCode::OK, value)
}

fn not_allowed(allowed: &str) -> Told {
    Told::Problem(StatusCode::METHOD_NOT_ALLOWED, format!("This address takes {allowed} only."))
}

fn problem(refused: &Refused) -> Told {
    let status = match refused {
        Refused::Faults(_) => StatusCode::BAD_REQUEST,
        Refused::Unknown(_) => StatusCode::NOT_FOUND,
        Refused::Unlike(_) | Refused::Busy(_) | Refused::Over { .. } => StatusCode::CONFLICT,
        Refused::Port(error) => {
            error!(%error, "what was asked for at /admin/ could not be done");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    Told::Problem(status, refused.to_string())
}
