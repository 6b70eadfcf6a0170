//! Where a plan's facts come from: a repository at one commit, on GitHub or in a local clone.

use async_trait::async_trait;

use super::{Commit, Sha, Tag};
use crate::port::PortError;

/// A repository at one commit, its head. What it says of that commit never changes; tags may.
#[async_trait]
pub trait Source: Send + Sync {
    /// All tags whose names begin with `prefix`, in no order.
    async fn tags(&self, prefix: &str) -> Result<Vec<Tag>, PortError>;

    /// The commits that the head reaches and the tag does not, newest first, merges included; without a tag all of
    /// them. `None` = the head does not reach the tag.
    async fn since(&self, tag: Option<&Tag>) -> Result<Option<Vec<Commit>>, PortError>;

    /// The paths that a commit of the head's history changed, against its first parent.
    async fn touched(&self, commit: &Sha) -> Result<Vec<String>, PortError>;

    /// Every file's path at the head.
    async fn paths(&self) -> Result<Vec<String>, PortError>;

    /// A file at the head: `None` = there is none. `Invalid` = it is no UTF-8 text, or too large to be a version file.
    async fn read(&self, path: &str) -> Result<Option<String>, PortError>;
}
