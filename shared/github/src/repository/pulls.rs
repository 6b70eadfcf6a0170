//! Pull requests: found by branch, listed, opened and changed.

use pointsman_core::port::{ErrorKind, PortError};
use serde::Serialize;

use super::Repository;
use crate::{ChangedFile, PullRequest, RefName, Refusal, ask::Ask, cache::Keep, pages::Cap};

/// One branch has no more pull requests, open or merged, than this.
const OF_BRANCH: Cap = Cap { pages: 20, of: "more than 2,000 pull requests of one branch" };
/// One changes no more files, as far as GitHub shows them.
const FILES: Cap = Cap { pages: 31, of: "GitHub shows no more of a pull request's files" };
/// Open ones of a whole repository.
const OPEN: Cap = Cap { pages: 50, of: "more than 5,000 open pull requests" };

/// A pull request to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewPull {
    /// The branch that is to be merged, of this repository.
    pub head: String,
    /// Into which branch.
    pub base: String,
    /// Its title.
    pub title: String,
    /// What is written.
    pub body: String,
    /// Not ready for review.
    pub draft: bool,
}

/// How opening a pull request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// It was opened now.
    Made(Box<PullRequest>),
    /// One of this head and base was open already: this one.
    There(Box<PullRequest>),
    /// The head has nothing that the base has not.
    NoCommits,
}

/// What is to be changed of a pull request; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PullChange {
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// `Open` or `Closed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<crate::IssueState>,
}

impl Repository {
    /// One pull request, if there is one of that number.
    pub async fn pull(&self, number: u64) -> Result<Option<PullRequest>, PortError> {
        let ask = self.ask_get(&format!("/pulls/{number}"));
        self.github.find(&self.auth, &ask, Keep::Tagged).await
    }

    /// All pull requests of one of this repository's own branches, open and closed, newest first.
    pub async fn pulls_of(&self, head: &RefName) -> Result<Vec<PullRequest>, PortError> {
        let head = format!("{}:{}", self.slug.owner(), head.name());
        let ask = self.ask_get("/pulls").query(&[
            ("head", head),
            ("state", "all".into()),
            ("per_page", "100".into()),
        ]);
        let pulls: Vec<PullRequest> = self.github.all(&self.auth, ask, Keep::Tagged, OF_BRANCH).await?;
        // A fork of the same owner would pass the filter.
        Ok(pulls.into_iter().filter(|pull| pull.from_within(&self.slug)).collect())
    }

    /// The files that a pull request changes: 3,000 at most, GitHub shows no more.
    pub async fn files(&self, number: u64) -> Result<Vec<ChangedFile>, PortError> {
        let ask = self.ask_get(&format!("/pulls/{number}/files")).query(&[("per_page", "100".into())]);
        self.github.all(&self.auth, ask, Keep::Tagged, FILES).await
    }

    /// Open pull requests, newest first; into one branch, or into any.
    pub async fn open_pulls(&self, base: Option<&RefName>) -> Result<Vec<PullRequest>, PortError> {
        let mut query = vec![("state", "open".to_owned()), ("per_page", "100".to_owned())];
        query.extend(base.map(|base| ("base", base.name().to_owned())));
        let ask = self.ask_get("/pulls").query(&query);
        self.github.all(&self.auth, ask, Keep::Tagged, OPEN).await
    }

    /// Closed pull requests, last changed first, up to the page with one of which `done` says that those behind it do
    /// not matter, and not more than `pages` pages of a hundred.
    pub async fn closed_pulls(
        &self,
        base: Option<&RefName>,
        pages: usize,
        mut done: impl FnMut(&PullRequest) -> bool + Send,
    ) -> Result<Vec<PullRequest>, PortError> {
        let mut query = vec![
            ("state", "closed".to_owned()),
            ("sort", "updated".to_owned()),
            ("direction", "desc".to_owned()),
            ("per_page", "100".to_owned()),
        ];
        query.extend(base.map(|base| ("base", base.name().to_owned())));
        let ask = self.ask_get("/pulls").query(&query);
        let cap = Cap { pages: usize::MAX, of: "" };
        let mut read = 0;
        let last = |page: &Vec<PullRequest>| {
            read += 1;
            read >= pages || page.iter().any(&mut done)
        };
        let pages = self.github.until(&self.auth, ask, Keep::Tagged, cap, last).await?;
        Ok(pages.into_iter().flatten().collect())
    }

    /// Opens a pull request, or finds the one that is open.
    pub async fn open_pull(&self, new: &NewPull) -> Result<Opened, PortError> {
        let error = match self.change(&Ask::post(self.at("/pulls"), new)).await {
            Ok(pull) => return Ok(Opened::Made(Box::new(pull))),
            Err(error) => error,
        };
        match Refusal::of(&error) {
            Some(Refusal::NoCommits) => return Ok(Opened::NoCommits),
            Some(Refusal::PullExists) => {}
            _ if error.kind == ErrorKind::Unavailable => {}
            _ => return Err(error),
        }
        let pulls = self.pulls_of(&RefName::branch(&new.head)?).await?;
        let there = pulls.into_iter().find(|pull| pull.open() && pull.base.branch == new.base);
        there.map(|pull| Opened::There(Box::new(pull))).ok_or(error)
    }

    /// Changes a pull request's title, text or state.
    pub async fn update_pull(&self, number: u64, change: &PullChange) -> Result<PullRequest, PortError> {
        self.change(&Ask::patch(self.at(&format!("/pulls/{number}")), change)).await
    }
}
