//! What a release writes: its section of the changelog, and the files as they will be.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Change, Counted, Draft, Release, Wishes, versions::Next};
use crate::{
    port::{ErrorKind, PortError},
    release::{
        Settings, Source,
        changelog::{self, Entry, SectionInput},
        files::{self, Asked, Faults, Step},
        settings::Part,
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
    paths: Option<BTreeSet<String>>,
    have: BTreeMap<String, Option<String>>,
}

impl<'a> Desk<'a> {
    pub fn new(source: &'a dyn Source, settings: &'a Settings, wishes: &'a Wishes, today: Date) -> Self {
        Self { source, settings, wishes, today, paths: None, have: BTreeMap::new() }
    }

    /// Writes a part's release down.
    pub async fn release(
        &mut self,
        draft: Draft<'_>,
        next: Next,
        warnings: &mut Vec<String>,
    ) -> Result<Release, PortError> {
        if self.settings.pull_request.separate {
            // Each is a pull request of its own: what another one changes is not there.
            self.have.clear();
        }
        let tag = draft.part.tag_format.tag(&next.version);
        let changelog = self.section(&draft, &next, &tag, warnings);
        let mut files = self.versions(&draft, &next, warnings).await?;
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

    /// The version files: those that are found or configured, and what hangs on them.
    async fn versions(
        &mut self,
        draft: &Draft<'_>,
        next: &Next,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Change>, PortError> {
        let part = draft.part;
        let component = part.component.as_ref().and_then(|name| self.settings.components.get(name));
        let configured = match component {
            Some(component) => &component.version_files,
            None => &self.settings.version_files,
        };
        let asked = Asked {
            folder: &part.path,
            configured: configured.as_deref(),
            apart: &apart(self.settings, part),
            from: draft.past.line.newest.as_ref(),
            to: &next.version,
        };
        if self.paths.is_none() {
            self.paths = Some(self.listed(&asked, warnings).await?);
        }
        let paths = self.paths.take().unwrap_or_default();
        let done = self.rounds(&asked, &paths, warnings).await;
        self.paths = Some(paths);
        done
    }

    /// Every path; of a repository that is too large to be listed, those that are configured.
    async fn listed(
        &self,
        asked: &Asked<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<BTreeSet<String>, PortError> {
        match (self.source.paths().await, asked.configured) {
            (Err(error), Some(configured)) if error.kind == ErrorKind::Invalid => {
                warnings.push(format!("only the configured version files are changed: {error}"));
                Ok(configured.iter().map(|file| files::within(asked.folder, &file.path)).collect())
            }
            (listed, _) => Ok(listed?.into_iter().collect()),
        }
    }

    async fn rounds(
        &mut self,
        asked: &Asked<'_>,
        paths: &BTreeSet<String>,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Change>, PortError> {
        loop {
            match files::update(asked, paths, &self.have).map_err(faulty)? {
                Step::Done { changes, warnings: told } => {
                    warnings.extend(told);
                    let changed = changes.iter().map(|file| (file.path.clone(), Some(file.content.clone())));
                    self.have.extend(changed);
                    return Ok(changes);
                }
                Step::Need(needed) => {
                    let known = self.have.len();
                    for path in needed {
                        self.read(&path).await?;
                    }
                    if self.have.len() == known {
                        return Err(PortError::internal("the version files are asked for again and again"));
                    }
                }
            }
        }
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

/// The folders of the components that do not move along.
fn apart(settings: &Settings, part: &Part) -> Vec<String> {
    let along = |other: &Part| part.group.is_some() && other.group == part.group;
    let others = settings.parts().into_iter().filter(|it| it.component != part.component && !along(it));
    others.map(|other| other.path).filter(|path| *path != part.path).collect()
}

fn faulty(faults: Faults) -> PortError {
    PortError::invalid(format!("the version files cannot be changed as the settings say\n{faults}"))
}

/// A change as the changelog has it.
pub fn entry(counted: &Counted) -> Entry {
    let message = &counted.message;
    let closing = |token: &str| CLOSES.iter().any(|word| word.eq_ignore_ascii_case(token));
    let values = message.footers.iter().filter(|footer| closing(&footer.token)).map(|footer| &footer.value);
    let numbers = values.flat_map(|value| value.split([' ', ',', '\n']));
    let words = |text: &str| if text.is_empty() { "(no description)".to_owned() } else { text.to_owned() };
    let breaking = message
        .breaking
        .then(|| words(message.breaking_description.as_deref().unwrap_or(&message.description)));
    Entry {
        sha: counted.commit.sha.clone(),
        kind: message.kind.clone(),
        scope: message.scope.clone(),
        description: words(&message.description),
        breaking,
        pull: counted.pull(),
        author: counted.commit.author.clone(),
        issues: numbers.filter_map(|word| word.trim_start_matches('#').parse().ok()).collect(),
    }
}
