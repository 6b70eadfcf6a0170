//! The release's text: recomputed from the last tag to the merge commit, with what people wrote in the notes.

use std::collections::BTreeSet;

use async_trait::async_trait;
use pointsman_core::{
    port::PortError,
    release::{
        Commit, Sha, Source, Tag,
        plan::{self, Release, Wishes},
        proposal,
    },
};
use pointsman_github::Remembered;
use semver::Version;

use crate::{
    check::{Checked, Item},
    desk::{Desk, Halt},
};

/// Tags above a merged version that are looked at: one of them is the line's last release, or there is none.
const LOOKED_AT: usize = 20;

/// A release's name and text.
pub(crate) struct Note {
    pub name: String,
    pub text: String,
    /// Pull requests that it is made of.
    pub pulls: BTreeSet<u64>,
}

/// The repository at the merge commit, as if our own tags were not there: a second run writes what the first one wrote.
struct Without<'s> {
    source: &'s Remembered,
    tags: BTreeSet<&'s str>,
}

#[async_trait]
impl Source for Without<'_> {
    async fn tags(&self, prefix: &str) -> Result<Vec<Tag>, PortError> {
        let mut tags = self.source.tags(prefix).await?;
        tags.retain(|tag| !self.tags.contains(tag.name.as_str()));
        Ok(tags)
    }

    async fn since(&self, tag: Option<&Tag>) -> Result<Option<Vec<Commit>>, PortError> {
        self.source.since(tag).await
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

/// One note an item, in their order.
pub(crate) async fn write(desk: &Desk<'_>, checked: &Checked) -> Result<Vec<Note>, Halt> {
    let source = Remembered::at(desk.repository.clone(), checked.merge.clone());
    let tags = checked.items.iter().map(|item| item.tag.as_str()).collect();
    let source = Without { source: &source, tags };
    let set = checked.items.iter().map(|item| (item.planned.component.clone(), item.version.clone()));
    let mut wishes = Wishes { set: set.collect(), links: Some(desk.repository.links()), ..Wishes::default() };
    // The files were written by the release commit: here only the words count.
    let (settings, now) = (checked.settings.without_files(), desk.stage.ports.clock.now());
    let mut plan = plan::draft(&source, &settings, &wishes, now).await?;
    if settings.changelog.new_contributors {
        let newcomers = desk.repository.newcomers(&plan, &checked.merge, &desk.repository.links()).await?;
        wishes.new_contributors = newcomers.unwrap_or_default();
        if !wishes.new_contributors.is_empty() {
            plan = plan::draft(&source, &settings, &wishes, now).await?;
        }
    }
    let people = proposal::notes(checked.pull.body.as_deref().unwrap_or_default());
    let mut notes = Vec::new();
    for item in &checked.items {
        let due = plan.releases.iter().find(|release| release.component == item.planned.component);
        if item.tagged.is_none()
            && let Some(current) = not_below(&source, checked, item, due).await?
        {
            return Err(not_above(checked, item, &current));
        }
        notes.push(note(checked, item, due, people.as_deref()));
    }
    Ok(notes)
}

/// The last release that the merge commit holds, where it is not below this one: then nothing may be released.
async fn not_below(
    source: &Without<'_>,
    checked: &Checked,
    item: &Item,
    due: Option<&Release>,
) -> Result<Option<Version>, PortError> {
    if let Some(due) = due {
        return Ok(due.current.clone().filter(|current| *current >= item.version));
    }
    // Nothing came since the last release, so the plan does not name it.
    let parts = checked.settings.parts();
    let Some(part) = parts.iter().find(|part| part.component == item.planned.component) else {
        return Ok(None);
    };
    let tags = source.tags(part.tag_format.prefix()).await?;
    let versions = tags.iter().filter_map(|tag| Some((part.tag_format.version(&tag.name)?, tag)));
    let mut above: Vec<_> = versions.filter(|(version, _)| *version >= item.version).collect();
    above.sort_by(|a, b| b.0.cmp(&a.0));
    for (version, tag) in above.into_iter().take(LOOKED_AT) {
        if source.since(Some(tag)).await?.is_some() {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

fn not_above(checked: &Checked, item: &Item, current: &Version) -> Halt {
    Halt::Person {
        key: "not-above",
        text: format!(
            "Version {} is not above {current}, the last release that `{}` holds, so nothing was released.\n\nMerge the \
             next release pull request instead: it has the changes of this one too.",
            item.version, checked.target
        ),
    }
}

fn note(checked: &Checked, item: &Item, due: Option<&Release>, people: Option<&str>) -> Note {
    let section = due.map(|due| due.changelog.as_str()).unwrap_or_default();
    let commits = due.map(|due| due.commits.as_slice()).unwrap_or_default();
    Note {
        name: proposal::release_name(&item.planned, &checked.target, &checked.settings).text,
        text: proposal::release_notes(section, people),
        pulls: commits.iter().filter(|counted| counted.stands).filter_map(|counted| counted.pull()).collect(),
    }
}
