//! Refs, tags, commits and what lies between two of them.

use jiff::Timestamp;
use pointsman_core::release::{Author, Commit, Sha};
use serde::{Deserialize, Serialize};

use super::{Account, nullable};
use crate::RefName;

/// What a ref or tag points to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its id.
    pub sha: Sha,
    /// What it is.
    #[serde(rename = "type", default)]
    pub kind: ObjectKind,
}

/// What a git object is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    /// A commit.
    Commit,
    /// An annotated tag: it points on to what it tags.
    Tag,
    /// A tree or a blob.
    #[default]
    #[serde(other)]
    Other,
}

/// A branch or tag, as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Which.
    #[serde(rename = "ref")]
    pub name: RefName,
    /// What it points to.
    pub object: Target,
}

/// An annotated tag's object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagObject {
    /// Its own id.
    pub sha: Sha,
    /// Its name.
    #[serde(default)]
    pub tag: String,
    /// What was written to it.
    #[serde(default, deserialize_with = "nullable")]
    pub message: String,
    /// What it tags.
    pub object: Target,
}

/// How two commits lie to one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ComparisonStatus {
    /// The head has commits that the base has not, and all of the base's.
    Ahead,
    /// The base has commits that the head has not, and all of the head's.
    Behind,
    /// They are the same.
    Identical,
    /// Each has commits that the other has not.
    Diverged,
}

/// How a head lies to a base, without its commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// In one word.
    pub status: ComparisonStatus,
    /// Commits that only the head has.
    #[serde(default)]
    pub ahead_by: u64,
    /// Commits that only the base has.
    #[serde(default)]
    pub behind_by: u64,
}

impl Standing {
    /// Whether the head reaches the base: then the base is an ancestor of the head, or the head itself.
    pub fn reaches(&self) -> bool {
        matches!(self.status, ComparisonStatus::Ahead | ComparisonStatus::Identical)
    }
}

/// How a head lies to a base, and one page of the commits that only the head has, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// How they lie to one another.
    #[serde(flatten)]
    pub standing: Standing,
    /// How many commits there are on all pages.
    #[serde(default)]
    pub total_commits: u64,
    /// The commits.
    #[serde(default)]
    pub commits: Vec<RepoCommit>,
}

/// A commit, as GitHub's own API (not git's part of it) shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepoCommit {
    /// Its id.
    pub sha: Sha,
    /// What git knows of it.
    pub commit: CommitDetail,
    /// The account of who wrote it, where one has their e-mail address.
    #[serde(default)]
    pub author: Option<Account>,
    /// The account of who committed it.
    #[serde(default)]
    pub committer: Option<Account>,
    /// Its parents, the first first.
    #[serde(default)]
    pub parents: Vec<Parent>,
    /// What it changed against its first parent; only where one commit was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ChangedFile>,
}

/// One of a commit's parents, or its tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Its id.
    pub sha: Sha,
}

/// What git knows of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitDetail {
    /// All of its message.
    #[serde(default, deserialize_with = "nullable")]
    pub message: String,
    /// Who wrote it, and when.
    #[serde(default)]
    pub author: Option<Signature>,
    /// Who committed it, and when.
    #[serde(default)]
    pub committer: Option<Signature>,
    /// What it holds.
    #[serde(default)]
    pub tree: Option<Parent>,
}

/// Who and when. The e-mail address is not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The name as git has it.
    #[serde(default, deserialize_with = "nullable")]
    pub name: String,
    /// When.
    #[serde(default)]
    pub date: Option<Timestamp>,
}

/// A file that a commit changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFile {
    /// Its path, after the change.
    pub filename: String,
    /// Its path before, where it was renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_filename: Option<String>,
}

impl RepoCommit {
    /// When it was committed.
    pub fn time(&self) -> Timestamp {
        let signed = self.commit.committer.as_ref().or(self.commit.author.as_ref());
        signed.and_then(|by| by.date).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// In the words of a release's history; its pull request is not known here.
    #[must_use]
    pub fn into_history(self) -> Commit {
        let time = self.time();
        let login = self.author.map(|account| account.login).filter(|login| !login.is_empty());
        let name = self.commit.author.map(|by| by.name).filter(|name| !name.is_empty());
        let name = name.or_else(|| login.clone());
        Commit {
            sha: self.sha,
            message: self.commit.message,
            time,
            parents: self.parents.len(),
            author: name.map(|name| Author { name, login }),
            pull: None,
        }
    }
}

/// A commit, as git's part of the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitCommit {
    /// Its id.
    pub sha: Sha,
    /// What it holds.
    pub tree: Parent,
    /// All of its message.
    #[serde(default, deserialize_with = "nullable")]
    pub message: String,
    /// Its parents, the first first.
    #[serde(default)]
    pub parents: Vec<Parent>,
    /// Who wrote it, and when.
    #[serde(default)]
    pub author: Option<Signature>,
    /// Whether GitHub calls it Verified.
    #[serde(default)]
    pub verification: Option<Verification>,
}

/// What GitHub says of a commit's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Verified.
    #[serde(default)]
    pub verified: bool,
    /// Why not, or `valid`.
    #[serde(default, deserialize_with = "nullable")]
    pub reason: String,
}
