//! Version files: the version changes and nothing beside it, a second time changes nothing, and a fault has its line.

use pointsman_core::release::{
    files::{Edited, edit},
    settings::VersionFile,
};
use semver::Version;

use super::first_line;

/// What a file may be by its name; a `pointer` or a `regex` follows a space.
const NAMES: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "package.json",
    "package-lock.json",
    "pyproject.toml",
    "Chart.yaml",
    "composer.json",
    "pom.xml",
    "pubspec.yaml",
    "version.txt",
    "app.json",
    "app.toml",
    "app.yaml",
    "README.md",
];

/// The file's name, a line; then the text.
pub fn target(data: &[u8]) {
    let (line, rest) = first_line(data);
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let (name, at) = line.split_once(' ').unwrap_or((line, ""));
    let name = if NAMES.contains(&name) { name } else { NAMES[name.len() % NAMES.len()] };
    let located = |is: bool| (is && !at.is_empty()).then(|| at.to_owned());
    let file = VersionFile {
        path: name.to_owned(),
        kind: None,
        package: None,
        pointer: located(at.starts_with('$')),
        regex: located(!at.starts_with('$')),
    };
    let (from, to) = (Version::new(1, 2, 3), Version::parse("1.3.0-rc.1").expect("a version"));
    match edit(&file, text, Some(&from), &to) {
        Err(fault) => {
            let lines = text.lines().count() + 1;
            assert!(!fault.message.is_empty(), "{fault:?}");
            assert!(fault.line.is_none_or(|line| (1..=lines).contains(&line)), "{fault} of {lines}");
        }
        Ok(edited) => {
            beside(text, &edited);
            let again = edit(&file, &edited.content, Some(&from), &to);
            let again = again.unwrap_or_else(|fault| panic!("what was written is refused: {fault}"));
            assert_eq!(again.content, edited.content, "a second time changes nothing");
        }
    }
}

/// What stands beside the places is there still, byte for byte and in its order.
fn beside(text: &str, edited: &Edited) {
    assert!(!edited.places.is_empty(), "changed without a place");
    let plain = |text: &str| !text.contains('\n');
    if edited.places.iter().all(|place| plain(&place.before) && plain(&place.after)) {
        let touched: Vec<usize> = edited.places.iter().map(|place| place.line).collect();
        let (before, after): (Vec<_>, Vec<_>) =
            (text.split('\n').collect(), edited.content.split('\n').collect());
        assert_eq!(before.len(), after.len());
        for (index, (old, new)) in before.iter().zip(&after).enumerate() {
            assert!(old == new || touched.contains(&(index + 1)), "line {}: {old:?} {new:?}", index + 1);
        }
    }
    if let [place] = &edited.places[..] {
        let same = text.bytes().zip(edited.content.bytes()).take_while(|(a, b)| a == b).count();
        let rest = |whole: &str, taken: usize| whole.len().saturating_sub(taken);
        let tail = (text.bytes().rev().zip(edited.content.bytes().rev()).take_while(|(a, b)| a == b).count())
            .min(rest(text, same))
            .min(rest(&edited.content, same));
        let (gone, come) = (text.len() - same - tail, edited.content.len() - same - tail);
        assert!(gone <= place.before.len() && come <= place.after.len(), "{place:?}: {gone} became {come}");
    }
}
