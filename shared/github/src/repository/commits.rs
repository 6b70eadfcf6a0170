//! Commits: what lies between two, what one changed, and new ones.

use pointsman_core::port::{ErrorKind, PortError};
use pointsman_core::release::Sha;
use serde_json::json;

use super::Repository;
use crate::{Comparison, GitCommit, RepoCommit, Standing, ask::Ask, cache::Keep, pages::Cap};

/// What lies between a release and the next is less than this many pages of 250.
const BETWEEN: Cap = Cap { pages: 200, of: "50,000 commits without a release; tag one of the newer ones" };
/// One commit's files: GitHub shows 3,000, in pages of 300.
const FILES: Cap = Cap { pages: 30, of: "GitHub shows no more of a commit's files" };

impl Repository {
    /// How `head` lies to `base`. `None`: they have nothing in common.
    pub async fn standing(&self, base: &Sha, head: &Sha) -> Result<Option<Standing>, PortError> {
        let ask = self.ask_get(&format!("/compare/{base}...{head}")).query(&[("per_page", "1".into())]);
        let standing = self.github.find(&self.auth, &ask, Keep::Immutable).await?;
        if standing.is_none() {
            self.unrelated(base, head).await?;
        }
        Ok(standing)
    }

    /// How `head` lies to `base`, and all commits that only `head` has, oldest first. `None`: nothing in common.
    pub async fn compare(
        &self,
        base: &Sha,
        head: &Sha,
    ) -> Result<Option<(Standing, Vec<RepoCommit>)>, PortError> {
        let ask = self.ask_get(&format!("/compare/{base}...{head}")).query(&[("per_page", "250".into())]);
        // A branch that does not hold the base is not read further: its commits are of no use.
        let aside = |page: &Comparison| !page.standing.reaches();
        let pages = match self.github.until(&self.auth, ask, Keep::Immutable, BETWEEN, aside).await {
            Err(error) if error.kind == ErrorKind::NotFound => {
                return self.unrelated(base, head).await.map(|()| None);
            }
            other => other?,
        };
        let Some(standing) = pages.first().map(|page| page.standing.clone()) else { return Ok(None) };
        let all = pages.first().map_or(0, |page| page.total_commits);
        let commits: Vec<_> = pages.into_iter().flat_map(|page| page.commits).collect();
        if standing.reaches() && (commits.len() as u64) < all {
            let message = format!(
                "GitHub tells of {all} commits between {} and {} and shows {}: try again",
                base.short(),
                head.short(),
                commits.len()
            );
            return Err(PortError::unavailable(message));
        }
        Ok(Some((standing, commits)))
    }

    /// GitHub compares neither what has nothing in common nor what is not visible yet: the second is an error.
    async fn unrelated(&self, base: &Sha, head: &Sha) -> Result<(), PortError> {
        self.git_commit(base).await?;
        self.git_commit(head).await.map(|_| ())
    }

    /// The commits that `head` reaches, newest first: `Invalid` when there are more than `most`.
    pub async fn commits(&self, head: &Sha, most: usize) -> Result<Vec<RepoCommit>, PortError> {
        let ask = self.ask_get("/commits").query(&[("sha", head.to_string()), ("per_page", "100".into())]);
        let cap =
            Cap { pages: most.div_ceil(100).max(1), of: "that is too long a history to read; tag a release" };
        self.github.all(&self.auth, ask, Keep::Immutable, cap).await
    }

    /// The newest commit that `head` reaches and that changed this file, if one did.
    pub async fn last_change(&self, path: &str, head: &Sha) -> Result<Option<Sha>, PortError> {
        let query = [("path", path.to_owned()), ("sha", head.to_string()), ("per_page", "1".to_owned())];
        let ask = self.ask_get("/commits").query(&query);
        let commits: Option<Vec<RepoCommit>> = self.github.find(&self.auth, &ask, Keep::Immutable).await?;
        Ok(commits.and_then(|commits| commits.into_iter().next()).map(|commit| commit.sha))
    }

    /// One commit with the files that it changed against its first parent: 3,000 at most.
    pub async fn commit(&self, sha: &Sha) -> Result<RepoCommit, PortError> {
        let ask = self.ask_get(&format!("/commits/{sha}"));
        let pages =
            self.github.until(&self.auth, ask, Keep::Immutable, FILES, |_: &RepoCommit| false).await?;
        let mut pages = pages.into_iter();
        let unseen = || PortError::unavailable(format!("commit {sha} is not visible at GitHub yet"));
        let mut commit = pages.next().ok_or_else(unseen)?;
        commit.files.extend(pages.flat_map(|page| page.files));
        Ok(commit)
    }

    /// One commit as git has it: its tree, its parents, its whole message.
    pub async fn git_commit(&self, sha: &Sha) -> Result<GitCommit, PortError> {
        self.get(&self.ask_get(&format!("/git/commits/{sha}")), Keep::Immutable).await
    }

    /// Makes a commit; no branch has it yet. Without author and committer, so that GitHub signs it for the App.
    pub async fn create_commit(
        &self,
        message: &str,
        tree: &Sha,
        parents: &[Sha],
    ) -> Result<GitCommit, PortError> {
        let body = json!({ "message": message, "tree": tree, "parents": parents });
        self.change(&Ask::post(self.at("/git/commits"), &body)).await
    }
}
