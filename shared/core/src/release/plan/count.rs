//! What each change counts for one part, and why, in words for people.

use std::collections::HashSet;

use jiff::civil::Date;
use semver::Version;

use super::{Counted, Wishes, changes::Change, paths::Touched};
use crate::{
    port::PortError,
    release::{
        Bump, Settings,
        next::{self, Line, Rules},
        settings::{Part, Strategy},
        text::plain,
    },
};

/// A version that a footer asks for.
#[derive(Debug)]
pub(super) struct Asked {
    /// `Release-As: 2.0.0` in abc1234.
    pub by: String,
    /// The version, or what is wrong with it.
    pub version: Result<Version, String>,
}

/// What holds for all changes of one part.
pub(super) struct Counter<'a> {
    pub part: &'a Part,
    pub settings: &'a Settings,
    pub wishes: &'a Wishes,
    pub line: &'a Line,
    pub today: Date,
}

impl Counter<'_> {
    /// Counts them, newest first.
    pub async fn count(
        &self,
        changes: Vec<Change>,
        touched: &mut Touched<'_>,
    ) -> Result<(Vec<Counted>, Vec<Asked>), PortError> {
        let floored = self.floored(&changes);
        let floor = |index: usize| {
            let pull = changes[index].commit.pull.as_ref().filter(|_| floored.contains(&index))?;
            self.wishes.floors.get(&pull.number).copied()
        };
        if self.has_paths() {
            let matters = |(index, change): &(usize, &Change)| self.matters(change, floor(*index));
            let asked = changes.iter().enumerate().filter(matters);
            touched.read(asked.map(|(_, change)| change.commit.sha.clone())).await?;
        }
        let mut counted = Vec::with_capacity(changes.len());
        let mut asked = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            let one = self.one(change, floor(index), touched);
            if change.out.is_none() && self.owns(change, touched) {
                asked.extend(release_as(change));
            }
            counted.push(one);
        }
        Ok((counted, asked))
    }

    fn one(&self, change: &Change, floor: Option<Bump>, touched: &Touched<'_>) -> Counted {
        let told = |counted, bump, stands, because| Counted {
            commit: change.commit.clone(),
            message: change.message.clone(),
            counted,
            bump,
            stands,
            because,
        };
        let no = |because| told(false, Bump::None, false, because);
        if let Some(out) = &change.out {
            return no(out.clone());
        }
        let own = self.own(change);
        let bump = own.max(floor.unwrap_or_default());
        if self.matters(change, floor) && !self.owns(change, touched) {
            return no(match self.part.path.as_str() {
                "" => "changes nothing that belongs to it".into(),
                path => format!("changes nothing below {path}"),
            });
        }
        if bump == Bump::None {
            let named = release_as(change).map(|asked| format!("asks for a version by {}", asked.by));
            let because = named.unwrap_or_else(|| nothing(change));
            return told(false, Bump::None, self.listed(change), because);
        }
        told(true, bump, true, self.because(change, own, bump))
    }

    /// What the change itself moves.
    fn own(&self, change: &Change) -> Bump {
        match &change.message.kind {
            _ if change.message.breaking => Bump::Major,
            Some(kind) => self.settings.rule(kind).bump,
            None => Bump::None,
        }
    }

    fn listed(&self, change: &Change) -> bool {
        change.message.kind.as_ref().is_some_and(|kind| self.settings.rule(kind).section.is_some())
    }

    /// Whether it makes a difference which part the change belongs to.
    fn matters(&self, change: &Change, floor: Option<Bump>) -> bool {
        let wanted = self.own(change) > Bump::None || floor.is_some() || self.listed(change);
        change.out.is_none() && (wanted || release_as(change).is_some())
    }

    fn has_paths(&self) -> bool {
        !(self.part.path.is_empty() && self.part.exclude.is_empty())
    }

    fn owns(&self, change: &Change, touched: &Touched<'_>) -> bool {
        if !self.has_paths() {
            return true;
        }
        let paths = touched.of(&change.commit.sha);
        // An empty commit belongs to whom it names: that is how a version is asked for.
        let named = || change.message.scope.is_some() && change.message.scope == self.part.component;
        if paths.is_empty() { named() } else { paths.iter().any(|path| self.part.owns(path)) }
    }

    /// Which changes a pull request's floor holds for: those that say something, else its newest.
    fn floored(&self, changes: &[Change]) -> HashSet<usize> {
        let mut floored = HashSet::new();
        for number in self.wishes.floors.keys() {
            let of = |index: &usize| {
                let change = &changes[*index];
                change.out.is_none() && change.commit.pull.as_ref().is_some_and(|pull| pull.number == *number)
            };
            let all: Vec<usize> = (0..changes.len()).filter(of).collect();
            let speaks = |index: &&usize| changes[**index].message.kind.is_some();
            let speaking: Vec<usize> = all.iter().filter(speaks).copied().collect();
            floored.extend(if speaking.is_empty() { all.into_iter().take(1).collect() } else { speaking });
        }
        floored
    }

    fn because(&self, change: &Change, own: Bump, bump: Bump) -> String {
        let message = &change.message;
        let what = match &message.kind {
            _ if bump > own => {
                let number = change.commit.pull.as_ref().map_or(0, |pull| pull.number);
                format!("#{number} was asked to be {} or more: it", bump.as_str())
            }
            _ if message.breaking => "a breaking change".into(),
            kind => plain(kind.as_deref().unwrap_or("it"), 40),
        };
        if self.line.newest.is_none() {
            return format!("{what} is in the first version");
        }
        let rules = Rules::of(self.settings, self.part, self.today);
        let moved = next::moves(&rules, self.line, bump);
        match self.part.strategy {
            Strategy::Calver => format!("{what} counts"),
            Strategy::Semver | Strategy::Prerelease if moved != bump => {
                format!("{what} moves the {} version before 1.0.0", moved.as_str())
            }
            Strategy::Semver | Strategy::Prerelease => format!("{what} moves the {} version", moved.as_str()),
            _ => format!("{what} counts, and the {} version always moves", moved.as_str()),
        }
    }
}

fn nothing(change: &Change) -> String {
    match &change.message.kind {
        Some(kind) => format!("{} moves no version", plain(kind, 40)),
        None => "not a conventional commit".into(),
    }
}

fn release_as(change: &Change) -> Option<Asked> {
    let value = change.message.footer("release-as").last()?;
    let version = next::parse(value);
    let told = version.as_ref().map_or_else(|_| plain(value, 40), Version::to_string);
    Some(Asked { by: format!("`Release-As: {told}` in {}", change.commit.sha.short()), version })
}
