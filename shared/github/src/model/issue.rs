//! Issues (a pull request is one), comments, labels, and who wrote them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::nullable;

/// A user, an organisation, or an App's bot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name; an App's ends in `[bot]`.
    #[serde(default)]
    pub login: String,
    /// Its number.
    #[serde(default)]
    pub id: u64,
    /// `User`, `Organization`, `Bot`.
    #[serde(rename = "type", default, deserialize_with = "nullable")]
    pub kind: String,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Its name.
    #[serde(default)]
    pub name: String,
}

/// Open or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IssueState {
    /// Open.
    Open,
    /// Closed, or merged.
    #[serde(other)]
    Closed,
}

/// An issue or a pull request, as an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// Its title.
    #[serde(default)]
    pub title: String,
    /// What was written.
    #[serde(default)]
    pub body: Option<String>,
    /// Open or not.
    pub state: IssueState,
    /// Who wrote it.
    #[serde(default)]
    pub user: Option<Account>,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Something when it is a pull request.
    #[serde(default)]
    pub pull_request: Option<serde_json::Value>,
}

impl Issue {
    /// Whether it is a pull request.
    pub fn is_pull(&self) -> bool {
        self.pull_request.is_some()
    }
}

/// A comment on an issue, a pull request or a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// What was written.
    #[serde(default, deserialize_with = "nullable")]
    pub body: String,
    /// Who wrote it.
    #[serde(default)]
    pub user: Option<Account>,
    /// The App it was written by.
    #[serde(default)]
    pub performed_via_github_app: Option<AppName>,
    /// What it is a comment on: ends in the issue's number. A commit's comment has none.
    #[serde(default, deserialize_with = "nullable")]
    pub issue_url: String,
    /// Where people see it.
    #[serde(default, deserialize_with = "nullable")]
    pub html_url: String,
    /// When it was written.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}

impl Comment {
    /// The number of the issue or pull request that it is on.
    pub fn issue(&self) -> Option<u64> {
        self.issue_url.rsplit('/').next()?.parse().ok()
    }
}

/// Which App.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppName {
    /// Its number.
    #[serde(default)]
    pub id: u64,
    /// Its name in URLs.
    #[serde(default, deserialize_with = "nullable")]
    pub slug: String,
}

/// A reaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionInfo {
    /// Its number.
    pub id: u64,
    /// Such as `eyes`.
    #[serde(default)]
    pub content: String,
    /// Whose.
    #[serde(default)]
    pub user: Option<Account>,
}
