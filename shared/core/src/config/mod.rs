//! Configuration: one file, `pointsman.yaml`. Every fault is told at once, with line, column and a hint.

pub mod aws;
pub mod azure;
mod care;
#[cfg(feature = "schema")]
mod complaint;
mod effective;
pub(crate) mod fault;
mod humane;
mod model;
pub(crate) mod node;
mod plain;
mod release;
mod rules;
pub(crate) mod schema;
pub(crate) mod yaml;

#[cfg(test)]
mod tests;

pub use aws::Aws;
pub use azure::Azure;
pub use care::{Admin, ERASE, Front, Hook, Hooks, REPLAY, Recover, Retention};
pub use effective::to_yaml;
pub use fault::{Fault, Faults, Mark};
pub use model::{
    Algorithm, Backend, Config, Encoding, Field, Hmac, Queues, QueuesEntry, SessionPointer, Source,
    Subscription, Timestamped, Verify,
};
pub use release::{AUTOMATOR, App, Layers, ORCHESTRATOR, Organisation, Release};
pub use rules::PlacedSecret;
pub use schema::schema;

use node::Cursor;

/// The longest file that is read, in bytes.
pub const LONGEST: usize = yaml::LONGEST;

/// The file's usual name.
pub const FILE: &str = "pointsman.yaml";

/// A configuration without faults.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The configuration. Of an empty text it has no source: see `empty`.
    pub config: Config,
    /// What is doubtful.
    pub warnings: Vec<Fault>,
    /// Every secret that it names, with its place: reading them is the adapter's part.
    pub secrets: Vec<PlacedSecret>,
    /// The text says nothing: as without a file ([`Config::without_file`]).
    pub empty: bool,
}

/// Reads a configuration: as YAML, by the schema, by our own rules; only what passes all three becomes a [`Config`].
pub fn parse(text: &str) -> Result<Checked, Faults> {
    let refused = |faults| Faults::new(FILE, faults);
    let (root, mut faults) = yaml::read(text).map_err(refused)?;
    if root.is_null() && faults.is_empty() {
        return Ok(Checked { config: Config::default(), warnings: vec![], secrets: vec![], empty: true });
    }
    let plain = plain::read(&root);
    if plain.is_none() {
        faults.extend(schema::check(&root));
    }
    let found = rules::check(&Cursor::root(&root));
    faults.extend(found.faults);
    if !faults.is_empty() {
        return Err(Faults { secrets: found.secrets, ..refused(faults) });
    }
    let config = plain.map_or_else(|| serde_json::from_value(root.to_value()), Ok);
    let mut config = config.map_err(|error| refused(vec![Fault::new("", Mark::START, error.to_string())]))?;
    config.release.layers = found.layers;
    Ok(Checked { config, warnings: found.warnings, secrets: found.secrets, empty: false })
}
