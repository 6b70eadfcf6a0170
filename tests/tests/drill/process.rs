//! Intake as one process over the real store: a door that GitHub knocks at, and that may be gone.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use http::Response;
use pointsman_core::{
    config,
    outcome::Outcome,
    pipeline::{Ports, Request},
    port::{Http, PortError},
    rules::Rules,
    stepwise::Stepwise,
};
use pointsman_embedded::{Options, Store};
use pointsman_env::EnvSecrets;
use pointsman_intake::{Intake, handle};

use crate::gate::{Fate, Gate};

/// One life of the process.
pub struct Process {
    pub gate: Arc<Gate>,
    pub pipeline: Ports,
    intake: Intake,
    store: Store,
}

impl Process {
    async fn start(plan: &Plan, fate: &Arc<Fate>) -> Arc<Self> {
        let checked = config::parse(&plan.config).unwrap();
        let options = Options::new(fate.clock.clone(), "a drill").with_queues(checked.config.queues());
        let store = Store::open(&plan.data, options).await.unwrap();
        let gate = Arc::new(Gate::new(store.ports(), fate.clone()));
        let ledger = Arc::new(Stepwise {
            archive: gate.clone(),
            queue: gate.clone(),
            records: gate.clone(),
            clock: gate.clone(),
            breakers: Default::default(),
        });
        let pipeline =
            Ports { ledger, archive: gate.clone(), clock: gate.clone(), inline: Default::default() };
        let intake = Intake::new(pipeline.clone(), plan.rules().await);
        Arc::new(Self { gate, pipeline, intake, store })
    }
}

/// What every life of it has in common.
pub struct Plan {
    pub config: String,
    pub data: PathBuf,
}

impl Plan {
    pub async fn rules(&self) -> Rules {
        let config = config::parse(&self.config).unwrap().config;
        Rules::load(&config, &EnvSecrets::new(&self.data)).await.unwrap()
    }
}

/// The address that GitHub has, whether somebody listens there or not.
pub struct Door {
    pub plan: Plan,
    pub fate: Arc<Fate>,
    pub kills: AtomicUsize,
    running: Mutex<Option<Arc<Process>>>,
    /// Closes when nobody refers to it any more.
    dead: Mutex<Option<Store>>,
}

impl Door {
    pub async fn open(plan: Plan, fate: Arc<Fate>) -> Self {
        let process = Process::start(&plan, &fate).await;
        Self { plan, fate, kills: 0.into(), running: Mutex::new(Some(process)), dead: Mutex::default() }
    }

    pub fn running(&self) -> Option<Arc<Process>> {
        self.running.lock().unwrap().clone()
    }

    /// Starts it again where it is dead.
    pub async fn revive(&self) -> Arc<Process> {
        if let Some(process) = self.running() {
            return process;
        }
        let dead = self.dead.lock().unwrap().take();
        if let Some(store) = dead {
            store.close().await;
        }
        let process = Process::start(&self.plan, &self.fate).await;
        *self.running.lock().unwrap() = Some(process.clone());
        process
    }

    /// Nobody listens any more.
    pub fn kill(&self) {
        self.kills.fetch_add(1, Ordering::Relaxed);
        let process = self.running.lock().unwrap().take();
        *self.dead.lock().unwrap() = process.map(|process| process.store.clone());
    }
}

#[async_trait]
impl Http for Door {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        let Some(process) = self.running() else {
            return Err(PortError::unavailable("connection refused"));
        };
        let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let asked = Request {
            source: request.uri().path().rsplit('/').next().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            body: request.body().clone(),
            peer: [192, 0, 2, 1].into(),
        };
        let outcome = tokio::select! {
            biased;
            () = self.fate.killed.notified() => {
                self.kill();
                return Err(PortError::unavailable("connection reset"));
            }
            outcome = handle(asked, &process.intake) => outcome,
            never = process.gate.pass_time() => match never {},
        };
        let status = match outcome {
            Outcome::Done(_) | Outcome::Skipped(_) => 202,
            Outcome::Retry { .. } => 503,
            Outcome::Rejected(rejection) => panic!("GitHub is refused: {rejection}"),
        };
        Ok(Response::builder().status(status).body(Bytes::new()).unwrap())
    }
}
