//! What a repository may say about its releases: the `release` part of `.github/pointsman.yaml`.
//!
//! A settings file names no command and no URL, and no path outside the repository.

mod layers;
mod model;
mod part;
mod read;
mod rules;
mod tag;
mod types;

pub use layers::{Layer, resolve};
pub use model::{
    Changelog, ChangelogPath, Component, FileKind, PullRequest, Settings, Strategy, Target, TypeRule,
    VersionFile,
};
pub use part::Part;
pub(crate) use read::checked;
pub use read::{Checked, LONGEST, read, schema};
pub use tag::TagFormat;
pub use types::Types;

/// Where a repository's settings lie.
pub const FILE: &str = ".github/pointsman.yaml";

#[cfg(test)]
mod tests;
