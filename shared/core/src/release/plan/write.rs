//! What a release writes: its section of the changelog, and the files as they will be.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Change, Counted, Draft, Release, Wishes, versions::Next};
use crate::{
    port::{ErrorKind, PortError},
    release::{
        Settings, Source,
        changelog::{self, Entry, SectionInput},
    },
};

/// The footers that close issues, as GitHub has them.
const CLOSES: [&str; 9] =
    ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];

/// The files that were read or changed so far. Two components may change the same one.
pub(super) struct Desk<'a> {
    source: &'a dyn Source,
    settings: &'a Settings,
    wishes: &'a Wishes,
    today: Date,
    have: BTreeMap<String, Option<String>>,
}

impl<'a> Desk<'a> {
    pub fn new(source: &'a dyn Source, settings: &'a Settings, wishes: &'a Wishes, today: Date) -> Self {
        Self { source, settings, wishes, today, have: BTreeMap::new() }
    }

    /// Writes a part's release down.
    pub async fn release(
        &mut self,
        draft: Draft<'_>,
        next: Next,
        warnings: &mut Vec<String>,
    ) -> Result<Release, PortError> {
        let tag = draft.part.tag_format.tag(&next.version);
        let changelog = self.section(&draft, &next, &tag, warnings);
        let mut files = Vec::new();
        files.extend(self.changelog(&draft, &next, &changelog, warnings).await?);
        Ok(Release {
            component: draft.part.component.clone(),
            current: draft.past.line.newest,
            next: next.version,
            bump: next.bump,
            tag,
            since: draft.past.since,
            commits: draft.commits,
            changelog,
            files,
        })
    }

    fn section(&self, draft: &Draft<'_>, next: &Next, tag: &str, warnings: &mut Vec<String>) -> String {
        let entries: Vec<Entry> = draft.commits.iter().filter(|commit| commit.stands).map(entry).collect();
        let pulls: BTreeSet<u64> = entries.iter().filter_map(|entry| entry.pull).collect();
        let new = self.wishes.new_contributors.iter().filter(|one| pulls.contains(&one.pull));
        let input = SectionInput {
            component: draft.part.component.as_deref(),
            version: &next.version,
            tag,
            previous: draft.past.since.as_ref().map(|tag| tag.name.as_str()),
            date: self.today,
            entries: &entries,
            links: self.wishes.links.as_ref(),
            new_contributors: &new.cloned().collect::<Vec<_>>(),
        };
        let rendered = changelog::section(&input, self.settings);
        warnings.extend(rendered.warning);
        rendered.text
    }

    async fn changelog(
        &mut self,
        draft: &Draft<'_>,
        next: &Next,
        section: &str,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Change>, PortError> {
        let Some(path) = &draft.part.changelog else { return Ok(None) };
        let existing = match self.read(path).await {
            Ok(text) => text,
            Err(error) if error.kind == ErrorKind::Invalid => {
                warnings.push(format!("{path} stays as it is: {error}"));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let content = changelog::prepend(existing.as_deref(), &next.version, section);
        self.have.insert(path.clone(), Some(content.clone()));
        Ok(Some(Change {
            path: path.clone(),
            before: draft.past.line.newest.as_ref().map(ToString::to_string),
            after: next.version.to_string(),
            content,
        }))
    }

    async fn read(&mut self, path: &str) -> Result<Option<String>, PortError> {
        if let Some(known) = self.have.get(path) {
            return Ok(known.clone());
        }
        let text = self.source.read(path).await?;
        self.have.insert(path.to_owned(), text.clone());
        Ok(text)
    }
}

/// A change as the changelog has it.
pub fn entry(counted: &Counted) -> Entry {
    let message = &counted.message;
    let closing = |token: &str| CLOSES.iter().any(|word| word.eq_ignore_ascii_case(token));
    let values = message.footers.iter().filter(|footer| closing(&footer.token)).map(|footer| &footer.value);
    let numbers = values.flat_map(|value| value.split([' ', ',', '\n']));
    let breaking = message
        .breaking
        .then(|| message.breaking_description.clone().unwrap_or_else(|| message.description.clone()));
    Entry {
        sha: counted.commit.sha.clone(),
        kind: message.kind.clone(),
        scope: message.scope.clone(),
        description: message.description.clone(),
        breaking,
        pull: counted.pull(),
        author: counted.commit.author.clone(),
        issues: numbers.filter_map(|word| word.trim_start_matches('#').parse().ok()).collect(),
    }
}
