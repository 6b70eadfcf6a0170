//! Records: what the release stages learned of a repository, and what is kept of GitHub's answers.

use std::collections::BTreeMap;

use pointsman_core::{
    facts::Repository,
    port::{Expect, PortError, Record},
};
use pointsman_github::{ANSWERS, is_about_installation, is_about_repository};
use serde::Deserialize;

use crate::{Scope, Work};

/// What the release stages keep: `release/{kind}/{owner}/{name}` and below it.
const RELEASE: &str = "release/";

/// The kind that names every repository, with its installation.
const REPOSITORIES: &str = "repositories";

/// Repositories' names by their numbers, kept for a day: `recover/names/{source}/{installation}/{part}`.
const NAMES: &str = "recover/names/";

/// Deliveries that GitHub was asked for, of a repository's webhook: `recover/asked/{source}/{owner}/{name}/{webhook}/{id}`.
const ASKED: &str = "recover/asked/";

/// Records asked for at a time.
const PAGE: usize = 200;

/// As much of a repository's record as tells whose it is.
#[derive(Deserialize)]
struct Known {
    installation: u64,
}

impl Work<'_> {
    pub(crate) async fn kept(&mut self) -> Result<(), PortError> {
        match self.scope {
            Scope::Repository(repository) => self.learned(repository).await?,
            Scope::Installation(id) => self.learned_by(*id).await?,
        }
        self.answers().await
    }

    /// All that was learned of one repository.
    async fn learned(&mut self, repository: &Repository) -> Result<(), PortError> {
        let name = repository.full_name();
        if !self.repositories.insert(name.clone()) {
            return Ok(());
        }
        for kind in self.kinds().await? {
            let key = format!("{RELEASE}{kind}/{name}");
            self.below(&format!("{key}/"), |_| true).await?;
            if self.ports.records.get(&key).await?.is_some() {
                self.remove(&key).await?;
            }
        }
        Ok(())
    }

    /// The repositories that were last seen with this installation.
    async fn learned_by(&mut self, installation: u64) -> Result<(), PortError> {
        let prefix = format!("{RELEASE}{REPOSITORIES}/");
        let mut after = None;
        loop {
            let page = self.ports.records.list(&prefix, after.as_deref(), PAGE).await?;
            for record in page.iter().filter(|it| installation_of(it) == Some(installation)) {
                if let Some(repository) = Repository::parse(&record.key[prefix.len()..]) {
                    self.learned(&repository).await?;
                }
            }
            let full = page.len() == PAGE;
            after = page.into_iter().next_back().map(|record| record.key);
            if !full {
                return Ok(());
            }
        }
    }

    /// An erased installation's delivery names this repository: what was learned of it goes too, unless it is another
    /// installation's by now.
    pub(crate) async fn named(&mut self, repository: &Repository) -> Result<(), PortError> {
        let Scope::Installation(id) = self.scope else { return Ok(()) };
        let name = repository.full_name();
        if self.repositories.contains(&name) {
            return Ok(());
        }
        let known = self.ports.records.get(&format!("{RELEASE}{REPOSITORIES}/{name}")).await?;
        match known.as_ref().and_then(installation_of) {
            Some(other) if other != *id => {
                self.repositories.insert(name);
                Ok(())
            }
            _ => self.learned(repository).await,
        }
    }

    /// The kinds of records, the one that names the installation last: a run that is broken off finds it again.
    async fn kinds(&self) -> Result<Vec<String>, PortError> {
        let (mut kinds, mut after) = (Vec::new(), None::<String>);
        while let Some(record) =
            self.ports.records.list(RELEASE, after.as_deref(), 1).await?.into_iter().next()
        {
            let Some((kind, _)) = record.key[RELEASE.len()..].split_once('/') else {
                after = Some(record.key);
                continue;
            };
            // `0` comes right after `/`: beyond all of this kind's.
            after = Some(format!("{RELEASE}{kind}0"));
            kinds.push(kind.to_owned());
        }
        kinds.sort_by_key(|kind| kind == REPOSITORIES);
        Ok(kinds)
    }

    async fn answers(&mut self) -> Result<(), PortError> {
        match self.scope {
            Scope::Repository(repository) => {
                let name = repository.full_name();
                // A list goes whole: who misses it asks GitHub again.
                self.below(NAMES, |record| lists(record, &name)).await?;
                self.below(ASKED, |record| is_of_hook(&record.key, &name)).await?;
                self.below(ANSWERS, |record| is_about_repository(&record.value, &name)).await
            }
            Scope::Installation(id) => {
                let own = id.to_string();
                self.below(NAMES, |record| record.key.split('/').nth(3) == Some(&own)).await?;
                self.below(ANSWERS, |record| is_about_installation(&record.value, *id)).await
            }
        }
    }

    /// Removes the records with this prefix that `is_ours` says are.
    async fn below(
        &mut self,
        prefix: &str,
        is_ours: impl Fn(&Record) -> bool + Send,
    ) -> Result<(), PortError> {
        let mut after = None;
        loop {
            let page = self.ports.records.list(prefix, after.as_deref(), PAGE).await?;
            let ours: Vec<String> =
                page.iter().filter(|it| is_ours(it)).map(|record| record.key.clone()).collect();
            for key in ours {
                self.remove(&key).await?;
            }
            let full = page.len() == PAGE;
            after = page.into_iter().next_back().map(|record| record.key);
            if !full {
                return Ok(());
            }
        }
    }

    async fn remove(&mut self, key: &str) -> Result<(), PortError> {
        if !self.dry_run {
            self.ports.records.delete(key, Expect::Anything).await?;
        }
        self.removed.records += 1;
        Ok(())
    }
}

fn lists(record: &Record, name: &str) -> bool {
    let names: Result<BTreeMap<String, String>, _> = serde_json::from_slice(&record.value);
    names.is_ok_and(|names| names.values().any(|known| known == name))
}

fn is_of_hook(key: &str, name: &str) -> bool {
    let after_source = key[ASKED.len()..].split_once('/').map(|(_, rest)| rest);
    after_source.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('/'))
}

fn installation_of(record: &Record) -> Option<u64> {
    serde_json::from_slice(&record.value).ok().map(|known: Known| known.installation)
}
