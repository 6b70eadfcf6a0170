//! The first step: what was merged, and whether it may become a release. Nothing is written.

use pointsman_core::release::{
    Settings, Sha,
    proposal::{self, Marker, Planned, Trailer},
    settings::{self, Part},
};
use pointsman_github::{PullRequest, RefName, RepositorySource};
use semver::Version;

use crate::desk::{Desk, Halt};

/// A merged release pull request, and what comes of it.
pub(crate) struct Checked {
    pub pull: PullRequest,
    pub merge: Sha,
    /// The branch that it was merged into.
    pub target: String,
    /// The settings at the merge commit.
    pub settings: Settings,
    pub items: Vec<Item>,
}

/// One tag and its release.
pub(crate) struct Item {
    pub planned: Planned,
    pub version: Version,
    pub tag: String,
    /// The pull request's title, as an annotated tag's message.
    pub title: String,
    /// The tag is there, at the merge commit.
    pub tagged: Option<Sha>,
    /// No release of this component has a higher version.
    pub latest: bool,
}

/// Reads the pull request, its settings and the tags.
pub(crate) async fn check(desk: &Desk<'_>, number: u64) -> Result<Checked, Halt> {
    let pull = desk.repository.pull(number).await?;
    let pull = pull.ok_or_else(|| match desk.is_young() {
        true => Halt::not_seen_yet(&format!("pull request {number}")),
        false => Halt::Nothing(format!("there is no pull request {number}")),
    })?;
    let merge = merged(desk, &pull)?;
    let target = pull.base.branch.clone();
    let source = RepositorySource::at(desk.repository.clone(), merge.clone());
    let settings = settings(desk, &target, &source).await?;
    let parts = settings.parts();
    let mut items = Vec::new();
    for planned in planned(desk, &pull, &merge, &parts).await? {
        let part = parts.iter().find(|part| part.component == planned.component);
        items.push(item(desk, &pull, &merge, planned, part).await?);
    }
    Ok(Checked { merge, target, settings, items, pull })
}

/// Whether it is ours and merged; as which commit.
fn merged(desk: &Desk<'_>, pull: &PullRequest) -> Result<Sha, Halt> {
    let nothing = |why: &str| Err(Halt::Nothing(why.to_owned()));
    if !pull.from_within(desk.repository.slug()) {
        return nothing("its head is a branch of a fork");
    }
    if !is_of(&pull.head.branch, &pull.base.branch) {
        return nothing("its head is no release branch of its base");
    }
    if !pull.merged() {
        if desk.is_young() && pull.open() {
            return Err(Halt::not_seen_yet(&format!("pull request {} as merged", pull.number)));
        }
        return nothing("it is not merged");
    }
    let merge = pull.merge_commit_sha.clone();
    merge.ok_or_else(|| Halt::not_seen_yet(&format!("the merge commit of pull request {}", pull.number)))
}

/// What it releases: as its commit says, whose words nobody changed after it was merged; below commits of a person, as
/// its description says.
async fn planned(
    desk: &Desk<'_>,
    pull: &PullRequest,
    merge: &Sha,
    parts: &[Part],
) -> Result<Vec<Planned>, Halt> {
    let commit = desk.repository.git_commit(&pull.head.sha).await?;
    if Trailer::is_ours(&commit.message, &commit.tree.sha) {
        let tags = Trailer::tags(&commit.message);
        let planned: Vec<Planned> = tags.iter().filter_map(|tag| of_tag(tag, parts)).collect();
        if !planned.is_empty() && planned.len() == tags.len() {
            return Ok(planned);
        }
    }
    let marker = Marker::of(pull.body.as_deref().unwrap_or_default());
    match marker.filter(|marker| marker.target == pull.base.branch && !marker.releases.is_empty()) {
        Some(marker) => Ok(marker.releases),
        None => Err(Halt::Person {
            key: "marker-missing",
            text: format!(
                "The first line of this pull request's description, a comment that says what it releases, is missing or was \
                 changed, so nothing was released.\n\nMerge the next release pull request instead: it has the changes of \
                 this one too. Or tag {} by hand.",
                merge.short()
            ),
        }),
    }
}

fn of_tag(tag: &str, parts: &[Part]) -> Option<Planned> {
    parts.iter().find_map(|part| {
        let version = part.tag_format.version(tag)?;
        let component = part.component.clone();
        (part.tag_format.tag(&version) == tag).then(|| Planned { component, version, tag: tag.to_owned() })
    })
}

/// Whether a branch is a release branch of that target, of all or of one component.
fn is_of(branch: &str, target: &str) -> bool {
    let whole = proposal::branch(target, None);
    branch.strip_prefix(&whole).is_some_and(|rest| rest.is_empty() || rest.starts_with("--"))
}

/// The settings at the merge commit; where those are broken, the ones that were in force.
async fn settings(desk: &Desk<'_>, target: &str, source: &RepositorySource) -> Result<Settings, Halt> {
    let records = &*desk.stage.ports.records;
    let found = desk.stage.above.in_force(desk.place, target, source, records).await?;
    let settings = found.settings().ok_or_else(|| Halt::Person {
        key: "settings-broken",
        text: format!(
            "The settings in `{}` at the merge commit cannot be read, and none were in force before, so nothing was \
             released. Repair them and push: the release is made then.",
            settings::FILE
        ),
    })?;
    settings.for_target(target).ok_or_else(|| Halt::Nothing(format!("{target} is no target any more")))
}

async fn item(
    desk: &Desk<'_>,
    pull: &PullRequest,
    merge: &Sha,
    planned: Planned,
    part: Option<&Part>,
) -> Result<Item, Halt> {
    let part = part.filter(|part| part.tag_format.tag(&planned.version) == planned.tag);
    let part = part.ok_or_else(|| odd(&planned))?;
    let tags = desk.repository.tags(part.tag_format.prefix()).await?;
    let versions = tags.iter().filter_map(|tag| part.tag_format.version(tag.name.name()));
    let highest = versions.filter(|version| version.pre.is_empty()).max();
    let there = tags.iter().find(|tag| tag.name.name() == planned.tag);
    let commit = match there {
        Some(tag) => desk.repository.peel(tag).await?,
        None => None,
    };
    let release = planned.version.pre.is_empty();
    let item = Item {
        version: planned.version.clone(),
        tag: planned.tag.clone(),
        title: pull.title.clone(),
        tagged: commit.clone().filter(|commit| commit == merge),
        latest: release && highest.is_none_or(|highest| highest <= planned.version),
        planned,
    };
    match commit {
        Some(commit) if commit != *merge => Err(crate::saga::elsewhere(&item, &commit, merge)),
        _ => Ok(item),
    }
}

fn odd(planned: &Planned) -> Halt {
    let what = planned.component.as_deref().map(|name| format!(" of component `{name}`")).unwrap_or_default();
    Halt::Person {
        key: "tag-odd",
        text: format!(
            "Version {}{what} would be tagged `{}`, which is not what the settings at the merge commit say, so nothing was \
             released.\n\nMerge the next release pull request instead: it has the changes of this one too.",
            planned.version, planned.tag
        ),
    }
}

/// The commit that a tag leads to now.
pub(crate) async fn tagged(desk: &Desk<'_>, name: &RefName) -> Result<Option<Sha>, Halt> {
    match desk.repository.reference(name).await? {
        Some(reference) => Ok(desk.repository.peel(&reference).await?),
        None => Ok(None),
    }
}
