//! Versions within other text: on a marked line, in an image's name.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;
use semver::Version;

static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
        .expect("the pattern is a valid one")
});

/// What follows the three numbers of a pre-release; not the `-alpine3` of an image or the `-linux.tar.gz` of a file.
static TAIL: LazyLock<Regex> = LazyLock::new(|| {
    let words =
        "alpha|beta|rc|pre|preview|dev|snapshot|next|canary|nightly|edge|insiders|milestone|cr|ea|a|b|m";
    Regex::new(&format!(r"^(?i:-(?:{words})(?:[.-]?[0-9]+)*\b)?(?:\+[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*)?"))
        .expect("the pattern is a valid one")
});

/// The places of a text where the version `from` stands; where it does not, the first version, whichever it is. None
/// when the text has the version `to` already.
pub(super) fn places(text: &str, from: Option<&Version>, to: &Version) -> Vec<Range<usize>> {
    let (from, to) = (from.map(ToString::to_string), to.to_string());
    let known: Vec<&str> = from.as_deref().into_iter().chain([to.as_str()]).collect();
    let all = versions(text, &known);
    let same = known.into_iter().map(|version| {
        let same = all.iter().filter(|span| &text[(*span).clone()] == version);
        same.cloned().collect::<Vec<_>>()
    });
    same.into_iter().find(|same| !same.is_empty()).unwrap_or_else(|| all.iter().take(1).cloned().collect())
}

/// Everything that reads as a version. Those that are `known` are versions whatever follows them.
fn versions(text: &str, known: &[&str]) -> Vec<Range<usize>> {
    let found = VERSION.find_iter(text).filter(|found| {
        let (before, after) = text.as_bytes().split_at(found.start());
        let after = &after[found.len()..];
        // Glued to a word, what is written there would be read as a part of it the next time.
        let goes_on = matches!(after, [b'.', b'0'..=b'9', ..] | [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..]);
        !goes_on && !matches!(before, [.., b'0'..=b'9', b'.'] | [.., b'0'..=b'9'])
    });
    let span = |found: regex::Match<'_>| {
        let whole = found.as_str().trim_end_matches(['.', '-', '+']);
        let core = whole.find(['-', '+']).unwrap_or(whole.len());
        let is_this = |known: &&&str| {
            let rest =
                whole.strip_prefix(**known).filter(|_| known.len() > core || known.len() == whole.len());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+']))
        };
        let kept = known.iter().find(is_this).map_or_else(
            || core + TAIL.find(&whole[core..]).map_or(0, |tail| tail.len()),
            |known| known.len(),
        );
        found.start()..found.start() + kept
    };
    found.map(span).collect()
}

/// Whether all of a text reads as a version, a short or unusual one too: `v1.2`, `1.0.0.dev1`, `2026.01`.
pub(super) fn reads_as_version(text: &str) -> bool {
    let number = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_' | '!');
    number.starts_with(|c: char| c.is_ascii_digit()) && number.chars().all(known)
}

/// A text's leading `v`, which stays.
pub(super) fn prefix(text: &str) -> usize {
    let is_prefix = text.starts_with(['v', 'V']) && text[1..].starts_with(|c: char| c.is_ascii_digit());
    usize::from(is_prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_version_is_found_among_others_and_else_the_first() {
        for (text, from, wanted) in [
            ("a 1.2.3 b", "1.2.3", &["1.2.3"][..]),
            ("postgres 14.1.0, app 1.2.3 and 1.2.3", "1.2.3", &["1.2.3", "1.2.3"]),
            ("v1.2.3.", "1.2.3", &["1.2.3"]),
            ("app-1.2.3-linux-amd64.tar.gz", "1.2.3", &["1.2.3"]),
            ("app-1.2.3.tar.gz", "1.2.3", &["1.2.3"]),
            ("1.2.3-beta.1", "1.2.3", &["1.2.3-beta.1"]),
            ("1.2.3-beta.1-linux", "1.2.3-beta.1", &["1.2.3-beta.1"]),
            ("1.2.3-rc.10", "1.2.3-rc.1", &["1.2.3-rc.10"]),
            ("app:1.2.3-alpine3.19", "1.2.3", &["1.2.3"]),
            ("app:1.2.3-SNAPSHOT", "1.2.3", &["1.2.3-SNAPSHOT"]),
            ("app:1.2.3-RC1-alpine", "1.2.3", &["1.2.3-RC1"]),
            ("app:1.2.3-ours.4-alpine", "1.2.3-ours.4", &["1.2.3-ours.4"]),
            ("1.2.3-betamax", "1.2.3", &["1.2.3"]),
            ("x 0.9.0 y 0.8.0", "1.2.3", &["0.9.0"]),
            ("11.2.3 and 1.2.3", "1.2.3", &["1.2.3"]),
            ("10.1.2.3, 1.2.3.4 and 1.2.3", "1.2.3", &["1.2.3"]),
            ("ours 2.0.0, theirs 0.8.0", "1.2.3", &["2.0.0"]),
            ("theirs 0.8.0, ours 2.0.0", "1.2.3", &["2.0.0"]),
            ("\u{fc}1.2.3+7\u{fc}", "1.2.3+7", &["1.2.3+7"]),
            ("no version 1.2", "1.2.3", &[]),
            ("1.2.3json and 1.2.3_x", "1.2.3", &[]),
        ] {
            let to = Version::new(2, 0, 0);
            let found = places(text, Some(&from.parse().unwrap()), &to);
            let found: Vec<_> = found.into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}
