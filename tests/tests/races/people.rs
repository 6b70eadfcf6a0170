//! What people do, and what came of it: a list that the sequential run repeats.

use crate::{
    schedule::{Act, Schedule},
    world::{REPO, World},
};

/// What a person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Merges, pushes and reverts, which move the target.
    Moved(Act),
    /// Merged this release branch's pull request, which was made on the target's commit of this position.
    Released { branch: String, base: usize, method: &'static str },
    /// Whatever leaves the target alone.
    Other(Act),
}

impl World {
    /// Does what a person does; `None` = there was nothing to do it to.
    pub fn act(&mut self, act: &Act, schedule: &Schedule) -> Option<Deed> {
        self.rules.note(format!("-- {act:?}"));
        match act {
            Act::Merge(index) => {
                let (pull, method) = (self.pulls[*index], schedule.features[*index].method);
                let merge = self.github.person("alice").merge(REPO, pull, method);
                self.merges.insert(*index, merge);
            }
            Act::Push { message, file } => {
                self.github.person("alice").commit(REPO, "main", message, &[(file, Some(message))]);
            }
            Act::Revert(index) => self.revert(*index, schedule),
            Act::Release { which, method } => return self.release(*which, method, schedule),
            Act::Note(number) => return self.noted(*number).then(|| Deed::Other(act.clone())),
            Act::Say(text) => {
                let pull = self.open().first()?["number"].as_u64().unwrap();
                self.github.person("alice").comment(REPO, pull, text);
                return Some(Deed::Other(act.clone()));
            }
        }
        self.moved();
        Some(Deed::Moved(act.clone()))
    }

    fn moved(&mut self) {
        let head = self.github.reference(REPO, "refs/heads/main").unwrap();
        self.rules.moved(head.as_str());
        self.mains.push(head);
        self.rules.check(&self.github, "what a person did");
    }

    fn revert(&self, index: usize, schedule: &Schedule) {
        let feature = &schedule.features[index];
        let title = feature.commits[0].lines().next().unwrap();
        let message = format!("Revert \"{title}\"\n\nThis reverts commit {}.", self.merges[&index]);
        let paths: Vec<String> =
            (0..feature.commits.len()).map(|part| format!("{}/{index}-{part}.txt", feature.folder)).collect();
        let gone: Vec<(&str, Option<&str>)> = paths.iter().map(|path| (path.as_str(), None)).collect();
        self.github.person("alice").commit(REPO, "main", &message, &gone);
    }

    /// Nobody merges a pull request that proposes what is released already: people wait until it is brought up to date.
    fn release(&mut self, which: usize, method: &'static str, schedule: &Schedule) -> Option<Deed> {
        let open = self.open();
        let pull = open.get(which % open.len().max(1))?;
        let (branch, head) = (pull["head"]["ref"].as_str().unwrap(), pull["head"]["sha"].as_str().unwrap());
        let base = self.base(head)?;
        let last = self.mains.len() - 1;
        let newest = self.released.last().copied().unwrap_or(0);
        if base < newest || (schedule.separate && base != last) {
            return None;
        }
        let deed = Deed::Released { branch: branch.to_owned(), base, method };
        self.merge(pull["number"].as_u64().unwrap(), method);
        Some(deed)
    }

    /// Merges the pull request of this branch.
    pub fn release_of(&mut self, branch: &str, method: &'static str) {
        let open = self.open();
        let pull = open.iter().find(|pull| pull["head"]["ref"] == branch);
        let pull = pull.unwrap_or_else(|| panic!("the sequential run has no pull request of {branch}"));
        self.merge(pull["number"].as_u64().unwrap(), method);
    }

    fn merge(&mut self, pull: u64, method: &'static str) {
        self.github.person("alice").merge(REPO, pull, method);
        self.released.push(self.mains.len());
        self.moved();
    }

    /// The position of the commit that a release branch's head was made on.
    pub fn base(&self, head: &str) -> Option<usize> {
        self.position(self.git(&["rev-parse", &format!("{head}^")])?.trim())
    }

    fn noted(&mut self, number: usize) -> bool {
        let Some(pull) = self.open().into_iter().next() else { return false };
        let number_of = pull["number"].as_u64().unwrap();
        let body = pull["body"].as_str().unwrap();
        let Some((before, after)) = body.split_once("is kept) -->\n") else { return false };
        let note = format!("Thanks to helper {number}!");
        let body = format!("{before}is kept) -->\n{note}\n{after}");
        self.github.person("alice").edit_body(REPO, number_of, &body);
        self.notes.push((number_of, note));
        true
    }
}
