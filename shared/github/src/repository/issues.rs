//! What is said: comments, reactions and labels of issues and pull requests, and comments on commits.

use pointsman_core::port::{ErrorKind, PortError};
use pointsman_core::release::Sha;
use serde_json::json;

use super::Repository;
use crate::{Comment, Issue, Label, ReactionInfo, ask::Ask, cache::Keep, pages::Cap, path};

/// Comments of one thing.
const COMMENTS: Cap = Cap { pages: 50, of: "more than 5,000 comments are not read" };

/// A reaction to a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Seen.
    Eyes,
    /// Done.
    Rocket,
    /// Yes.
    PlusOne,
    /// No.
    MinusOne,
    /// What?
    Confused,
}

impl Reaction {
    /// As GitHub writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eyes => "eyes",
            Self::Rocket => "rocket",
            Self::PlusOne => "+1",
            Self::MinusOne => "-1",
            Self::Confused => "confused",
        }
    }
}

impl Repository {
    /// An issue or pull request, if there is one of that number.
    pub async fn issue(&self, number: u64) -> Result<Option<Issue>, PortError> {
        let ask = self.ask_get(&format!("/issues/{number}"));
        self.github.find(&self.auth, &ask, Keep::Tagged).await
    }

    /// All comments of an issue or pull request, oldest first.
    pub async fn comments(&self, number: u64) -> Result<Vec<Comment>, PortError> {
        let ask = self.ask_get(&format!("/issues/{number}/comments")).query(&[("per_page", "100".into())]);
        self.github.all(&self.auth, ask, Keep::Tagged, COMMENTS).await
    }

    /// One comment of an issue or pull request, if it is there.
    pub async fn comment(&self, id: u64) -> Result<Option<Comment>, PortError> {
        let ask = self.ask_get(&format!("/issues/comments/{id}"));
        self.github.find(&self.auth, &ask, Keep::Tagged).await
    }

    /// Writes a comment to an issue or pull request.
    pub async fn create_comment(&self, number: u64, body: &str) -> Result<Comment, PortError> {
        let target = self.at(&format!("/issues/{number}/comments"));
        self.change(&Ask::post(target, &json!({ "body": body }))).await
    }

    /// Writes a comment anew.
    pub async fn update_comment(&self, id: u64, body: &str) -> Result<Comment, PortError> {
        let target = self.at(&format!("/issues/comments/{id}"));
        self.change(&Ask::patch(target, &json!({ "body": body }))).await
    }

    /// Deletes a comment; one that is not there is success.
    pub async fn delete_comment(&self, id: u64) -> Result<(), PortError> {
        match self.write(&Ask::delete(self.at(&format!("/issues/comments/{id}")))).await {
            Err(error) if error.kind != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// All reactions to a comment of an issue or pull request.
    pub async fn reactions(&self, comment: u64) -> Result<Vec<ReactionInfo>, PortError> {
        let ask = self.ask_get(&format!("/issues/comments/{comment}/reactions"));
        let ask = ask.query(&[("per_page", "100".into())]);
        self.github.all(&self.auth, ask, Keep::Tagged, COMMENTS).await
    }

    /// Reacts to a comment; a second time changes nothing.
    pub async fn react(&self, comment: u64, reaction: Reaction) -> Result<(), PortError> {
        let target = self.at(&format!("/issues/comments/{comment}/reactions"));
        self.write(&Ask::post(target, &json!({ "content": reaction.as_str() }))).await.map(|_| ())
    }

    /// Adds labels to an issue or pull request; those that the repository has not are made. All of its labels come back.
    pub async fn add_labels(&self, number: u64, labels: &[String]) -> Result<Vec<Label>, PortError> {
        let target = self.at(&format!("/issues/{number}/labels"));
        self.change(&Ask::post(target, &json!({ "labels": labels }))).await
    }

    /// Takes a label off; one that is not there is success.
    pub async fn remove_label(&self, number: u64, label: &str) -> Result<(), PortError> {
        let target = self.at(&format!("/issues/{number}/labels/{}", path::segment(label)));
        match self.write(&Ask::delete(target)).await {
            Err(error) if error.kind != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// All comments on a commit, oldest first.
    pub async fn commit_comments(&self, sha: &Sha) -> Result<Vec<Comment>, PortError> {
        let ask = self.ask_get(&format!("/commits/{sha}/comments")).query(&[("per_page", "100".into())]);
        self.github.all(&self.auth, ask, Keep::Tagged, COMMENTS).await
    }

    /// Writes a comment to a commit.
    pub async fn create_commit_comment(&self, sha: &Sha, body: &str) -> Result<Comment, PortError> {
        let target = self.at(&format!("/commits/{sha}/comments"));
        self.change(&Ask::post(target, &json!({ "body": body }))).await
    }
}
