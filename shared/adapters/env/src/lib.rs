//! Secrets from the environment and files, the system's clock, configuration loading: what a plain machine offers.
//!
//! Beside the stages' `config.rs` files, this is the only place that reads the environment.

mod clock;
mod generated;
mod loader;
mod places;
mod secrets;
mod watcher;

pub use clock::SystemClock;
pub use generated::generated_secret;
pub use loader::{LoadError, Loaded, Loader, Origin};
pub use places::places;
pub use secrets::EnvSecrets;
pub use watcher::{Update, Watcher};
