//! Marked lines of any text: `x-pointsman-version` on the line, or a block of lines between two marks.
//!
//! release-please's own marks are understood, so that a repository can move over without a change.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;
use semver::Version;

use super::{edit::Edit, fault::Trouble, number};

static MARK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"x-(?:pointsman|release-please)-(?:(end)\b|(start-)?(version-date|version|major|minor|patch|date)\b)")
        .expect("the pattern is a valid one")
});
static NUMBER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b[0-9]+\b").expect("the pattern is a valid one"));

/// What of the version a mark stands for.
#[derive(Debug, Clone, Copy)]
enum Part {
    All,
    Major,
    Minor,
    Patch,
}

/// The versions of the marked lines.
pub(super) fn edits(text: &str, from: Option<&Version>, to: &Version) -> Result<Vec<Edit>, Trouble> {
    let (mut edits, mut open, mut marked, mut start) = (Vec::new(), None, false, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let mut part = open.map(|(part, _)| part);
        if let Some(mark) = MARK.captures(line) {
            marked = true;
            if mark.get(1).is_some() {
                (open, part) = (None, None);
            } else {
                let named = named(&mark[3]).map_err(|why| Trouble::at(index + 1, why))?;
                if mark.get(2).is_some() {
                    (open, part) = (Some((named, index + 1)), None);
                } else {
                    part = Some(named);
                }
            }
        }
        if let Some(part) = part {
            let moved =
                |span: Range<usize>| Edit::new(start + span.start..start + span.end, written(part, to));
            edits.extend(places(line, part, from, to).into_iter().map(moved));
        }
        start += line.len();
    }
    match open {
        Some((_, line)) => {
            Err(Trouble::at(line, "the block is not closed: write `x-pointsman-end` after it"))
        }
        None if !marked => Err(Trouble::new(
            "no line is marked: write `x-pointsman-version` in a comment on the version's line, or say where it stands with a `pointer` or a `regex` under `version_files`",
        )),
        None if edits.is_empty() => Err(Trouble::new("no marked line has a version on it")),
        None => Ok(edits),
    }
}

fn named(part: &str) -> Result<Part, String> {
    match part {
        "version" => Ok(Part::All),
        "major" => Ok(Part::Major),
        "minor" => Ok(Part::Minor),
        "patch" => Ok(Part::Patch),
        other => Err(format!("the mark `{other}` is not known: version, major, minor and patch are")),
    }
}

fn number_of(part: Part, version: &Version) -> u64 {
    match part {
        Part::All | Part::Major => version.major,
        Part::Minor => version.minor,
        Part::Patch => version.patch,
    }
}

fn written(part: Part, to: &Version) -> String {
    match part {
        Part::All => to.to_string(),
        part => number_of(part, to).to_string(),
    }
}

/// Of a number: the first that is the current one's, else the first on the line.
fn places(line: &str, part: Part, from: Option<&Version>, to: &Version) -> Vec<Range<usize>> {
    if matches!(part, Part::All) {
        return number::places(line, from, to);
    }
    let current = from.map(|from| number_of(part, from).to_string());
    let first = NUMBER.find(line);
    let same = NUMBER.find_iter(line).find(|number| Some(number.as_str()) == current.as_deref());
    same.or(first).map(|number| number.range()).into_iter().collect()
}
