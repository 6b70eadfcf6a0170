//! Which parts are due, and their versions: by what counts, unless a person asks for one; groups share theirs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use semver::Version;

use super::{Advice, Draft, Wishes};
use crate::{
    port::PortError,
    release::{
        Bump, Settings,
        next::{self, Rules},
    },
};

/// A part's next version.
#[derive(Debug, Clone)]
pub(super) struct Next {
    pub version: Version,
    pub bump: Bump,
}

/// For each draft its next version, if it is due.
pub(super) fn decide(
    drafts: &[Draft<'_>],
    settings: &Settings,
    wishes: &Wishes,
    today: Date,
    warnings: &mut Vec<String>,
) -> Result<Vec<Option<Next>>, PortError> {
    let mut decided: Vec<Option<Next>> = vec![None; drafts.len()];
    for members in groups(drafts) {
        let group =
            Group { members: members.iter().map(|index| &drafts[*index]).collect(), settings, wishes, today };
        let Some(version) = group.next(warnings) else { continue };
        for index in members {
            let bump = drafts[index].bump_to(&version, group.wanted());
            decided[index] = Some(Next { version: version.clone(), bump });
        }
    }
    let mut tags = BTreeMap::new();
    for (draft, next) in drafts.iter().zip(&decided) {
        let Some(tag) = next.as_ref().map(|next| draft.part.tag_format.tag(&next.version)) else { continue };
        let name = draft.part.component.as_deref().unwrap_or_default();
        if let Some(other) = tags.insert(tag.clone(), name) {
            let message = format!("the components {other} and {name} would both be tagged {tag}");
            let advice = Advice("put {component} into their tag_format".into());
            return Err(PortError::invalid(message).caused_by(advice));
        }
    }
    Ok(decided)
}

/// Linked parts by group, each other one by itself; in the order of their first.
fn groups(drafts: &[Draft<'_>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, draft) in drafts.iter().enumerate() {
        let same = |members: &&mut Vec<usize>| {
            draft.part.group.is_some() && drafts[members[0]].part.group == draft.part.group
        };
        match groups.iter_mut().find(same) {
            Some(members) => members.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

struct Group<'a> {
    members: Vec<&'a Draft<'a>>,
    settings: &'a Settings,
    wishes: &'a Wishes,
    today: Date,
}

impl Group<'_> {
    fn wanted(&self) -> Bump {
        let counted = self.members.iter().flat_map(|draft| &draft.commits).map(|commit| commit.bump);
        counted.max().unwrap_or_default()
    }

    fn next(&self, warnings: &mut Vec<String>) -> Option<Version> {
        if self.members.iter().all(|draft| draft.commits.is_empty()) {
            return None;
        }
        let wanted = self.wanted();
        if let Some(version) = self.wished(wanted, warnings).or_else(|| self.asked(warnings)) {
            return Some(version);
        }
        if wanted == Bump::None {
            return None;
        }
        let taken = |version: &Version| self.is_taken(version);
        let mut highest = None;
        for draft in &self.members {
            let rules = Rules::of(self.settings, draft.part, self.today);
            match next::next(&rules, &draft.past.line, wanted, &taken) {
                Ok(version) => highest = highest.max(Some(version)),
                Err(why) => {
                    warnings.push(format!("{}{why}", draft.named()));
                    return None;
                }
            }
        }
        highest
    }

    /// What a person asked for by a command: the highest of the group's.
    fn wished(&self, wanted: Bump, warnings: &mut Vec<String>) -> Option<Version> {
        let of = |draft: &&Draft<'_>| {
            let all = (draft.part.component.is_none() || wanted > Bump::None).then_some(None);
            let own = self.wishes.set.get(&draft.part.component);
            own.or_else(|| self.wishes.set.get(&all?)).cloned()
        };
        let version = self.members.iter().filter_map(of).max()?;
        self.possible(version, "set-version", warnings)
    }

    /// What a commit asks for: the newest footer of each member that can be followed, the highest of those.
    fn asked(&self, warnings: &mut Vec<String>) -> Option<Version> {
        let mut of = |draft: &&Draft<'_>| {
            let newest = draft.asked.first()?;
            match &newest.version {
                Ok(version) => self.possible(version.clone(), &newest.by, warnings),
                Err(why) => {
                    warnings.push(format!("{}{} is ignored: {why}", draft.named(), newest.by));
                    None
                }
            }
        };
        self.members.iter().filter_map(&mut of).max()
    }

    fn possible(&self, version: Version, by: &str, warnings: &mut Vec<String>) -> Option<Version> {
        let newest = self.members.iter().filter_map(|draft| draft.past.line.newest.as_ref()).max();
        let name = self.members[0].named();
        if let Some(newest) = newest.filter(|newest| version <= **newest) {
            warnings
                .push(format!("{name}{by} is ignored: {version} is not above {newest}, which is released"));
            return None;
        }
        if self.is_taken(&version) {
            warnings.push(format!("{name}{by} is ignored: {version} is taken by another branch"));
            return None;
        }
        Some(version)
    }

    fn is_taken(&self, version: &Version) -> bool {
        let has = |tags: &BTreeSet<String>, tag: &String| tags.contains(tag);
        self.members.iter().any(|draft| {
            let tag = draft.part.tag_format.tag(version);
            has(&draft.past.tags, &tag) || has(&self.wishes.taken, &tag)
        })
    }
}

impl Draft<'_> {
    /// The component's name before a warning.
    fn named(&self) -> String {
        self.part.component.as_ref().map(|name| format!("{name}: ")).unwrap_or_default()
    }

    fn bump_to(&self, version: &Version, wanted: Bump) -> Bump {
        let newest = self.past.line.newest.as_ref();
        match newest.map(|newest| Bump::between(newest, version)) {
            Some(Bump::None) | None => wanted,
            Some(bump) => bump,
        }
    }
}
