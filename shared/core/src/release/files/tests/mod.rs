//! Before and after, per kind of file. In a text here `‹1.2.3›` is a place that must become the new version,
//! `‹1.2.3|x›` one that must become `x`; everything else must stay as it is.

mod cargo;
mod faults;
mod hostile;
mod kinds;
mod npm;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::*;

const FROM: &str = "1.2.3";
const TO: &str = "1.3.0";

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// The text before and after.
fn both(text: &str, to: &str) -> (String, String) {
    let (mut before, mut after) = (String::new(), String::new());
    for (index, part) in text.split(['‹', '›']).enumerate() {
        let (old, new) = match part.split_once('|') {
            _ if index % 2 == 0 => (part, part),
            Some(two) => two,
            None => (part, to),
        };
        before.push_str(old);
        after.push_str(new);
    }
    (before, after)
}

/// A repository by its files, as `both` reads them.
struct Repository {
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
}

impl Repository {
    fn new(files: &[(&str, &str)]) -> Self {
        let of = |which: fn((String, String)) -> String| {
            files.iter().map(|(path, text)| ((*path).to_owned(), which(both(text, TO)))).collect()
        };
        Self { before: of(|(before, _)| before), after: of(|(_, after)| after) }
    }

    /// Goes all rounds, as a plan does.
    fn update(&self, asked: &Asked<'_>) -> Result<(Vec<Change>, Vec<String>), Faults> {
        let paths: BTreeSet<String> = self.before.keys().cloned().collect();
        let mut have = BTreeMap::new();
        for _ in 0..10 {
            match update(asked, &paths, &have)? {
                Step::Done { changes, warnings } => return Ok((changes, warnings)),
                Step::Need(needs) => {
                    for path in needs {
                        assert!(!have.contains_key(&path), "{path} is asked for twice");
                        let content = self.before[&path].clone();
                        have.insert(path, Some(content));
                    }
                }
            }
        }
        panic!("it is never done");
    }

    /// The files that differ are those that should, and nothing is told but this.
    fn becomes(&self, asked: &Asked<'_>, told: &[&str]) {
        let (changes, warnings) = self.update(asked).unwrap();
        assert_eq!(warnings, told);
        let mut got = self.before.clone();
        for change in &changes {
            assert_eq!(change.after, asked.to.to_string());
            got.insert(change.path.clone(), change.content.clone());
        }
        for (path, wanted) in &self.after {
            assert_eq!(&got[path], wanted, "{path}");
        }
        let differing = self.after.iter().filter(|(path, text)| self.before[*path] != **text).count();
        assert_eq!(changes.len(), differing);
    }
}

impl Repository {
    fn becomes_nothing(&self, asked: &Asked<'_>) {
        assert_eq!(self.update(asked).unwrap(), (Vec::new(), Vec::new()));
    }
}

fn asked<'a>(folder: &'a str, from: &'a Version, to: &'a Version) -> Asked<'a> {
    Asked { folder, configured: None, apart: &[], from: Some(from), to }
}

fn named(path: &str) -> VersionFile {
    VersionFile { path: path.into(), kind: None, package: None, pointer: None, regex: None }
}
