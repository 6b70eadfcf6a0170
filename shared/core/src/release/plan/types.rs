//! A plan's words. As JSON they are what `pointsman release plan --json` prints.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use semver::Version;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::release::{
    Bump, Commit, Message, Tag,
    changelog::{Links, Newcomer},
    files::Change,
};

/// What is released next.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plan {
    /// One, or one of each component that is due; none = nothing to release.
    pub releases: Vec<Release>,
    /// What a person should know: a wish that was not followed and why.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

impl Plan {
    /// The release whose changes reach back furthest, of those that follow another one: a newcomer to any release of
    /// the plan is a newcomer since then. `None` = no change came by a pull request.
    pub fn widest(&self) -> Option<&Release> {
        let came = |release: &Release| release.commits.iter().any(|it| it.stands && it.pull().is_some());
        self.releases.iter().any(came).then_some(())?;
        self.releases.iter().max_by_key(|release| (release.since.is_some(), release.commits.len()))
    }
}

/// The next release of the repository, or of one of its components.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Release {
    /// Its component.
    pub component: Option<String>,
    /// The highest version that the head reaches; a pre-release may be it. `None` = this is the first.
    pub current: Option<Version>,
    /// The version that it gets.
    pub next: Version,
    /// How far that is from `current`; of a first version what its changes ask for.
    pub bump: Bump,
    /// The tag that it gets.
    pub tag: String,
    /// The tag whose release the changes are counted from: of `current`, or, when pre-releases become a release, of
    /// the release before them.
    #[serde(skip)]
    pub since: Option<Tag>,
    /// Every commit since then, newest first.
    pub commits: Vec<Counted>,
    /// This version's section of the changelog.
    pub changelog: String,
    /// The files that it changes, the changelog among them. Where two releases of a plan change one file, the later's
    /// text has the changes of both.
    #[serde(serialize_with = "briefly")]
    pub files: Vec<Change>,
}

/// A commit (or one of the messages that a pull request's override gives it), and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// The commit.
    pub commit: Arc<Commit>,
    /// How its message reads, or the message that overrides it.
    pub message: Arc<Message>,
    /// It moves the version.
    pub counted: bool,
    /// How far it moves the version.
    pub bump: Bump,
    /// It is a change of this release: not taken back, no duplicate, within the component. It may move nothing, as
    /// `docs` does. The changelog is made of these.
    pub stands: bool,
    /// Why, for people: `feat moves the minor version`, `reverted by abc1234`.
    pub because: String,
}

impl Counted {
    /// The pull request that it came by; the draft also reads it from the first line's end, `(#12)`.
    pub fn pull(&self) -> Option<u64> {
        self.commit.pull.as_ref().map(|pull| pull.number)
    }
}

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(7))?;
        map.serialize_entry("sha", &self.commit.sha)?;
        map.serialize_entry("type", &self.message.kind)?;
        map.serialize_entry("scope", &self.message.scope)?;
        map.serialize_entry("description", &self.message.description)?;
        map.serialize_entry("breaking", &self.message.breaking)?;
        map.serialize_entry("counted", &self.counted)?;
        map.serialize_entry("because", &self.because)?;
        map.end()
    }
}

/// Without the files' texts.
fn briefly<S: Serializer>(files: &[Change], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Brief<'a> {
        path: &'a str,
        before: Option<&'a str>,
        after: &'a str,
    }
    fn brief(Change { path, before, after, .. }: &Change) -> Brief<'_> {
        Brief { path, before: before.as_deref(), after }
    }
    serializer.collect_seq(files.iter().map(brief))
}

/// What else is to be minded: people's wishes, and what only GitHub knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wishes {
    /// At least this much, by pull request: `/pointsman release minor`.
    pub floors: BTreeMap<u64, Bump>,
    /// Exactly this version, by component: `/pointsman set-version 2.0.0`. `None` is every component that is due.
    pub set: BTreeMap<Option<String>, Version>,
    /// Tags that other targets' open release pull requests claim.
    pub taken: BTreeSet<String>,
    /// Whose first change is among these.
    pub new_contributors: Vec<Newcomer>,
    /// Where links lead; without it the changelog has none.
    pub links: Option<Links>,
}
