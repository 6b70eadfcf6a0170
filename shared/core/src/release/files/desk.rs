//! What one round of an update sees, still needs, has written and has to tell.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::{
    Change, Faults, Step,
    edit::{Edit, splice},
    fault::{Fault, Trouble},
};

pub(super) struct Desk<'a> {
    paths: &'a BTreeSet<String>,
    have: &'a BTreeMap<String, Option<String>>,
    written: BTreeMap<String, Written>,
    needs: BTreeSet<String>,
    warnings: Vec<String>,
    faults: Vec<Fault>,
}

struct Written {
    before: Option<String>,
    content: String,
}

impl<'a> Desk<'a> {
    pub fn new(paths: &'a BTreeSet<String>, have: &'a BTreeMap<String, Option<String>>) -> Self {
        let (written, needs) = (BTreeMap::new(), BTreeSet::new());
        Self { paths, have, written, needs, warnings: Vec::new(), faults: Vec::new() }
    }

    /// Whether the head has such a file.
    pub fn has(&self, path: &str) -> bool {
        self.have.get(path).map_or_else(|| self.paths.contains(path), Option::is_some)
    }

    /// The files called `name` below a folder, or in it.
    pub fn below(&self, folder: &str, name: &str) -> Vec<&'a str> {
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let inside = self.paths.range(start.clone()..).take_while(move |path| path.starts_with(&start));
        inside.map(String::as_str).filter(|path| super::path::name(path) == name).collect()
    }

    /// A file as it is now; `None` = there is none, or it has to be read first.
    pub fn read(&mut self, path: &str) -> Option<String> {
        if let Some(written) = self.written.get(path) {
            return Some(written.content.clone());
        }
        match self.have.get(path) {
            Some(content) => content.clone(),
            None => {
                self.ask(path);
                None
            }
        }
    }

    /// Has a file read with the others, for later.
    pub fn ask(&mut self, path: &str) {
        if !self.have.contains_key(path) && self.paths.contains(path) {
            self.needs.insert(path.to_owned());
        }
    }

    /// Changes a file. What stood at the first changed place is the version that it held.
    pub fn change(&mut self, path: &str, edits: &[Edit]) {
        let Some(text) = self.read(path) else { return };
        let edited = splice(&text, edits);
        if edited.content == text {
            return;
        }
        let first = edited.places.iter().find(|place| place.before != place.after);
        let before = first.map(|place| version_of(&place.before)).filter(|before| !before.is_empty());
        let written = self.written.entry(path.to_owned());
        written.or_insert(Written { before, content: String::new() }).content = edited.content;
    }

    /// What is wrong with a file: a fault where it was configured, else a warning.
    pub fn tell(&mut self, path: &str, trouble: Trouble, configured: bool) {
        if configured {
            self.faults.push(trouble.of(path));
        } else if !trouble.usual {
            self.warn(trouble.of(path).to_string());
        }
    }

    pub fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    pub fn end(self, to: &Version) -> Result<Step, Faults> {
        if !self.needs.is_empty() {
            return Ok(Step::Need(self.needs.into_iter().collect()));
        }
        if !self.faults.is_empty() {
            return Err(Faults(self.faults));
        }
        let after = to.to_string();
        let changes = self.written.into_iter().map(|(path, written)| {
            let Written { before, content } = written;
            Change { path, before, after: after.clone(), content }
        });
        Ok(Step::Done { changes: changes.collect(), warnings: self.warnings })
    }
}

/// A requirement's version, without its operator.
fn version_of(text: &str) -> String {
    let number = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    if number.is_empty() { text.to_owned() } else { number.to_owned() }
}
