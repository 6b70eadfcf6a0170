//! The release pull request's body: the marker, notices, and the template with changelog, notes and commands.
//! It keeps within GitHub's bound: the changelog is cut, with a pointer to its file; the marker never.

use serde::Serialize;

use super::{Due, Input, Marker, Planned, ReleaseContext, notes, versions};
use crate::release::{
    Settings,
    changelog::Links,
    template::{self, Kind, Rendered},
    text::{inline, plain},
};

/// The longest body that GitHub takes, in characters, less a margin.
const LONGEST: usize = 65_000;

/// The body where the settings have none; `docs/releases.md` shows it.
pub(crate) const BODY: &str = "\
Merging this pull request releases **{{ versions }}**.

{{ notes }}

{{ changelog }}

---

{{ help }}
";

const HELP: &str = "\
Text between the two `pointsman:notes` comments of this description is kept, and goes into the release. \
A comment that begins with `/pointsman set-version X.Y.Z` sets the version, `/pointsman hold` leaves this pull request \
as it is, `/pointsman rebuild` makes it anew, `/pointsman help` tells more.";

#[derive(Serialize)]
struct Context {
    target: String,
    versions: String,
    releases: Vec<ReleaseContext>,
    changelog: String,
    notes: String,
    help: &'static str,
}

/// The whole body.
pub(super) fn body(input: &Input<'_>, settings: &Settings) -> Rendered {
    let whole: usize = input.releases.iter().map(|due| length(due.changelog)).sum();
    let full = filled(input, settings, whole, usize::MAX);
    let over = length(&full.text).saturating_sub(LONGEST);
    if over == 0 {
        return full;
    }
    // Each release's pointer takes some room too; custom templates may show a text twice.
    let room = whole.saturating_sub(over + 200 * input.releases.len());
    let cut = filled(input, settings, room, usize::MAX);
    let over = length(&cut.text).saturating_sub(LONGEST);
    if over == 0 {
        return cut;
    }
    let notes = input.notes.map(length).unwrap_or_default();
    let short = filled(input, settings, 0, notes.saturating_sub(over + 100));
    if length(&short.text) <= LONGEST { short } else { least(input, short.warning) }
}

/// When a template of the settings leaves no room: what cannot be left out.
fn least(input: &Input<'_>, warning: Option<String>) -> Rendered {
    let marker = marker(input).line();
    let room = LONGEST.saturating_sub(length(&marker) + length(HELP) + 500);
    let notes = notes::block(&cut(input.notes.unwrap_or_default(), room, "…"));
    let told = "pull_request.body: what it gives is too long: the built-in template was used";
    let text = format!("{marker}\n\n{notes}\n\n{}\n\n---\n\n{HELP}\n", pointer(None, input));
    Rendered { text, warning: warning.or_else(|| Some(told.into())) }
}

/// The body with so many characters of the changelog and of the notes.
fn filled(input: &Input<'_>, settings: &Settings, changelog: usize, notes: usize) -> Rendered {
    let notes = notes::block(&cut(input.notes.unwrap_or_default(), notes, "…"));
    let context = Context {
        target: inline(&plain(input.target, 100)),
        versions: inline(&versions(input)),
        releases: input.releases.iter().map(ReleaseContext::new).collect(),
        changelog: changelogs(input, changelog),
        notes: notes.clone(),
        help: HELP,
    };
    let filled = template::fill(Kind::Body, settings.pull_request.body.as_deref(), BODY, &context);
    let mut text = format!("{}\n\n", marker(input).line());
    for notice in notices(input) {
        text += &format!("> [!NOTE]\n> {notice}\n\n");
    }
    let own = filled.text.trim_matches(['\n', ' ']);
    if !own.contains(&notes) {
        text += &format!("{notes}\n\n");
    }
    text += own;
    text.push('\n');
    Rendered { text, ..filled }
}

fn marker(input: &Input<'_>) -> Marker {
    let planned = |due: &Due<'_>| Planned {
        component: due.component.map(str::to_owned),
        version: due.next.clone(),
        tag: due.tag.to_owned(),
    };
    Marker {
        target: input.target.to_owned(),
        releases: input.releases.iter().map(planned).collect(),
        base: input.base.clone(),
        hold: input.hold,
        set: input.set.clone(),
    }
}

fn notices(input: &Input<'_>) -> Vec<String> {
    let held = "This pull request is held: it is not brought up to date until `/pointsman rebuild`.";
    input.hold.then(|| held.to_owned()).into_iter().collect()
}

/// One release's section as it is; of several each folded.
fn changelogs(input: &Input<'_>, mut room: usize) -> String {
    let mut sections = Vec::new();
    for due in input.releases {
        let text = cut(due.changelog.trim_end(), room, &pointer(Some(due), input));
        room = room.saturating_sub(length(due.changelog));
        sections.push(match input.releases {
            [_] => text,
            _ => format!("<details><summary>{}</summary>\n\n{text}\n\n</details>", summary(due)),
        });
    }
    sections.join("\n\n")
}

fn summary(due: &Due<'_>) -> String {
    let name = due.component.map(|component| format!("{}: ", inline(component))).unwrap_or_default();
    format!("{name}{}", due.next)
}

/// Where the rest is.
fn pointer(due: Option<&Due<'_>>, input: &Input<'_>) -> String {
    let branch = super::branch(input.target, input.component);
    let due = due.or(input.releases.first());
    let shown = |links: &Links, file: &str| format!("[{}]({})", inline(file), links.file(&branch, file));
    match (due.and_then(|due| due.changelog_file), input.links) {
        (Some(file), Some(links)) => {
            format!("_Too long to be shown here: all of it is in {}._", shown(links, file))
        }
        (Some(file), None) => format!("_Too long to be shown here: all of it is in {}._", inline(file)),
        (None, _) => "_Too long to be shown here._".into(),
    }
}

/// So many characters in whole lines, and what is said instead of the rest.
pub(super) fn cut(text: &str, room: usize, rest: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(room) else { return text.to_owned() };
    let kept = text[..end].rfind('\n').map_or("", |line| text[..line].trim_end());
    if kept.is_empty() { rest.to_owned() } else { format!("{kept}\n\n{rest}") }
}

fn length(text: &str) -> usize {
    text.chars().count()
}
