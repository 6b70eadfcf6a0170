//! A plan's facts from GitHub: a repository at one commit.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use pointsman_core::{
    port::PortError,
    release::{Commit, Pull, Sha, Source, Tag, attribute, message::pull_number},
};

use crate::{EntryKind, ObjectKind, PullRequest, RefName, RepoCommit, Repository};

/// A repository without a release is read this far back.
const FIRST: usize = 20_000;
/// A longer file holds no version.
const LONGEST: usize = 8 << 20;
/// Pages of a hundred closed pull requests that are read at most.
const PULLS: usize = 50;
/// Clocks of those who commit are not GitHub's.
const SKEW: SignedDuration = SignedDuration::from_hours(1);

/// A repository on GitHub at one commit.
#[derive(Debug)]
pub struct RepositorySource {
    repository: Repository,
    head: Sha,
    /// Whether a tag's object is the commit itself, as far as tags were listed.
    kinds: Mutex<HashMap<Sha, ObjectKind>>,
}

impl RepositorySource {
    /// The repository as it is at `head`.
    pub fn at(repository: Repository, head: Sha) -> Self {
        Self { repository, head, kinds: Mutex::default() }
    }

    /// The commit that it is at.
    pub fn head(&self) -> &Sha {
        &self.head
    }

    async fn commit_of(&self, tag: &Tag) -> Result<Option<Sha>, PortError> {
        let kind = self.kinds.lock().unwrap_or_else(PoisonError::into_inner).get(&tag.object).copied();
        match kind {
            Some(ObjectKind::Commit) => Ok(Some(tag.object.clone())),
            Some(ObjectKind::Other) => Ok(None),
            Some(ObjectKind::Tag) => {
                let object = self.repository.tag_object(&tag.object).await?.object;
                Ok((object.kind == ObjectKind::Commit).then_some(object.sha))
            }
            None => match self.repository.reference(&RefName::tag(&tag.name)?).await? {
                Some(reference) => self.repository.peel(&reference).await,
                None => Ok(None),
            },
        }
    }

    /// Says by which merged pull request each commit came.
    async fn join(&self, read: Vec<RepoCommit>) -> Result<Vec<Commit>, PortError> {
        let Some(oldest) = oldest_of_mainline(&read, &self.head) else { return Ok(Vec::new()) };
        let before = |pull: &PullRequest| pull.updated_at.is_some_and(|at| at < oldest - SKEW);
        let closed = self.repository.closed_pulls(None, PULLS, before).await?;
        let merged = || closed.iter().filter(|pull| pull.merged());
        let by_sha: HashMap<_, _> =
            merged().filter_map(|pull| Some((pull.merge_commit_sha.as_ref()?, pull))).collect();
        let by_number: HashMap<_, _> = merged().map(|pull| (pull.number, pull)).collect();
        let known = |pull: &PullRequest| Pull {
            number: pull.number,
            body: Some(pull.body.clone().unwrap_or_default()),
        };
        let above = |commit: &RepoCommit| commit.parents.iter().map(|parent| parent.sha.clone()).collect();
        let parents = read.iter().map(|commit| (commit.sha.clone(), above(commit))).collect();
        let joined = read.into_iter().map(|commit| {
            let mut commit = commit.into_history();
            commit.pull = by_sha.get(&commit.sha).map(|pull| known(pull)).or_else(|| {
                let number = commit.message.lines().next().and_then(pull_number)?;
                Some(by_number.get(&number).map_or(Pull { number, body: None }, |pull| known(pull)))
            });
            commit
        });
        let mut commits: Vec<Commit> = joined.collect();
        attribute(&mut commits, &self.head, &parents);
        for pull in commits.iter_mut().filter_map(|commit| commit.pull.as_mut()) {
            if let Some(known) = by_number.get(&pull.number) {
                pull.body = Some(known.body.clone().unwrap_or_default());
            }
        }
        Ok(commits)
    }
}

#[async_trait]
impl Source for RepositorySource {
    async fn tags(&self, prefix: &str) -> Result<Vec<Tag>, PortError> {
        let read = self.repository.tags(prefix).await?;
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let tags = read.into_iter().map(|reference| {
            kinds.insert(reference.object.sha.clone(), reference.object.kind);
            Tag { name: reference.name.name().to_owned(), object: reference.object.sha }
        });
        Ok(tags.collect())
    }

    async fn since(&self, tag: Option<&Tag>) -> Result<Option<Vec<Commit>>, PortError> {
        let read = match tag {
            None => self.repository.commits(&self.head, FIRST).await?,
            Some(tag) => {
                let Some(base) = self.commit_of(tag).await? else { return Ok(None) };
                match self.repository.compare(&base, &self.head).await? {
                    Some((standing, mut commits)) if standing.reaches() => {
                        commits.reverse();
                        commits
                    }
                    _ => return Ok(None),
                }
            }
        };
        self.join(read).await.map(Some)
    }

    async fn touched(&self, commit: &Sha) -> Result<Vec<String>, PortError> {
        let files = self.repository.commit(commit).await?.files;
        let mut paths = Vec::with_capacity(files.len());
        for file in files {
            paths.extend(file.previous_filename);
            paths.push(file.filename);
        }
        Ok(paths)
    }

    async fn paths(&self) -> Result<Vec<String>, PortError> {
        let tree = self.repository.tree(&self.head).await?;
        if tree.truncated {
            let message = format!(
                "{} has too many files for GitHub to list: name its version files in .github/pointsman.yaml",
                self.repository.slug()
            );
            return Err(PortError::invalid(message));
        }
        let files = tree.tree.into_iter().filter(|entry| entry.kind == EntryKind::Blob);
        Ok(files.map(|entry| entry.path).collect())
    }

    async fn read(&self, path: &str) -> Result<Option<String>, PortError> {
        self.repository.text(path, &self.head, LONGEST).await
    }
}

/// The oldest time on the way from the head along first parents: what was merged was merged no earlier. Commits that
/// came in by a merge may be much older.
fn oldest_of_mainline(commits: &[RepoCommit], head: &Sha) -> Option<Timestamp> {
    let by_sha: HashMap<_, _> = commits.iter().map(|commit| (&commit.sha, commit)).collect();
    let mut at = by_sha.get(head).or_else(|| by_sha.get(&commits.first()?.sha)).copied();
    let (mut oldest, mut seen) = (None::<Timestamp>, HashSet::new());
    while let Some(commit) = at.filter(|commit| seen.insert(&commit.sha)) {
        oldest = Some(oldest.map_or(commit.time(), |time| time.min(commit.time())));
        at = commit.parents.first().and_then(|parent| by_sha.get(&parent.sha)).copied();
    }
    oldest
}
