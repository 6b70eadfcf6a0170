//! The functions by their names, each with its stage, which is made on first use: one that cannot be made is no other's
//! trouble. The names are those of the folders that scripts/package-azure lays beside host.json.

mod made;

use std::sync::Arc;

use futures::{FutureExt as _, future::BoxFuture};
use pointsman_core::{
    config::{AUTOMATOR, Config, ERASE, ORCHESTRATOR, REPLAY},
    outcome::Outcome,
    pipeline::{Accepted, RETRY_AFTER, Request},
    port::{Clock, PortError},
};
use pointsman_erase as erase;
use pointsman_host_azfunc::{Call, Calls, Failure, Lazy, Trigger, direct, queue, timer};
use pointsman_recover::Ask;
use pointsman_release_automator as automator;
use pointsman_release_orchestrator as orchestrator;
use pointsman_replay::{self as replay, Replay};
use serde_json::Value;

use crate::world::World;
use made::Made;

/// The stage behind `POST /webhooks/{source}`.
pub type Intake = Arc<dyn Fn(Request) -> BoxFuture<'static, Outcome<Accepted>> + Send + Sync>;

/// All functions of the process.
pub struct Functions {
    config: Arc<Config>,
    world: Arc<Lazy<World>>,
}

impl Functions {
    /// By this configuration, over what is made when it is first asked for.
    pub fn new(config: Config, world: Arc<Lazy<World>>) -> Self {
        Self { config: Arc::new(config), world }
    }

    /// The stage that takes webhooks.
    pub fn intake(&self) -> Intake {
        let made = self.lazy(made::intake);
        Arc::new(move |request| {
            let made = made.clone();
            let take = async move {
                match made.get().await {
                    Ok(made) => made.fresh.handle(request, || (made.refresh)()).await,
                    Err(cause) => Outcome::Retry { after: RETRY_AFTER, cause },
                }
            };
            take.boxed()
        })
    }

    /// The functions that the host calls by name.
    pub fn calls(&self, clock: Arc<dyn Clock>) -> Calls {
        let calls = Calls::new(clock);
        let calls =
            self.on(calls, &[ORCHESTRATOR, "release-orchestrator-schedule"], made::orchestrator, released);
        let calls = self.on(calls, &[AUTOMATOR], made::automator, published);
        let calls = self.on(calls, &[REPLAY, "replay-order"], made::replay, replayed);
        let calls = self.on(calls, &["recover", "recover-order"], made::recover, recovered);
        self.on(calls, &[ERASE], made::erase, erased)
    }

    /// A stage under its names.
    fn on<T, F>(
        &self,
        calls: Calls,
        names: &[&'static str],
        make: fn(Arc<Config>, Arc<World>) -> Made<T>,
        handle: fn(Call, Arc<T>) -> F,
    ) -> Calls
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<Value, Failure>> + Send + 'static,
    {
        let made = self.lazy(make);
        names.iter().fold(calls, |calls, name| {
            let made = made.clone();
            calls.on(name, move |call| {
                let made = made.clone();
                async move { handle(call, made.get().await?).await }
            })
        })
    }

    fn lazy<T: Send + Sync + 'static>(&self, make: fn(Arc<Config>, Arc<World>) -> Made<T>) -> Arc<Lazy<T>> {
        let (config, world) = (self.config.clone(), self.world.clone());
        Arc::new(Lazy::new(move || {
            let (config, world) = (config.clone(), world.clone());
            async move { make(config, world.get().await?).await }
        }))
    }
}

async fn released(call: Call, made: Arc<made::Orchestrator>) -> Result<Value, Failure> {
    let made::Orchestrator { stage, places, source } = &*made;
    match call.trigger() {
        Trigger::Queue => {
            queue::together(&call, source, |turn| async move { orchestrator::handle(&turn, stage).await })
                .await
        }
        _ => timer::handle(&call, ORCHESTRATOR, |_| places.handle()).await,
    }
}

async fn published(call: Call, made: Arc<made::Automator>) -> Result<Value, Failure> {
    let made::Automator { stage, source } = &*made;
    queue::together(&call, source, |turn| async move { automator::handle(&turn, stage).await }).await
}

async fn replayed(call: Call, made: Arc<made::Replaying>) -> Result<Value, Failure> {
    let made::Replaying { stage, source } = &*made;
    let stage = &Replay { budget: Some(call.budget(call.received)), ..stage.clone() };
    match call.trigger() {
        Trigger::Queue => {
            queue::each(&call, source, |message| async move { replay::handle(&message, stage).await }).await
        }
        _ => direct::handle(&call, REPLAY, |order| replay::submitted(order, stage)).await,
    }
}

async fn recovered(call: Call, made: Arc<made::Recovering>) -> Result<Value, Failure> {
    let made::Recovering { stage, rules } = &*made;
    let run = |ask| async move { stage.run(rules, ask).await?.whole() };
    // A schedule may tell nothing of itself; an order is for the function of that name.
    match &*call.name {
        "recover-order" => direct::handle(&call, "recover", |ask: Ask| run(ask)).await,
        _ => timer::handle(&call, "recover", |_| run(Ask::scheduled())).await,
    }
}

async fn erased(call: Call, made: Arc<made::Erasing>) -> Result<Value, Failure> {
    let made::Erasing { ports, source } = &*made;
    queue::each(&call, source, |message| async move { erase::handle(&message, ports).await }).await
}

/// A queue by its name, of all that the configuration knows.
fn source(name: &str, config: &Config, world: &World) -> Result<queue::Source, PortError> {
    let name = name.parse().map_err(PortError::invalid)?;
    let source = queue::Source::new(name, world.handover.clone(), world.clock.clone());
    Ok(source.with(config.queues()))
}
