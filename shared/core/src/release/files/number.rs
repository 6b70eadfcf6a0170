//! Versions within other text: on a marked line, in an image's name.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;
use semver::Version;

static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
        .expect("the pattern is a valid one")
});

/// What follows the three numbers of a pre-release: `-beta.1`; not the `-linux-amd64.tar.gz` of a file's name.
static TAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:-[0-9A-Za-z]+(?:\.[0-9]+)*)?(?:\+[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*)?$")
        .expect("the pattern is a valid one")
});

/// The places of a text where the version `from` stands; where it does not, the first version, whichever it is. None
/// when the text has the version `to` already.
pub(super) fn places(text: &str, from: Option<&Version>, to: &Version) -> Vec<Range<usize>> {
    let from = from.map(ToString::to_string);
    let all: Vec<Range<usize>> = versions(text, from.as_deref());
    let is = |version: &str| {
        let same = |span: &&Range<usize>| &text[(*span).clone()] == version;
        all.iter().filter(same).cloned().collect::<Vec<_>>()
    };
    let current = from.as_deref().map(is).unwrap_or_default();
    if !current.is_empty() {
        return current;
    }
    let next = is(&to.to_string());
    if next.is_empty() { all.into_iter().take(1).collect() } else { next }
}

/// Everything that reads as a version. `from` is known as a version whatever follows it.
fn versions(text: &str, from: Option<&str>) -> Vec<Range<usize>> {
    let found = VERSION.find_iter(text).filter(|found| {
        let (before, after) = text.as_bytes().split_at(found.start());
        let after = &after[found.len()..];
        let goes_on = matches!(after, [b'.', b'0'..=b'9', ..]);
        !goes_on && !matches!(before, [.., b'0'..=b'9', b'.'] | [.., b'0'..=b'9'])
    });
    let span = |found: regex::Match<'_>| {
        let whole = found.as_str().trim_end_matches(['.', '-', '+']);
        let core = whole.find(['-', '+']).unwrap_or(whole.len());
        let goes_on = |from: &str| whole[from.len()..].starts_with(['.', '-', '+']);
        let kept = match from {
            Some(from) if whole == from => whole.len(),
            Some(from) if from.len() > core && whole.starts_with(from) && goes_on(from) => from.len(),
            _ if TAIL.is_match(&whole[core..]) => whole.len(),
            _ => core,
        };
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
            ("x 0.9.0 y 0.8.0", "1.2.3", &["0.9.0"]),
            ("11.2.3 and 1.2.3", "1.2.3", &["1.2.3"]),
            ("10.1.2.3, 1.2.3.4 and 1.2.3", "1.2.3", &["1.2.3"]),
            ("ours 2.0.0, theirs 0.8.0", "1.2.3", &["2.0.0"]),
            ("theirs 0.8.0, ours 2.0.0", "1.2.3", &["2.0.0"]),
            ("\u{fc}1.2.3+7\u{fc}", "1.2.3+7", &["1.2.3+7"]),
            ("no version 1.2", "1.2.3", &[]),
        ] {
            let to = Version::new(2, 0, 0);
            let found = places(text, Some(&from.parse().unwrap()), &to);
            let found: Vec<_> = found.into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}
