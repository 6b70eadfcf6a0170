//! A source that asks once: what it was told within one pass holds for that pass.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use pointsman_core::{
    port::PortError,
    release::{Commit, Sha, Source, Tag},
};

use crate::{Repository, RepositorySource};

/// A repository on GitHub at one commit, whose tags and commits are listed once.
#[derive(Debug)]
pub struct Remembered {
    source: RepositorySource,
    head: Sha,
    tags: Mutex<HashMap<String, Vec<Tag>>>,
    since: Mutex<HashMap<Option<String>, Option<Vec<Commit>>>>,
}

impl Remembered {
    /// The repository as it is at `head`.
    pub fn at(repository: Repository, head: Sha) -> Self {
        let source = RepositorySource::at(repository, head.clone());
        Self { source, head, tags: Mutex::default(), since: Mutex::default() }
    }

    /// The commit that it is at.
    pub fn head(&self) -> &Sha {
        &self.head
    }

    /// Its tree: known once the commits were listed, else asked for.
    pub async fn head_tree(&self) -> Result<Sha, PortError> {
        self.source.head_tree().await
    }

    /// Whether this commit was among those that were listed: then the head reaches it.
    pub fn has_listed(&self, commit: &Sha) -> bool {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.values().flatten().flatten().any(|listed| listed.sha == *commit)
    }
}

#[async_trait]
impl Source for Remembered {
    async fn tags(&self, prefix: &str) -> Result<Vec<Tag>, PortError> {
        let known = self.tags.lock().unwrap_or_else(PoisonError::into_inner).get(prefix).cloned();
        if let Some(tags) = known {
            return Ok(tags);
        }
        let tags = self.source.tags(prefix).await?;
        let mut all = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(prefix.to_owned(), tags.clone());
        Ok(tags)
    }

    async fn since(&self, tag: Option<&Tag>) -> Result<Option<Vec<Commit>>, PortError> {
        let key = tag.map(|tag| tag.name.clone());
        let known = self.since.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(commits) = known {
            return Ok(commits);
        }
        let commits = self.source.since(tag).await?;
        self.since.lock().unwrap_or_else(PoisonError::into_inner).insert(key, commits.clone());
        Ok(commits)
    }

    async fn touched(&self, commit: &Sha) -> Result<Vec<String>, PortError> {
        self.source.touched(commit).await
    }

    async fn paths(&self) -> Result<Vec<String>, PortError> {
        self.source.paths().await
    }

    async fn read(&self, path: &str) -> Result<Option<String>, PortError> {
        self.source.read(path).await
    }
}
