//! One version's section. Order is deterministic: sections as in the settings, in them scopes by name, then as given.

use std::cmp::Ordering;

use serde::Serialize;

use super::{Entry, Links, Newcomer, SectionInput};
use crate::release::{
    Settings,
    template::{self, Kind, Rendered},
    text::{inline, markdown},
};

/// The template where the settings have none; `docs/releases.md` shows it.
pub(crate) const TEMPLATE: &str = "\
## {{ heading }}
{% if breaking %}

### ⚠ BREAKING CHANGES

{% for entry in breaking %}
* {{ entry.line }}
{% endfor %}
{% endif %}
{% for section in sections %}

### {{ section.title }}

{% for entry in section.entries %}
* {{ entry.line }}
{% endfor %}
{% endfor %}
{% if not sections and not breaking %}

No notable changes.
{% endif %}
{% if new_contributors %}

### New Contributors

{% for newcomer in new_contributors %}
* {{ newcomer.line }}
{% endfor %}
{% endif %}
";

/// A section's markdown: it ends with one newline and has no blank line at its begin.
pub fn section(input: &SectionInput<'_>, settings: &Settings) -> Rendered {
    let context = Context::new(input, settings);
    let filled = template::fill(Kind::Changelog, settings.changelog.template.as_deref(), TEMPLATE, &context);
    let text = filled.text.replace("\r\n", "\n");
    Rendered { text: format!("{}\n", text.trim_matches(['\n', ' '])), ..filled }
}

/// An entry's line without the mark before it, as Markdown.
pub fn line(entry: &Entry, links: Option<&Links>, settings: &Settings) -> String {
    Line::new(entry, &entry.description, links, settings.changelog.authors).line
}

#[derive(Serialize)]
struct Context {
    heading: String,
    component: Option<String>,
    version: String,
    tag: String,
    previous_tag: Option<String>,
    date: String,
    compare_url: Option<String>,
    breaking: Vec<Line>,
    sections: Vec<Section>,
    new_contributors: Vec<Greeting>,
}

#[derive(Serialize)]
struct Section {
    title: String,
    entries: Vec<Line>,
}

/// An entry with all its texts made safe for one line of Markdown.
#[derive(Serialize)]
struct Line {
    line: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    scope: Option<String>,
    description: String,
    breaking: bool,
    pull: Option<u64>,
    pull_url: Option<String>,
    sha: String,
    short_sha: String,
    commit_url: Option<String>,
    author: Option<String>,
    author_url: Option<String>,
    issues: Vec<Issue>,
}

#[derive(Serialize)]
struct Issue {
    number: u64,
    url: Option<String>,
}

#[derive(Serialize)]
struct Greeting {
    line: String,
    login: String,
    url: Option<String>,
    pull: u64,
    pull_url: Option<String>,
}

impl Context {
    fn new(input: &SectionInput<'_>, settings: &Settings) -> Self {
        let version = input.version.to_string();
        let compare_url = input.links.map(|links| links.compare(input.previous, input.tag));
        let named = compare_url.as_ref().map_or_else(|| version.clone(), |url| format!("[{version}]({url})"));
        let line =
            |entry: &Entry, told: &str| Line::new(entry, told, input.links, settings.changelog.authors);
        let newcomers = if settings.changelog.new_contributors { input.new_contributors } else { &[] };
        Self {
            heading: format!("{named} ({})", input.date),
            component: input.component.map(str::to_owned),
            tag: input.tag.to_owned(),
            previous_tag: input.previous.map(str::to_owned),
            date: input.date.to_string(),
            breaking: sorted(input.entries.iter().filter(|entry| entry.breaking.is_some()))
                .into_iter()
                .map(|entry| line(entry, entry.breaking.as_ref().unwrap_or(&entry.description)))
                .collect(),
            sections: sections(input, settings, line),
            new_contributors: newcomers.iter().map(|newcomer| Greeting::new(newcomer, input.links)).collect(),
            compare_url,
            version,
        }
    }
}

/// The sections that have entries. A type without a section is not told of, unless it breaks: above.
fn sections(
    input: &SectionInput<'_>,
    settings: &Settings,
    line: impl Fn(&Entry, &str) -> Line,
) -> Vec<Section> {
    let of = |entry: &Entry| entry.kind.as_deref().and_then(|kind| settings.rule(kind).section);
    let placed: Vec<(Option<String>, &Entry)> =
        input.entries.iter().map(|entry| (of(entry), entry)).collect();
    let all = settings.sections().into_iter().map(|title| {
        let here =
            placed.iter().filter(|(section, _)| section.as_ref() == Some(&title)).map(|(_, entry)| *entry);
        let entries = sorted(here).into_iter().map(|entry| line(entry, &entry.description)).collect();
        Section { title: markdown(&title), entries }
    });
    all.filter(|section| !section.entries.is_empty()).collect()
}

/// By scope, those without one first; else as they were given.
fn sorted<'e>(entries: impl Iterator<Item = &'e Entry>) -> Vec<&'e Entry> {
    let mut entries: Vec<&Entry> = entries.collect();
    let scope = |entry: &Entry| entry.scope.as_deref().unwrap_or_default().to_lowercase();
    entries.sort_by(|a, b| -> Ordering { scope(a).cmp(&scope(b)) });
    entries
}

impl Line {
    fn new(entry: &Entry, told: &str, links: Option<&Links>, authors: bool) -> Self {
        let author = entry.author.as_ref().filter(|_| authors);
        let login = author.and_then(|author| author.login.as_deref()).map(account);
        let login = login.filter(|login| !login.is_empty());
        let shown = |text: &String| Some(inline(text)).filter(|text| !text.is_empty());
        let mut line = Self {
            line: String::new(),
            kind: entry.kind.as_ref().and_then(shown),
            scope: entry.scope.as_ref().and_then(shown),
            description: markdown(without_number(told, entry.pull)),
            breaking: entry.breaking.is_some(),
            pull: entry.pull,
            pull_url: entry.pull.zip(links).map(|(pull, links)| links.issue(pull)),
            sha: entry.sha.to_string(),
            short_sha: entry.sha.short().to_owned(),
            commit_url: links.map(|links| links.commit(&entry.sha)),
            author: author.map(|author| login.clone().unwrap_or_else(|| inline(&author.name))),
            author_url: login.zip(links).map(|(login, links)| links.account(&login)),
            issues: issues(&entry.issues, links),
        };
        line.line = line.whole();
        line
    }

    /// `**scope:** what it does ([#12](..)) ([abc1234](..)) by [@login](..), closes [#3](..)`
    fn whole(&self) -> String {
        let mut text = self.scope.as_ref().map(|scope| format!("**{scope}:** ")).unwrap_or_default();
        text += &self.description;
        if let Some(pull) = self.pull {
            text += &format!(" ({})", linked(&format!("#{pull}"), self.pull_url.as_ref()));
        }
        text += &format!(" ({})", linked(&self.short_sha, self.commit_url.as_ref()));
        if let Some(author) = &self.author {
            text += &format!(" by {}", by(author, self.author_url.as_ref()));
        }
        let closed =
            self.issues.iter().map(|issue| linked(&format!("#{}", issue.number), issue.url.as_ref()));
        let closed = closed.collect::<Vec<_>>().join(", ");
        if !closed.is_empty() {
            text += &format!(", closes {closed}");
        }
        text
    }
}

impl Greeting {
    fn new(newcomer: &Newcomer, links: Option<&Links>) -> Self {
        let login = account(&newcomer.login);
        let url = links.map(|links| links.account(&login));
        let pull_url = links.map(|links| links.issue(newcomer.pull));
        let pull = linked(&format!("#{}", newcomer.pull), pull_url.as_ref());
        let line = format!("{} made their first contribution in {pull}", by(&login, url.as_ref()));
        Self { line, login, url, pull: newcomer.pull, pull_url }
    }
}

/// A mention within a link mentions nobody: no one gets a notice of a changelog.
fn by(login: &str, url: Option<&String>) -> String {
    url.map_or_else(|| login.to_owned(), |url| format!("[@{login}]({url})"))
}

fn linked(text: &str, url: Option<&String>) -> String {
    url.map_or_else(|| text.to_owned(), |url| format!("[{text}]({url})"))
}

/// An account's name: the characters that GitHub gives one, and an App's `[bot]`.
fn account(login: &str) -> String {
    let (name, bot) = login.strip_suffix("[bot]").map_or((login, ""), |name| (name, "[bot]"));
    let name: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(60).collect();
    if name.is_empty() { name } else { name + bot }
}

fn issues(numbers: &[u64], links: Option<&Links>) -> Vec<Issue> {
    let mut sorted: Vec<u64> = numbers.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.into_iter().map(|number| Issue { number, url: links.map(|links| links.issue(number)) }).collect()
}

/// Without the pull request's number that GitHub writes behind a squashed commit's title: it is linked anyway.
fn without_number(text: &str, pull: Option<u64>) -> &str {
    let Some(pull) = pull else { return text };
    let trimmed = text.trim_end();
    trimmed.strip_suffix(&format!("(#{pull})")).map_or(text, str::trim_end)
}
