//! What earlier passes learned of a repository. It saves calls, and is no truth: without it they are made.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use pointsman_core::{
    port::{Expect, PortError, Records},
    release::{Bump, Settings, Sha, errand::Place, settings::Target},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::decide::Head;

/// Every repository with a target that was looked at: the schedule's list.
pub const REPOSITORIES: &str = "release/repositories/";

/// A repository as it was last seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    /// `owner/name`, as GitHub writes it.
    pub name: String,
    /// The App's installation.
    pub installation: u64,
    /// GitHub's id for GraphQL.
    pub node: Option<String>,
    /// The default branch.
    pub default_branch: String,
    /// What the settings on the default branch name as targets: branches or patterns.
    pub patterns: Vec<String>,
    /// Branches that were looked at and are targets.
    pub targets: BTreeSet<String>,
    /// Open pull requests are told what they will do.
    pub preview: bool,
    /// Targets that had a pull request for each component: those that are left over are to be closed.
    pub apart: BTreeSet<String>,
}

impl Known {
    /// As it was last written.
    pub async fn of(place: &Place, records: &dyn Records) -> Result<Option<Self>, PortError> {
        read(records, &format!("{REPOSITORIES}{}", place.key())).await
    }

    /// Writes it where it differs from what `was` there.
    pub async fn keep(
        &self,
        was: Option<&Self>,
        place: &Place,
        records: &dyn Records,
    ) -> Result<(), PortError> {
        if was == Some(self) {
            return Ok(());
        }
        write(records, &format!("{REPOSITORIES}{}", place.key()), self).await
    }

    /// The same with what an event tells.
    pub(crate) fn seen(mut self, place: &Place, default_branch: &str) -> Self {
        if self.default_branch != default_branch {
            // What the old default branch said holds no more.
            self.patterns.clear();
        }
        self.name.clone_from(&place.name);
        self.installation = place.installation;
        self.node = place.node.clone().or(self.node);
        self.default_branch = default_branch.to_owned();
        self
    }

    /// The same with what a branch's settings tell.
    pub(crate) fn learn(&mut self, branch: &str, settings: &Settings) {
        if branch == self.default_branch {
            self.patterns = settings.target_patterns(branch).into_iter().map(str::to_owned).collect();
            self.preview = settings.pull_request.preview;
        }
        if settings.is_target(branch, &self.default_branch) {
            self.targets.insert(branch.to_owned());
        } else {
            self.targets.remove(branch);
        }
    }

    /// Whether a branch may be a target, as far as is known.
    pub(crate) fn may_be_target(&self, branch: &str) -> bool {
        if self.patterns.is_empty() || branch == self.default_branch {
            return true;
        }
        let target = |pattern: &String| Target { branch: pattern.clone(), ..Target::default() };
        let settings =
            Settings { targets: self.patterns.iter().map(target).collect(), ..Settings::default() };
        settings.is_target(branch, &self.default_branch)
    }

    /// As an errand's place.
    pub fn place(&self) -> Place {
        Place { name: self.name.clone(), node: self.node.clone(), installation: self.installation }
    }
}

/// At least this much, by pull request: what `/pointsman release` asked for.
pub async fn floors(place: &Place, records: &dyn Records) -> Result<BTreeMap<u64, Bump>, PortError> {
    let prefix = format!("release/floors/{}/", place.key());
    let mut floors = BTreeMap::new();
    let mut after: Option<String> = None;
    loop {
        let page = records.list(&prefix, after.as_deref(), PAGE).await?;
        for record in &page {
            let number: Option<u64> = record.key.strip_prefix(&prefix).and_then(|it| it.parse().ok());
            let bump: Option<Bump> = serde_json::from_slice(&record.value).ok();
            floors.extend(number.zip(bump));
        }
        if page.len() < PAGE {
            return Ok(floors);
        }
        after = page.last().map(|record| record.key.clone());
    }
}

/// Keeps one.
pub async fn keep_floor(
    place: &Place,
    pull: u64,
    bump: Bump,
    records: &dyn Records,
) -> Result<(), PortError> {
    write(records, &format!("release/floors/{}/{pull}", place.key()), &bump).await
}

/// The commit that was last made for a release branch. What a commit is never changes, whether the branch has it or not.
pub(crate) async fn head(
    place: &Place,
    branch: &str,
    sha: &Sha,
    records: &dyn Records,
) -> Result<Option<Head>, PortError> {
    let kept: Option<Head> = read(records, &head_key(place, branch)).await?;
    Ok(kept.filter(|kept| matches!(kept, Head::Ours { sha: made, .. } if made == sha)))
}

/// Keeps it.
pub(crate) async fn keep_head(
    place: &Place,
    branch: &str,
    made: &Head,
    records: &dyn Records,
) -> Result<(), PortError> {
    write(records, &head_key(place, branch), made).await
}

/// Whether this was done before: a comment's command, a fault that was told.
pub async fn is_done(place: &Place, what: &str, records: &dyn Records) -> Result<bool, PortError> {
    Ok(records.get(&done_key(place, what)).await?.is_some())
}

/// Notes that it was done.
pub async fn done(place: &Place, what: &str, records: &dyn Records) -> Result<(), PortError> {
    records.put_if(&done_key(place, what), Bytes::new(), Expect::Anything, None).await.map(drop)
}

/// Records asked for at a time.
const PAGE: usize = 200;

fn head_key(place: &Place, branch: &str) -> String {
    format!("release/heads/{}/{branch}", place.key())
}

fn done_key(place: &Place, what: &str) -> String {
    format!("release/done/{}/{what}", place.key())
}

/// What an older version wrote, and this one cannot read, is as good as absent.
pub(crate) async fn read<T: DeserializeOwned>(
    records: &dyn Records,
    key: &str,
) -> Result<Option<T>, PortError> {
    let record = records.get(key).await?;
    Ok(record.and_then(|record| serde_json::from_slice(&record.value).ok()))
}

/// Writes a record, whatever is there.
pub(crate) async fn write<T: Serialize>(
    records: &dyn Records,
    key: &str,
    value: &T,
) -> Result<(), PortError> {
    let value = serde_json::to_vec(value).map_err(|error| {
        PortError::internal(format!("the record `{key}` cannot be written")).caused_by(error)
    })?;
    records.put_if(key, value.into(), Expect::Anything, None).await.map(drop)
}
