//! Which files commits changed: asked once for each commit, and only where it matters.

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    port::PortError,
    release::{Sha, Source},
};

/// How many commits are asked for at a time.
const AT_ONCE: usize = 4;

/// What is known of commits' paths.
pub(super) struct Touched<'a> {
    source: &'a dyn Source,
    known: HashMap<Sha, Vec<String>>,
}

impl<'a> Touched<'a> {
    pub fn new(source: &'a dyn Source) -> Self {
        Self { source, known: HashMap::new() }
    }

    /// Reads what is not known.
    pub async fn read(&mut self, commits: impl Iterator<Item = Sha>) -> Result<(), PortError> {
        let source = self.source;
        let unknown: Vec<Sha> = commits.filter(|sha| !self.known.contains_key(sha)).collect();
        let asked = unknown.into_iter().map(|sha| async move {
            let paths = source.touched(&sha).await?;
            Ok::<_, PortError>((sha, paths))
        });
        let read: Vec<_> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        self.known.extend(read);
        Ok(())
    }

    /// What a commit changed, as far as it was read.
    pub fn of(&self, commit: &Sha) -> &[String] {
        self.known.get(commit).map_or(&[], Vec::as_slice)
    }
}
