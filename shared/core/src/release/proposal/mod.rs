//! The release pull request: its branch, title, body and commit, made from what is due; and how each is read back.

mod body;
mod branch;
mod commit;
mod marker;
mod notes;

use semver::Version;
use serde::Serialize;
use std::collections::BTreeMap;

use super::{
    Bump, Settings, Sha,
    changelog::Links,
    template::{self, Kind, Rendered},
    text::plain,
};

pub(super) use body::BODY;
pub use branch::{PREFIX, branch, branch_parts};
pub use commit::Trailer;
pub use marker::{Marker, Planned};
pub use notes::notes;

/// The longest title, in characters.
const LONGEST_TITLE: usize = 240;
/// Versions longer than this together are named by their branch.
const LONGEST_VERSIONS: usize = 100;
/// The longest body of a release that GitHub takes, in characters, less a margin.
const LONGEST_RELEASE: usize = 120_000;

/// The title where the settings have none.
pub(super) const TITLE: &str = "chore({{ target }}): release {{ versions }}";
/// The release's name where the settings have none.
pub(super) const RELEASE_NAME: &str = "{{ tag }}";

/// What is proposed.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    /// The branch that is released.
    pub target: &'a str,
    /// With one pull request for each component: this one's.
    pub component: Option<&'a str>,
    /// The target's commit that it is made from.
    pub base: &'a Sha,
    /// What is released, in order; never empty.
    pub releases: &'a [Due<'a>],
    /// Every file that is written: path and content.
    pub files: &'a [(&'a str, &'a str)],
    /// The versions that were set by commands.
    pub set: &'a BTreeMap<Option<String>, Version>,
    /// Whether it is held.
    pub hold: bool,
    /// What people wrote between the marks of the notes.
    pub notes: Option<&'a str>,
    /// Where the repository is seen.
    pub links: Option<&'a Links>,
}

/// One release that is due.
#[derive(Debug, Clone, Copy)]
pub struct Due<'a> {
    /// The component; `None` = the repository as one.
    pub component: Option<&'a str>,
    /// The version before.
    pub current: Option<&'a Version>,
    /// The next version.
    pub next: &'a Version,
    /// How far it moves.
    pub bump: Bump,
    /// Its tag.
    pub tag: &'a str,
    /// The changelog's section, as Markdown.
    pub changelog: &'a str,
    /// The changelog's file, if one is written.
    pub changelog_file: Option<&'a str>,
}

/// The pull request as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The branch's name.
    pub branch: String,
    /// The title.
    pub title: String,
    /// The body.
    pub body: String,
    /// A hash over base, versions, files, title and body (without what people write in it): equal = nothing to write.
    pub fingerprint: String,
    /// The tags that it is for.
    pub tags: Vec<String>,
    /// Templates that failed and gave way to the built-in ones.
    pub warnings: Vec<String>,
}

impl Proposal {
    /// The commit's message; `tree` is what was written.
    pub fn message(&self, tree: &Sha) -> String {
        let trailer = Trailer { fingerprint: self.fingerprint.clone(), tree: tree.clone() };
        format!("{}\n\n{}\n{trailer}\n", self.title, commit::tags(&self.tags))
    }

    /// Whether a branch's head commit is what is proposed: our trailer, of this fingerprint, and the tree it names.
    pub fn is_commit(&self, message: &str, tree: &Sha) -> bool {
        Trailer::of(message).is_some_and(|it| it.tree == *tree && it.fingerprint == self.fingerprint)
    }

    /// Whether a pull request says this already.
    pub fn is_said(&self, title: &str, body: &str) -> bool {
        title.trim() == self.title && settled(body) == settled(&self.body)
    }
}

/// Without what GitHub changes in a text that it keeps.
fn settled(body: &str) -> String {
    body.replace("\r\n", "\n").trim_end().to_owned()
}

/// The pull request for what is due.
pub fn propose(input: &Input<'_>, settings: &Settings) -> Proposal {
    let title = title(input, settings);
    let body = body::body(input, settings);
    let plain = Input { notes: None, hold: false, ..input.clone() };
    let fingerprint = commit::fingerprint(input, &title.text, &body::body(&plain, settings).text);
    Proposal {
        branch: branch(input.target, input.component),
        fingerprint,
        tags: input.releases.iter().map(|due| due.tag.to_owned()).collect(),
        warnings: [title.warning, body.warning].into_iter().flatten().collect(),
        title: title.text,
        body: body.text,
    }
}

#[derive(Serialize)]
struct TitleContext {
    target: String,
    versions: String,
    component: Option<String>,
    version: Option<String>,
    tag: Option<String>,
    releases: Vec<ReleaseContext>,
}

/// What templates know of one release.
#[derive(Serialize)]
struct ReleaseContext {
    component: Option<String>,
    version: String,
    tag: String,
    previous: Option<String>,
    bump: Bump,
    changelog: String,
}

impl ReleaseContext {
    fn new(due: &Due<'_>) -> Self {
        Self {
            component: due.component.map(str::to_owned),
            version: due.next.to_string(),
            tag: due.tag.to_owned(),
            previous: due.current.map(Version::to_string),
            bump: due.bump,
            changelog: due.changelog.to_owned(),
        }
    }
}

fn title(input: &Input<'_>, settings: &Settings) -> Rendered {
    let only = |due: &[Due<'_>]| if let [due] = due { Some(ReleaseContext::new(due)) } else { None };
    let only = only(input.releases);
    let context = TitleContext {
        target: plain(input.target, 100),
        versions: versions(input),
        component: only.as_ref().and_then(|only| only.component.clone()),
        version: only.as_ref().map(|only| only.version.clone()),
        tag: only.map(|only| only.tag),
        releases: input.releases.iter().map(ReleaseContext::new).collect(),
    };
    let filled = template::fill(Kind::Title, settings.pull_request.title.as_deref(), TITLE, &context);
    let text = plain(&filled.text, LONGEST_TITLE);
    let text = if text.is_empty() { format!("release {}", context.versions) } else { text };
    Rendered { text, ..filled }
}

/// `1.3.0`, or `api 1.2.0, web 0.3.1`, or (beyond a length) the branch.
fn versions(input: &Input<'_>) -> String {
    let one = |due: &Due<'_>| match due.component {
        Some(component) => format!("{component} {}", due.next),
        None => due.next.to_string(),
    };
    let all = input.releases.iter().map(one).collect::<Vec<_>>().join(", ");
    if all.chars().count() > LONGEST_VERSIONS { plain(input.target, 100) } else { all }
}

#[derive(Serialize)]
struct NameContext<'a> {
    target: String,
    component: Option<&'a str>,
    version: String,
    tag: &'a str,
}

/// The name of the release that comes of it: the settings' template, else the tag.
pub fn release_name(due: &Planned, target: &str, settings: &Settings) -> Rendered {
    let context = NameContext {
        target: plain(target, 100),
        component: due.component.as_deref(),
        version: due.version.to_string(),
        tag: &due.tag,
    };
    let own = settings.pull_request.release_name.as_deref();
    let filled = template::fill(Kind::ReleaseName, own, RELEASE_NAME, &context);
    let text = plain(&filled.text, LONGEST_TITLE);
    Rendered { text: if text.is_empty() { due.tag.clone() } else { text }, ..filled }
}

/// The body of the release that comes of it: what people wrote in the pull request's notes, then the section.
pub fn release_notes(section: &str, notes: Option<&str>) -> String {
    let notes = notes.map(str::trim).filter(|notes| !notes.is_empty());
    let whole = notes.map_or_else(|| section.to_owned(), |notes| format!("{notes}\n\n{section}"));
    body::cut(&whole, LONGEST_RELEASE, "_The rest is in the changelog._")
}

#[cfg(test)]
mod tests;
