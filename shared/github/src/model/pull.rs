//! Pull requests.

use jiff::Timestamp;
use pointsman_core::release::Sha;
use serde::{Deserialize, Serialize};

use super::{Account, IssueState, Label, maybe_sha, nullable};
use crate::Slug;

/// A pull request. A list leaves out what is marked so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Open or closed; a merged one is closed.
    pub state: IssueState,
    /// Its title.
    #[serde(default)]
    pub title: String,
    /// What was written.
    #[serde(default)]
    pub body: Option<String>,
    /// Not ready for review.
    #[serde(default)]
    pub draft: bool,
    /// Who opened it.
    #[serde(default)]
    pub user: Option<Account>,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// What is merged.
    pub head: End,
    /// Into what.
    pub base: End,
    /// When it was merged.
    #[serde(default)]
    pub merged_at: Option<Timestamp>,
    /// Once merged: the merge, squash or last rebased commit. Before: a test merge, which says nothing.
    #[serde(default, deserialize_with = "maybe_sha")]
    pub merge_commit_sha: Option<Sha>,
    /// Who merged it; not in lists.
    #[serde(default)]
    pub merged_by: Option<Account>,
    /// What its author is to the repository: `MEMBER`, `FIRST_TIME_CONTRIBUTOR`...
    #[serde(default, deserialize_with = "nullable")]
    pub author_association: String,
    /// Where people see it.
    #[serde(default, deserialize_with = "nullable")]
    pub html_url: String,
    /// When it was opened.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When anything of it was last changed.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}

impl PullRequest {
    /// Whether it was merged.
    pub fn merged(&self) -> bool {
        self.merged_at.is_some()
    }

    /// Whether it is open.
    pub fn open(&self) -> bool {
        self.state == IssueState::Open
    }

    /// Whether its head is a branch of this very repository and not of a fork.
    pub fn from_within(&self, repository: &Slug) -> bool {
        self.head
            .repo
            .as_ref()
            .is_some_and(|repo| repo.full_name.eq_ignore_ascii_case(&repository.to_string()))
    }
}

/// One end of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The branch's name.
    #[serde(rename = "ref")]
    pub branch: String,
    /// Its head; of a closed pull request, as it was then.
    pub sha: Sha,
    /// Whose branch; none when the fork was deleted.
    #[serde(default)]
    pub repo: Option<RepositoryName>,
}

/// Which repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryName {
    /// `owner/name`.
    pub full_name: String,
}
