//! A program that was built without AWS says so.

use std::sync::Arc;

use anyhow::{Result, bail};
use pointsman_core::{config::Config, port::Secrets};
use pointsman_env::EnvSecrets;

use super::Store;

const HOW: &str = "the configuration says `backend: aws`, and this program was built without AWS: build it with \
                   cargo build --release -p pointsman-app --features aws";

/// Never.
pub async fn open(_: &Config) -> Result<Store> {
    bail!(HOW)
}

/// Never.
pub async fn secrets(_: EnvSecrets) -> Result<Arc<dyn Secrets>> {
    bail!(HOW)
}
