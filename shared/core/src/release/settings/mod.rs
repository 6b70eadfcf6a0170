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
pub use types::{Rule, Types};

/// Where a repository's settings lie.
pub const FILE: &str = ".github/pointsman.yaml";

/// The templates that hold where a file has none, in the order of [`crate::release::template::Kind`]: changelog, title,
/// body, release name.
pub fn built_in_templates() -> [String; 4] {
    let [changelog, body] = [super::changelog::TEMPLATE, super::proposal::BODY].map(str::to_owned);
    let [title, name] =
        [super::proposal::TITLE, super::proposal::RELEASE_NAME].map(|text| format!("{text}\n"));
    [changelog, title, body, name]
}

#[cfg(test)]
mod tests;
