//! What the command line says of where things are: the configuration, the data folder, the store.

use std::fs;

use anyhow::{Context as _, Result, anyhow};
use pointsman_core::{
    config::{self, Config},
    port::{QueueName, QueueSettings},
    rules::Rules,
};
use pointsman_env::{Loader, Origin, places};

use crate::{cli::Common, logs::Format, store::Store};

/// The file in the data folder in which the server keeps the secret that it made.
const SECRET: &str = "webhook-secret";

/// One run of a command.
#[derive(Debug)]
pub struct Context {
    /// What every command takes.
    pub common: Common,
    /// Results as JSON.
    pub json: bool,
    /// How it is logged.
    pub logs: Format,
}

impl Context {
    /// Of this command line.
    pub fn new(common: Common, logs: Format) -> Self {
        Self { json: common.json, common, logs }
    }

    /// Finds and checks the configuration, with its secrets.
    pub fn loader(&self, listen: Option<std::net::SocketAddr>) -> Loader {
        Loader { config: self.common.config.clone(), data: self.common.data.clone(), listen }
    }

    /// The configuration, for a command that verifies nothing: no secret is read and none is made.
    pub fn config(&self) -> Result<Config> {
        let loader = self.loader(None);
        let written = match loader.origin() {
            Origin::BuiltIn => None,
            Origin::File(path) => {
                let shown = path.display();
                let text = fs::read_to_string(&path)
                    .with_context(|| format!("the configuration file {shown} cannot be read"))?;
                let checked = config::parse(&text).map_err(|faults| {
                    anyhow!("the configuration has faults\n{}", faults.in_file(shown.to_string()))
                })?;
                (!checked.empty).then_some(checked.config)
            }
        };
        let data = |config: &Config| self.common.data.clone().unwrap_or_else(|| config.data.clone());
        let mut config =
            written.unwrap_or_else(|| Config::without_file(&data(&Config::default()).join(SECRET)));
        config.data = data(&config);
        places(&mut config)?;
        Ok(config)
    }

    /// The rules, for a command that verifies nothing.
    pub async fn rules(&self) -> Result<Rules> {
        Ok(Rules::unverifying(&self.config()?).await?)
    }

    /// The store in the data folder: this process's own, or over the one that holds it. With `--data` a faulty
    /// configuration is no obstacle: what is in the queues can be had all the same.
    pub async fn store(&self, purpose: &str) -> Result<Store> {
        Store::open(&self.config_if_any()?, purpose).await
    }

    /// The configuration, for a command that needs little of it: with `--data` a faulty one is no obstacle.
    pub fn config_if_any(&self) -> Result<Config> {
        match (self.config(), &self.common.data) {
            (Ok(config), _) => Ok(config),
            (Err(error), None) => Err(error),
            (Err(error), Some(data)) => {
                tracing::warn!("going on without the configuration: {error:#}");
                Ok(Config { data: data.clone(), ..Config::default() })
            }
        }
    }

    /// How this queue behaves by the configuration.
    pub fn queue_settings(&self, queue: &QueueName) -> QueueSettings {
        let queues = self.config().map(|config| config.queues()).unwrap_or_default();
        queues.into_iter().find(|(name, _)| *name == queue.origin()).map(|(_, it)| it).unwrap_or_default()
    }
}

/// The queue of this name, or an error that lists the known ones.
pub async fn known_queue(store: &Store, name: &str) -> Result<QueueName> {
    let known = store.admin.list().await?;
    let parsed: Option<QueueName> = name.parse().ok();
    if let Some(queue) = parsed.filter(|queue| known.contains(&queue.origin())) {
        return Ok(queue);
    }
    let known = known.iter().map(QueueName::as_str).collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { "there is none yet: start the server once".into() } else { known };
    Err(anyhow!("there is no queue `{name}`; known queues: {known}"))
}
