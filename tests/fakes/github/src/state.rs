//! All that this GitHub knows besides git's objects. Repositories are shared until they change: old states are cheap.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use pointsman_core::release::Sha;

use crate::{
    git::Git,
    reply::{Refusal, not_found},
    site::Site,
    webhook::Hooks,
};

/// Everything but the objects.
pub(crate) struct World {
    pub now: Timestamp,
    pub site: Site,
    /// By owner/name in lower case.
    pub repos: BTreeMap<String, Arc<Repo>>,
    /// By login in lower case.
    pub users: BTreeMap<String, User>,
    pub apps: BTreeMap<u64, App>,
    pub installations: BTreeMap<u64, Installation>,
    pub tokens: BTreeMap<String, Token>,
    pub hooks: Hooks,
    /// Manifests that wait to be converted, by code.
    pub manifests: BTreeMap<String, serde_json::Value>,
    pub last_id: u64,
}

/// A person, an organisation or a bot.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub id: u64,
    pub login: String,
    /// `User`, `Organization` or `Bot`.
    pub kind: &'static str,
}

/// A GitHub App.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub id: u64,
    pub slug: String,
    pub name: String,
    pub owner: String,
    pub permissions: BTreeMap<String, String>,
    pub events: Vec<String>,
    pub secret: String,
    pub hook_id: u64,
    pub hook_url: String,
    pub created: Timestamp,
}

/// An App on an account.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    pub id: u64,
    pub app: u64,
    pub account: String,
    pub permissions: BTreeMap<String, String>,
    /// Lower-case full names; `None` = all of the account's.
    pub repositories: Option<BTreeSet<String>>,
    pub suspended: Option<Timestamp>,
    pub created: Timestamp,
}

/// What a token lets its bearer do.
#[derive(Debug, Clone)]
pub(crate) enum Token {
    Installation {
        installation: u64,
        permissions: BTreeMap<String, String>,
        /// Lower-case full names; `None` = all of the installation's.
        repositories: Option<BTreeSet<String>>,
        expires: Timestamp,
    },
    Personal {
        login: String,
    },
}

/// A repository.
#[derive(Debug, Clone)]
pub(crate) struct Repo {
    pub id: u64,
    pub owner: String,
    pub name: String,
    pub private: bool,
    pub default_branch: String,
    pub git: Arc<Git>,
    /// In a fork: where the shared bare repository keeps its refs.
    pub namespace: Option<String>,
    /// By full name, such as `refs/heads/main`.
    pub refs: BTreeMap<String, Sha>,
    pub issues: BTreeMap<u64, Issue>,
    pub comments: BTreeMap<u64, Comment>,
    pub commit_comments: BTreeMap<u64, CommitComment>,
    /// By lower-case name.
    pub labels: BTreeMap<String, Label>,
    pub releases: BTreeMap<u64, Release>,
    /// `admin`, `maintain`, `write`, `triage` or `read`, by lower-case login.
    pub roles: BTreeMap<String, &'static str>,
    pub fork_of: Option<String>,
    /// Commits that GitHub signed.
    pub signed: BTreeSet<Sha>,
    pub last_number: u64,
    pub created: Timestamp,
    pub pushed: Timestamp,
}

/// An issue, or a pull request.
#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub id: u64,
    pub number: u64,
    pub title: String,
    pub body: Option<String>,
    pub user: String,
    pub open: bool,
    pub labels: BTreeSet<String>,
    pub reactions: Vec<Reaction>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub closed: Option<Timestamp>,
    pub pull: Option<Pull>,
}

/// What a pull request has more than an issue.
#[derive(Debug, Clone)]
pub(crate) struct Pull {
    pub id: u64,
    /// The full lower-case name of the repository that the head lies in.
    pub head_repo: String,
    pub head_ref: String,
    pub head: Sha,
    pub base_ref: String,
    pub base: Sha,
    pub draft: bool,
    pub merged: Option<Merged>,
    /// The merge that would be, of this base and head; `None` in it = they conflict.
    pub trial: Option<(Sha, Sha, Option<Sha>)>,
}

/// How a pull request was merged.
#[derive(Debug, Clone)]
pub(crate) struct Merged {
    pub at: Timestamp,
    pub by: String,
    pub commit: Sha,
}

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub id: u64,
    pub issue: u64,
    pub user: String,
    pub body: String,
    pub reactions: Vec<Reaction>,
    pub created: Timestamp,
    pub updated: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct CommitComment {
    pub id: u64,
    pub commit: Sha,
    pub user: String,
    pub body: String,
    pub created: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Reaction {
    pub id: u64,
    pub user: String,
    pub content: String,
    pub created: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub id: u64,
    pub name: String,
    pub color: String,
    pub description: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub id: u64,
    pub tag: String,
    pub target: String,
    pub name: Option<String>,
    pub body: Option<String>,
    pub draft: bool,
    pub prerelease: bool,
    /// Said to be the latest (or not to be); without a word the newest one is.
    pub make_latest: Option<bool>,
    pub author: String,
    pub created: Timestamp,
    pub published: Option<Timestamp>,
}

impl World {
    /// A number that nothing else has.
    pub fn id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub fn repo(&self, key: &str) -> Result<&Repo, Refusal> {
        self.repos.get(key).map(AsRef::as_ref).ok_or_else(not_found)
    }

    pub fn repo_mut(&mut self, key: &str) -> Result<&mut Repo, Refusal> {
        self.repos.get_mut(key).map(Arc::make_mut).ok_or_else(not_found)
    }

    /// The user of this login, made when it is first named.
    pub fn user(&mut self, login: &str) -> User {
        let key = login.to_lowercase();
        if let Some(user) = self.users.get(&key) {
            return user.clone();
        }
        let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
        let user = User { id: self.id(), login: login.into(), kind };
        self.users.insert(key, user.clone());
        user
    }
}

impl Repo {
    /// `owner/name` as it is written.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The key in [`World::repos`].
    pub fn key(&self) -> String {
        self.full_name().to_lowercase()
    }

    pub fn branch(&self, name: &str) -> Option<&Sha> {
        self.refs.get(&format!("refs/heads/{name}"))
    }

    /// A branch, a tag, a full ref or the id of a commit, as the commit that it names.
    pub fn resolve(&self, name: &str) -> Result<Option<Sha>, Refusal> {
        let name = if name.is_empty() || name == "HEAD" { &self.default_branch } else { name };
        let named = ["refs/heads/", "refs/tags/", "refs/", ""]
            .iter()
            .find_map(|prefix| self.refs.get(&format!("{prefix}{name}")).cloned());
        let sha = match named {
            Some(sha) => sha,
            None => match name.parse() {
                Ok(sha) => sha,
                Err(_) => return Ok(None),
            },
        };
        Ok(self.git.peel(&sha)?)
    }

    pub fn issue(&self, number: u64) -> Result<&Issue, Refusal> {
        self.issues.get(&number).ok_or_else(not_found)
    }

    pub fn issue_mut(&mut self, number: u64) -> Result<&mut Issue, Refusal> {
        self.issues.get_mut(&number).ok_or_else(not_found)
    }

    /// The issue of this number, if it is a pull request.
    pub fn pull(&self, number: u64) -> Result<(&Issue, &Pull), Refusal> {
        let issue = self.issue(number)?;
        issue.pull.as_ref().map(|pull| (issue, pull)).ok_or_else(not_found)
    }

    pub fn pull_mut(&mut self, number: u64) -> Result<&mut Pull, Refusal> {
        self.issue_mut(number)?.pull.as_mut().ok_or_else(not_found)
    }
}
