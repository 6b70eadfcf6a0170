//! What GitHub answers, as far as it is used: unknown fields are ignored, optional ones may be missing or null.
//!
//! The models are written as they are read, so that a cache keeps the part that is used and not GitHub's whole answer.

mod admin;
mod commit;
mod issue;
mod pull;
mod release;
mod tree;

pub use admin::{
    AppInfo, Conversion, HookConfig, HookDelivery, InstallationInfo, Permission, RateLimit, RateLimits,
    RepositoryInfo,
};
pub use commit::{
    ChangedFile, CommitDetail, Comparison, ComparisonStatus, GitCommit, ObjectKind, Parent, Reference,
    RepoCommit, Signature, Standing, TagObject, Target, Verification,
};
pub use issue::{Account, AppName, Comment, Issue, IssueState, Label, ReactionInfo};
pub use pull::{End, PullRequest, RepositoryName};
pub use release::{GeneratedNotes, Release};
pub use tree::{EntryKind, Tree, TreeEntry};

use pointsman_core::release::Sha;
use serde::{Deserialize, Deserializer};

/// Null is the default.
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// What is no sha is none: some answers have an empty text there.
pub(crate) fn maybe_sha<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Sha>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.and_then(|text| text.parse().ok()))
}
