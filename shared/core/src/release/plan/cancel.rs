//! Reverts: what they name counts no more, and neither do they. A revert that is reverted itself takes nothing back.

use std::collections::HashMap;

use super::changes::{Change, first_line};
use crate::release::{Sha, message::bare};

/// Marks what is taken back among the changes (newest first), and the reverts whose work that was.
pub(super) fn reverts(changes: &mut [Change]) {
    let names = Names::of(changes);
    for index in 0..changes.len() {
        let change = &changes[index];
        if change.out.is_some() || change.message.reverts.is_empty() {
            continue;
        }
        let (found, all) = names.find(changes, index);
        let Some(oldest) = found.last() else { continue };
        let by = changes[index].commit.sha.short().to_owned();
        let taken = changes[*oldest].commit.sha.short().to_owned();
        for target in found {
            changes[target].out.get_or_insert_with(|| format!("reverted by {by}"));
        }
        let first = first_line(&changes[index].commit);
        let only = changes[index].message.kind.as_deref() == Some("revert") || first.starts_with("Reapply ");
        if only && all {
            changes[index].out = Some(format!("takes back {taken}: neither counts"));
        }
    }
}

/// By what a revert may name a change.
struct Names {
    ids: Vec<(Sha, usize)>,
    pulls: HashMap<u64, Vec<usize>>,
    lines: HashMap<String, Vec<usize>>,
}

impl Names {
    fn of(changes: &[Change]) -> Self {
        let mut ids: Vec<(Sha, usize)> =
            changes.iter().enumerate().map(|(index, change)| (change.commit.sha.clone(), index)).collect();
        ids.sort();
        let (mut pulls, mut lines) =
            (HashMap::<u64, Vec<usize>>::new(), HashMap::<String, Vec<usize>>::new());
        for (index, change) in changes.iter().enumerate() {
            if let Some(pull) = &change.commit.pull {
                pulls.entry(pull.number).or_default().push(index);
            }
            for line in Self::lines(change) {
                let known = lines.entry(line).or_default();
                if known.last() != Some(&index) {
                    known.push(index);
                }
            }
        }
        Self { ids, pulls, lines }
    }

    /// The first line, with and without its pull request, and what it describes.
    fn lines(change: &Change) -> [String; 3] {
        let line = first_line(&change.commit);
        [line.to_owned(), bare(line).to_owned(), bare(&change.message.description).to_owned()]
    }

    /// What the revert names among the older changes, and whether that is all that it names.
    fn find(&self, changes: &[Change], revert: usize) -> (Vec<usize>, bool) {
        let message = &changes[revert].message;
        let (mut found, mut all) = (Vec::new(), true);
        for name in &message.reverts {
            let named = self.named(changes, revert, name);
            all &= !named.is_empty();
            found.extend(named);
        }
        if found.is_empty() && message.kind.as_deref() == Some("revert") {
            // The id may be that of another branch: a squash or a rebase gives new ones.
            found = self.by_line(changes, revert, &message.description);
            all = !found.is_empty();
        }
        found.sort_unstable();
        found.dedup();
        (found, all)
    }

    fn named(&self, changes: &[Change], revert: usize, name: &str) -> Vec<usize> {
        let older = |index: &usize| *index > revert;
        if let Some(number) = name.strip_prefix('#').and_then(|digits| digits.parse::<u64>().ok()) {
            return self.pulls.get(&number).into_iter().flatten().copied().filter(older).collect();
        }
        let is_id = name.len() >= 7 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_id {
            return self.by_line(changes, revert, name);
        }
        let begin = self.ids.partition_point(|(sha, _)| sha.as_str() < name);
        let same = self.ids[begin..].iter().take_while(|(sha, _)| sha.as_str().starts_with(name));
        let found: Vec<usize> = same.map(|(_, index)| *index).filter(older).collect();
        let Some(merge) = found.iter().find(|index| changes[**index].commit.parents > 1) else {
            return found;
        };
        // A reverted merge takes back all that it brought.
        let pull = changes[*merge].commit.pull.as_ref().and_then(|pull| self.pulls.get(&pull.number));
        let brought = pull.into_iter().flatten().copied().filter(|index| *index >= *merge);
        found.iter().copied().chain(brought).collect()
    }

    /// The newest older change with this first line that still stands.
    fn by_line(&self, changes: &[Change], revert: usize, line: &str) -> Vec<usize> {
        let known = self.lines.get(line).or_else(|| self.lines.get(bare(line)));
        let stands = |index: &&usize| **index > revert && changes[**index].out.is_none();
        let Some(found) = known.into_iter().flatten().find(stands).copied() else { return Vec::new() };
        let sha = &changes[found].commit.sha;
        (found..changes.len()).take_while(|index| changes[*index].commit.sha == *sha).collect()
    }
}
