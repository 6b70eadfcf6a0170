//! A program that was built without Azure says so.

use std::sync::Arc;

use anyhow::{Result, bail};
use pointsman_core::{config::Config, port::Secrets};
use pointsman_env::EnvSecrets;

use super::Store;

const HOW: &str = "the configuration says `backend: azure`, and this program was built without Azure: build it with \
                   cargo build --release -p pointsman-app --features azure";

/// Never.
pub async fn open(_: &Config, _: EnvSecrets) -> Result<Store> {
    bail!(HOW)
}

/// Never.
pub async fn secrets(_: &Config, _: EnvSecrets) -> Result<Arc<dyn Secrets>> {
    bail!(HOW)
}
